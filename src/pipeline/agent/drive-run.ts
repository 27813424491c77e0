/** The loop: round by round the model is asked, what its key lets the gateway run is run, until there is an answer or something for the caller to do. */

import type { AssistantPart, ChatMessage, StopReason, ToolCallPart } from '../../contracts/chat.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { RunEnd } from '../../contracts/runs.ts';
import type { AgentHints } from '../../domain/agent/agent-rules.ts';
import { boundReached } from '../../domain/agent/bound-reached.ts';
import type { RunWait, ToolMessage } from '../../domain/agent/put-back.ts';
import type { KeepWaiting } from './keep-waiting.ts';
import { type LiveRun, spentOf, tell } from './live-run.ts';
import { playRound, type Round, type RoundDeps } from './play-round.ts';
import { runTools, type ToolDeps, type ToolEnd } from './run-tools.ts';

/** The tool that a call of a model is about. */
export interface RunTool {
  readonly serverId: string;
  readonly name: string;
  readonly hints: AgentHints;
  /** It looks for tools, and does nothing. */
  readonly isSearch: boolean;
}

export interface DriveDeps extends RoundDeps, ToolDeps {
  readonly enter: RoundDeps['enter'] & ToolDeps['enter'];
  /** The tool behind a name that went along with this call; undefined: there is none any more. */
  readonly toolOf: (round: Round, part: ToolCallPart) => RunTool | undefined;
  readonly waiting: KeepWaiting;
}

/** How a run came to rest. */
export interface RunRest {
  readonly round: Round;
  /** What its caller is to see of the last round. */
  readonly parts: readonly AssistantPart[];
  readonly stop: StopReason;
  readonly state: 'done' | 'waiting';
  readonly end: RunEnd | undefined;
  /** What the gateway says besides. */
  readonly portcullis: JsonObject;
}

/** Longer contents of results are told in part; the model was told all. */
const MAX_TOLD_CHARS = 20_000;

/** Throws what ended it otherwise; then it is not written down yet. */
export async function driveRun(deps: DriveDeps, run: LiveRun): Promise<RunRest> {
  for (;;) {
    await tell(run, 'round.started', { round: run.rounds + 1 });
    const round = await playRound(deps, run);
    const calls = round.parts.filter((part) => part.type === 'tool-call');
    const isHidden = run.hidden.length > 0 || run.waits.length > 0;
    const may = new Set(calls.filter((part) => mayRun(deps, run, round, part)));
    const isMixed = may.size < calls.length;
    // Without a memory there is nobody to put the results back beside what ran: then it is the caller's as a whole.
    const leavesAll = may.size === 0 || (isMixed && !isHidden && deps.waiting.refusal() !== undefined);
    if (calls.length === 0 || (leavesAll && !isHidden)) return rest(run, round, round.parts, 'answered');
    const reached = boundReached(run.rules, spentOf(run, deps.monotonicMs()), leavesAll ? 0 : may.size);
    if (reached !== undefined) return rest(run, round, withoutCalls(round.parts), reached);
    if (isMixed && deps.waiting.refusal() !== undefined) throw cannotWait(deps.waiting.refusal() ?? '');

    const runnable = calls.filter((part) => may.has(part));
    run.calls += runnable.length;
    const ends = await runTools(deps, run, runnable, (part) => refOf(round, part));
    const answered = ends.flatMap((end) => (end.type === 'answered' ? [end] : []));
    run.executed.push(
      ...answered.map(({ part: { id, name, arguments: args }, result: { text, isError } }) => ({
        ...{ id, name, arguments: args, isError, content: text.slice(0, MAX_TOLD_CHARS) },
      })),
    );
    const said: ChatMessage = { role: 'assistant', parts: round.parts };
    const late = ends.filter((end) => end.type === 'pending');
    const canWait = deps.waiting.refusal() === undefined;
    const results = [...answered.map(messageOf), ...(canWait ? [] : late.map(({ part }) => lateMessage(part)))];
    const pending = calls.filter(({ id }) => !results.some(({ callId }) => callId === id));
    if (pending.length > 0) return await wait(deps, run, round, { said, results, pending, late });
    run.messages = [...run.messages, said, ...inOrder(results, calls)];
    run.hidden = [...run.hidden, said, ...inOrder(results, calls)];
    await run.record.write(figuresOf(run));
  }
}

interface Waiting {
  readonly said: ChatMessage;
  readonly results: readonly ToolMessage[];
  readonly pending: readonly ToolCallPart[];
  readonly late: readonly Extract<ToolEnd, { type: 'pending' }>[];
}

async function wait(deps: DriveDeps, run: LiveRun, round: Round, { said, results, pending, late }: Waiting) {
  const ids = pending.map(({ id }) => id);
  const place: RunWait = { pending: ids, hidden: [...run.hidden, said], results };
  const problem = await deps.waiting.keep(run.record, [...run.waits, place], ids, figuresOf(run));
  if (problem !== undefined) throw cannotWait(problem);
  const parts = round.parts.filter((part) => part.type !== 'tool-call' || ids.includes(part.id));
  const approvals = Object.fromEntries(late.map(({ part, approvalId }) => [part.id, approvalId]));
  return rest(run, round, parts, undefined, { ...(late.length > 0 && { approvals }) });
}

function cannotWait(reason: string): GatewayError {
  return new GatewayError('run_conflict', `the model called tools that its caller has to run, and ${reason}`);
}

function rest(
  run: LiveRun,
  round: Round,
  parts: readonly AssistantPart[],
  end: RunEnd | undefined,
  more: JsonObject = {},
): RunRest {
  const calls = parts.flatMap((part) => (part.type === 'tool-call' ? [part.id] : []));
  const suggestions = round.call.facts.suggestions?.filter(({ toolCallId }) => calls.includes(toolCallId ?? ''));
  const isCut = end !== undefined && end !== 'answered';
  const left = isCut ? round.parts.filter((part) => part.type === 'tool-call') : [];
  const state = end === undefined ? 'waiting' : 'done';
  return {
    ...{ round, parts, state, end },
    // What is cut off by a bound says so in the words every dialect has for that.
    stop: isCut ? 'max-tokens' : calls.length > 0 ? 'tool-calls' : round.stop,
    portcullis: {
      run: { id: run.parent.runId, state, ...(end !== undefined && { end }), rounds: run.rounds, calls: run.calls },
      executed: run.executed,
      ...(calls.length > 0 && { pending: calls }),
      ...(suggestions !== undefined && suggestions.length > 0 && { suggestions }),
      ...(left.length > 0 && { notRun: left.map(({ id, name }) => ({ id, name })) }),
      ...more,
    },
  };
}

export function figuresOf(run: LiveRun) {
  return {
    ...{ rounds: run.rounds, calls: run.calls, costMicroUsd: run.costMicroUsd ?? 0 },
    ...{ inputTokens: run.usage?.inputTokens ?? 0, outputTokens: run.usage?.outputTokens ?? 0 },
  };
}

function mayRun(deps: DriveDeps, run: LiveRun, round: Round, part: ToolCallPart): boolean {
  const tool = part.custom === true || part.namespace !== undefined ? undefined : deps.toolOf(round, part);
  if (tool?.isSearch === true) return true;
  return tool !== undefined && run.rules.hindranceOf(tool.serverId, tool.name, tool.hints) === undefined;
}

/** In the ledger, where it was written down. */
function refOf({ call }: Round, part: ToolCallPart) {
  const noted = call.facts.suggestions?.find(({ toolCallId }) => toolCallId === part.id);
  return noted && { type: 'id' as const, id: noted.id };
}

const withoutCalls = (parts: readonly AssistantPart[]): readonly AssistantPart[] =>
  parts.filter(({ type }) => type !== 'tool-call');

function messageOf({ part, result }: Extract<ToolEnd, { type: 'answered' }>): ToolMessage {
  return {
    ...{ role: 'tool', callId: part.id, name: part.name, parts: [{ type: 'text', text: result.text }] },
    ...(result.isError && { isError: true }),
  };
}

function lateMessage(part: ToolCallPart): ToolMessage {
  const text = 'Nobody approved this call in time';
  return { role: 'tool', callId: part.id, name: part.name, parts: [{ type: 'text', text }], isError: true };
}

function inOrder(results: readonly ToolMessage[], calls: readonly ToolCallPart[]): readonly ToolMessage[] {
  return calls.flatMap(({ id }) => results.find(({ callId }) => callId === id) ?? []);
}
