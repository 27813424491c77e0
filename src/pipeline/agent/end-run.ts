/** How a run is over: what its caller is told, and what is left in the store and the trail. */

import { ERRORS, type ErrorCode, GatewayError } from '../../contracts/errors.ts';
import type { RunEnd, RunState } from '../../contracts/runs.ts';
import type { SuggestionStore } from '../../contracts/suggestions.ts';
import type { ResultClass, Trail } from '../../contracts/trail.ts';
import { callerOf } from '../grants.ts';
import { figuresOf } from './drive-run.ts';
import type { LiveRun } from './live-run.ts';
import type { NestedDeps } from './nested-call.ts';

export interface EndDeps extends NestedDeps {
  readonly trail: Pick<Trail, 'record'>;
  readonly suggestions: SuggestionStore | undefined;
}

/** Of one that does not wait: the last word in the store, and a row in the trail. */
export async function endRun(deps: EndDeps, run: LiveRun, state: RunState, end: RunEnd): Promise<void> {
  const { call, runId } = run.parent;
  const caller = callerOf(call);
  const id = deps.newId();
  const result: ResultClass = state === 'done' ? 'ok' : state === 'cancelled' ? 'cancelled' : 'failed';
  deps.trail.record(
    {
      ...{ id, parentId: call.id, traceId: call.facts.traceId ?? '', atMs: deps.now(), kind: 'run.ended', runId },
      ...{ surface: 'models', keyId: caller.keyId, keyName: caller.keyName, serverId: undefined, name: call.name },
      ...{ target: undefined, client: call.peer.info, arguments: JSON.stringify({ end, ...figuresOf(run) }) },
    },
    {
      ...{ id, result, error: end === 'answered' ? undefined : end, resultBytes: 0, upstreamMs: 0 },
      totalMs: deps.monotonicMs() - run.startedMs,
    },
  );
  if (end === 'cancelled') await withdrawAll(deps, runId);
  await run.record.write({ ...figuresOf(run), state, end, pending: [], sealedState: undefined });
}

/** What nobody carried out by then, nobody is to. */
async function withdrawAll({ suggestions, now }: EndDeps, runId: string): Promise<void> {
  for (const { id, state } of (await suggestions?.ofRun(runId)) ?? [])
    if (state === 'open') await suggestions?.withdraw(id, now());
}

/** Why it ended: what was thrown, unless something from outside came before. */
export function endOf(run: LiveRun, error: unknown): { readonly state: RunState; readonly end: RunEnd } {
  if (run.why === 'cancelled' || run.why === 'disconnected') return { state: 'cancelled', end: run.why };
  if (run.why !== undefined) return { state: 'failed', end: run.why };
  const isSpent = error instanceof GatewayError && error.code === 'budget_exceeded';
  return { state: 'failed', end: isSpent ? 'budget' : 'error' };
}

/** What its caller is told: every error of a run says of which. */
export function errorOf(run: LiveRun, error: unknown): unknown {
  const told = run.why === undefined ? undefined : TOLD[run.why];
  const data = { run: run.parent.runId, rounds: run.rounds, calls: run.calls };
  if (told !== undefined) return new GatewayError(told.code, told.words, { data, cause: error });
  if (!(error instanceof GatewayError)) return error;
  const { text } = ERRORS[error.code];
  const detail = error.message.startsWith(`${text}: `) ? error.message.slice(text.length + 2) : undefined;
  return new GatewayError(error.code, detail, { data: { ...error.data, ...data }, cause: error.cause });
}

const TOLD: { readonly [end in RunEnd]?: { readonly code: ErrorCode; readonly words: string } } = {
  cancelled: { code: 'cancelled', words: 'somebody ended the run' },
  disconnected: { code: 'cancelled', words: 'nobody waits for the run any more' },
  'max-duration': { code: 'provider_timeout', words: 'the run took longer than it may' },
  lost: { code: 'run_conflict', words: 'it is not this process that drives it any more' },
};
