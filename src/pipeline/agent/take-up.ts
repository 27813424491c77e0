/** Finds the run that a request goes on with, and takes it up for this process alone; or begins one. */

import type { ChatMessage } from '../../contracts/chat.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { AgentRun, RunStore } from '../../contracts/runs.ts';
import { broughtResults, putBack, type RunWait } from '../../domain/agent/put-back.ts';
import { callerOf } from '../grants.ts';
import type { KeepWaiting } from './keep-waiting.ts';
import type { ChatCall } from './nested-call.ts';
import { leaseFrom } from './run-record.ts';

export interface TakenUp {
  /** As it stands in the store now, if there is one. */
  readonly run: AgentRun;
  readonly messages: readonly ChatMessage[];
  readonly waits: readonly RunWait[];
  /** As it was while it waited; undefined: it begins now. */
  readonly before: AgentRun | undefined;
}

export interface TakeUpDeps {
  readonly runs: RunStore | undefined;
  readonly waiting: KeepWaiting;
  readonly now: () => number;
}

/** Throws GatewayError `unknown_run` and `run_conflict`. */
export async function takeUp(deps: TakeUpDeps, call: ChatCall): Promise<TakenUp> {
  const { messages } = call.model.chat();
  const run = await findRun(deps, call, messages);
  return run === undefined ? begin(deps, call, messages) : goOn(deps, run, messages);
}

async function findRun(
  { runs }: TakeUpDeps,
  call: ChatCall,
  messages: readonly ChatMessage[],
): Promise<AgentRun | undefined> {
  const { keyId } = callerOf(call);
  const { runId } = call.model.wishes;
  if (runId === undefined) {
    const brought = broughtResults(messages);
    return brought.length === 0 ? undefined : runs?.findWaiting(keyId, brought);
  }
  const run = await runs?.find(runId);
  // Another key's is none.
  if (run === undefined || run.keyId !== keyId) throw new GatewayError('unknown_run', runId);
  if (run.state === 'waiting') return run;
  // One that is over is named by whoever repeats the header; results for it come too late.
  if (run.state !== 'running' && (run.state === 'done' || broughtResults(messages).length === 0)) return undefined;
  throw new GatewayError('run_conflict', `it is ${run.state}`, { data: { run: run.id } });
}

async function begin({ runs, now }: TakeUpDeps, call: ChatCall, messages: readonly ChatMessage[]): Promise<TakenUp> {
  const caller = callerOf(call);
  const nowMs = now();
  const run: AgentRun = {
    ...{ id: call.id, keyId: caller.keyId, keyName: caller.keyName, model: call.name, dialect: call.model.dialect },
    userId: caller.levels?.find(({ type }) => type === 'user')?.id,
    ...{ state: 'running', end: undefined, startedAtMs: nowMs, updatedAtMs: nowMs, expiresAtMs: nowMs },
    ...{ rounds: 0, calls: 0, inputTokens: 0, outputTokens: 0, costMicroUsd: 0, pending: [], sealedState: undefined },
    ...{ leaseUntilMs: leaseFrom(nowMs), cancelRequested: false, version: 1 },
  };
  await runs?.add(run);
  return { run, messages, waits: [], before: undefined };
}

async function goOn(
  { runs, waiting, now }: TakeUpDeps,
  before: AgentRun,
  messages: readonly ChatMessage[],
): Promise<TakenUp> {
  const conflict = (reason: string): GatewayError =>
    new GatewayError('run_conflict', reason, { data: { run: before.id, pending: before.pending } });
  const nowMs = now();
  if (before.expiresAtMs <= nowMs) throw conflict('its time is over');
  const waits = waiting.open(before);
  if (waits === undefined) throw conflict('what it was cannot be opened any more');
  const put = putBack(messages, waits);
  if (put.type === 'conflict') throw conflict(put.reason);
  const run: AgentRun = {
    ...{ ...before, state: 'running', pending: [], sealedState: undefined },
    ...{ updatedAtMs: nowMs, leaseUntilMs: leaseFrom(nowMs) },
  };
  if ((await runs?.replace(run, before.version)) !== true) throw conflict('somebody else goes on with it');
  return { run: { ...run, version: before.version + 1 }, messages: put.messages, waits, before };
}
