/** Runs the calls of one round that need no caller: each is an ordinary call of a tool, some at the same time. */

import type { ApprovalStore } from '../../contracts/approvals.ts';
import type { Gateway } from '../../contracts/call.ts';
import type { ToolCallPart } from '../../contracts/chat.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { SuggestionRef } from '../../contracts/suggestions.ts';
import { readToolResult, type ToolResultText } from '../../domain/agent/tool-result.ts';
import { isObject } from '../../lib/is-object.ts';
import { waitForNews } from '../../lib/wait-for-news.ts';
import { type LiveRun, tell } from './live-run.ts';
import { type NestedDeps, toolCall } from './nested-call.ts';

export interface ToolDeps extends NestedDeps {
  readonly enter: Pick<Gateway, 'call'>;
  readonly approvals: ApprovalStore | undefined;
  /** How long a person is waited for. */
  readonly approvalWaitMs: number;
}

export type ToolEnd =
  | { readonly type: 'answered'; readonly part: ToolCallPart; readonly result: ToolResultText }
  /** It asks for an approval that nobody gave in time. */
  | { readonly type: 'pending'; readonly part: ToolCallPart; readonly approvalId: string };

const MAX_PARALLEL = 8;
/** A person who approves over and over what changes over and over. */
const MAX_APPROVALS = 3;

/** In the order of `parts`. Throws once the run is to end: nobody wants the answers then. */
export async function runTools(
  deps: ToolDeps,
  run: LiveRun,
  parts: readonly ToolCallPart[],
  refOf: (part: ToolCallPart) => SuggestionRef | undefined,
): Promise<readonly ToolEnd[]> {
  const ends: ToolEnd[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < parts.length; i = next++) {
      const part = parts[i];
      if (part === undefined || run.parent.signal.aborted) return;
      ends[i] = await runTool(deps, run, part, refOf(part));
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_PARALLEL, parts.length) }, work));
  if (run.parent.signal.aborted) throw new GatewayError('cancelled');
  return ends;
}

async function runTool(
  deps: ToolDeps,
  run: LiveRun,
  part: ToolCallPart,
  ref: SuggestionRef | undefined,
): Promise<ToolEnd> {
  const startedMs = deps.monotonicMs();
  await tell(run, 'tool.started', { id: part.id, name: part.name });
  const end = await callTool(deps, run, part, ref);
  if (end.type === 'answered') {
    const durationMs = Math.round(deps.monotonicMs() - startedMs);
    await tell(run, 'tool.finished', { id: part.id, name: part.name, isError: end.result.isError, durationMs });
  }
  return end;
}

/** What the model is told of a tool that gave no answer. */
const failed = (part: ToolCallPart, text: string): ToolEnd => ({
  ...{ type: 'answered', part },
  result: { text, isError: true },
});

async function callTool(
  deps: ToolDeps,
  run: LiveRun,
  part: ToolCallPart,
  first: SuggestionRef | undefined,
): Promise<ToolEnd> {
  const value = readArguments(part.arguments);
  if (value === undefined) return failed(part, 'The arguments are not a JSON object');
  let ref = first;
  let made: Pick<ToolCallPart, 'name' | 'arguments'> = part;
  let args: { readonly [name: string]: unknown } = value;
  for (let approvals = 0; ; approvals++) {
    const call = toolCall(deps, run.parent, made, args, ref);
    try {
      const outcome = await deps.enter.call(call);
      const { suspended } = call.facts;
      if (
        suspended !== undefined &&
        approvals < MAX_APPROVALS &&
        (await scriptMayGoOn(deps, run, part, suspended.approvals))
      ) {
        args = { resume: suspended.executionId };
        made = { name: part.name, arguments: JSON.stringify(args) };
        ref = undefined;
        continue;
      }
      return { type: 'answered', part, result: readToolResult(outcome.type, outcome.text) };
    } catch (error) {
      if (run.parent.signal.aborted) throw error;
      // What is no refusal is a mistake of ours: the model cannot do anything about it.
      if (!(error instanceof GatewayError)) throw error;
      const asked = approvals < MAX_APPROVALS ? askedOf(error) : undefined;
      if (deps.approvals === undefined || asked === undefined) return failed(part, error.message);
      await tell(run, 'approval.awaited', { id: part.id, name: part.name, ...asked });
      const approval = await waitForNews(deps.approvals, asked.approval, {
        isOver: ({ state }) => state !== 'pending',
        ...{ timeoutMs: deps.approvalWaitMs, signal: run.parent.signal },
      });
      if (run.parent.signal.aborted) throw error;
      if (approval?.state === 'pending') return { type: 'pending', part, approvalId: asked.approval };
      await tell(run, 'approval.decided', {
        id: part.id,
        approval: asked.approval,
        state: approval?.state ?? 'expired',
      });
      if (approval?.state !== 'approved') return failed(part, wordsOf(approval?.votes.at(-1)?.reason));
      ref = { type: 'id', id: asked.suggestion };
    } finally {
      const { priceMicroUsd, nestedMicroUsd } = call.facts;
      for (const cost of [priceMicroUsd, nestedMicroUsd])
        if (cost !== undefined) run.costMicroUsd = (run.costMicroUsd ?? 0) + cost;
    }
  }
}

/** A script that waits for persons: false if one of them has not decided in time. */
async function scriptMayGoOn(deps: ToolDeps, run: LiveRun, part: ToolCallPart, ids: readonly string[]) {
  const { approvals } = deps;
  if (approvals === undefined) return false;
  for (const approval of ids) await tell(run, 'approval.awaited', { id: part.id, name: part.name, approval });
  const decided = await Promise.all(
    ids.map((id) =>
      waitForNews(approvals, id, {
        isOver: ({ state }) => state !== 'pending',
        ...{ timeoutMs: deps.approvalWaitMs, signal: run.parent.signal },
      }),
    ),
  );
  for (const [i, approval] of decided.entries())
    await tell(run, 'approval.decided', { id: part.id, approval: ids[i] ?? '', state: approval?.state ?? 'expired' });
  return decided.every((approval) => approval !== undefined && approval.state !== 'pending');
}

function wordsOf(reason: string | undefined): string {
  return reason === undefined ? 'A person did not approve this call' : `A person did not approve this call: ${reason}`;
}

function askedOf(error: GatewayError): { readonly approval: string; readonly suggestion: string } | undefined {
  const { approvalId, suggestionId } = error.data ?? {};
  if (error.code !== 'approval_required' || typeof approvalId !== 'string' || typeof suggestionId !== 'string')
    return undefined;
  return { approval: approvalId, suggestion: suggestionId };
}

function readArguments(text: string): { readonly [name: string]: unknown } | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
