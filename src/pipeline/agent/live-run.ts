/** A run while it is driven: what it was told and has used so far, and how it speaks to whoever reads its stream. */

import type { ChatEvent, ChatMessage, Usage } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { RunEnd } from '../../contracts/runs.ts';
import type { CompiledAgentRules } from '../../domain/agent/agent-rules.ts';
import type { RunWait } from '../../domain/agent/put-back.ts';
import type { ChatCall, Parent } from './nested-call.ts';
import type { RunRecord } from './run-record.ts';

/** What the gateway ran itself, as answers tell it. */
export interface Executed {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
  readonly isError: boolean;
  readonly content: string;
}

/** Speaks into a stream. */
export interface RunVoice {
  push(events: readonly ChatEvent[]): Promise<void>;
  pushIfIdle(events: readonly ChatEvent[]): void;
  hasBegun: boolean;
  /** Parts shown so far. */
  parts: number;
}

export interface LiveRun {
  readonly parent: Parent<ChatCall>;
  readonly rules: CompiledAgentRules;
  readonly record: RunRecord;
  /** Undefined: the answer is wanted whole. */
  readonly voice: RunVoice | undefined;
  /** Monotonic, when this request took it up. */
  readonly startedMs: number;
  /** Until all has to be over, from `startedMs`. */
  readonly durationMs: number;
  /** All the model is told in the next round. */
  messages: readonly ChatMessage[];
  /** Of those, rounds that the caller has not seen since it last brought results. */
  hidden: readonly ChatMessage[];
  /** Earlier places at which it waited. */
  waits: readonly RunWait[];
  rounds: number;
  calls: number;
  usage: Usage | undefined;
  /** Undefined: nobody knows a price. */
  costMicroUsd: number | undefined;
  readonly executed: Executed[];
  /** What ended it from outside; undefined: nothing has. */
  why: RunEnd | undefined;
  /** The call of the round that is under way, or was last. */
  round: ChatCall | undefined;
}

/** Tells something besides the answer, once that has begun: what fails before is an error, and no stream. */
export function tell(run: LiveRun, type: string, value: JsonObject = {}): Promise<void> | undefined {
  if (run.voice?.hasBegun !== true) return undefined;
  return run.voice.push([{ type: 'portcullis', value: { type, run: run.parent.runId, ...value } }]);
}

/** Sign of life, so that nobody between us and the caller takes a tool that works for a dead connection. */
export function tellAlive(run: LiveRun): void {
  if (run.voice?.hasBegun === true)
    run.voice.pushIfIdle([{ type: 'portcullis', value: { type: 'alive', run: run.parent.runId } }]);
}

export function spentOf(run: LiveRun, nowMs: number) {
  return {
    ...{ rounds: run.rounds, calls: run.calls, elapsedMs: nowMs - run.startedMs },
    tokens: (run.usage?.inputTokens ?? 0) + (run.usage?.outputTokens ?? 0),
    costMicroUsd: run.costMicroUsd ?? 0,
  };
}
