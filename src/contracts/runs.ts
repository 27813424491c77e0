/** Runs: a model and its tools over several rounds, driven by the gateway (agent mode). */

import type { ChatDialect } from './chat.ts';
import type { ChangeOrigin } from './objects.ts';

/** `waiting`: its caller has to bring results, or a person an approval. */
export type RunState = 'running' | 'waiting' | 'done' | 'failed' | 'cancelled';

/** Which bound ended a run, or what else did. */
export type RunEnd =
  | 'answered'
  | 'max-rounds'
  | 'max-calls'
  | 'max-tokens'
  | 'max-cost'
  | 'max-duration'
  | 'budget'
  | 'error'
  | 'cancelled'
  | 'disconnected'
  | 'lost';

export interface AgentRun {
  /** Id of its first call. */
  readonly id: string;
  readonly keyId: string;
  readonly keyName: string;
  readonly userId: string | undefined;
  /** As the caller asked for it. */
  readonly model: string;
  readonly dialect: ChatDialect;
  readonly state: RunState;
  readonly end: RunEnd | undefined;
  readonly startedAtMs: number;
  readonly updatedAtMs: number;
  /** When what it waits for can no longer be brought. */
  readonly expiresAtMs: number;
  readonly rounds: number;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costMicroUsd: number;
  /** Ids of calls of tools that its caller has to bring results for. */
  readonly pending: readonly string[];
  /** What it needs to go on, sealed, bound to its id. Undefined: nothing to go on with, or too long. */
  readonly sealedState: string | undefined;
  /** The process that drives it says so every few seconds; one that says nothing any more has lost it. */
  readonly leaseUntilMs: number;
  readonly cancelRequested: boolean;
  readonly version: number;
}

export interface RunFilter {
  readonly state?: RunState | undefined;
  readonly keyId?: string | undefined;
  readonly afterId?: string | undefined;
  readonly limit: number;
}

/** Port: where runs are kept. */
export interface RunStore extends AsyncDisposable {
  add(run: AgentRun): Promise<void>;
  find(id: string): Promise<AgentRun | undefined>;
  /** The one of this key that waits for a result of this call of a tool. */
  findWaiting(keyId: string, toolCallIds: readonly string[]): Promise<AgentRun | undefined>;
  /** Newest first. After an id that is gone: nothing. */
  list(filter: RunFilter): Promise<readonly AgentRun[]>;
  /**
   * Puts `next` in place of the version it was made from, as the version after it. Keeps `cancelRequested` of what is there; one
   * that is to be cancelled does not begin to wait, but is `cancelled`. False: somebody else changed it in between, nothing was written.
   */
  replace(next: AgentRun, expectedVersion: number): Promise<boolean>;
  /** True: it was running or waiting. Who drives it hears by `onChange`, and its version stays; one that waits is cancelled at once. */
  requestCancel(id: string, nowMs: number): Promise<boolean>;
  /** Running ones whose lease is over become `failed` with end `lost`; returns them, each to one caller only. */
  reap(nowMs: number, limit: number): Promise<readonly AgentRun[]>;
  /** Removes what ended, or waited in vain, before then; at most 500 a time. Returns how many went. */
  prune(beforeMs: number): Promise<number>;
  /** As in `ApprovalStore`. */
  onChange(listener: (id: string) => void): () => void;
}

/** What a key's model may have done by the gateway itself, and how much of it. */
export interface AgentRules {
  /** `on`: whenever tools are injected, unless a request says no; `off`: where a request asks (`x-portcullis-agent: on`). Default off. */
  readonly mode: 'on' | 'off';
  /** Patterns as in a grant over tools that need no caller. Default none. */
  readonly auto: readonly string[];
  /** What a tool must be besides, by its annotations and the operator's overrides; all of them. Default none. */
  readonly onlyIf: readonly ('readOnly' | 'idempotent' | 'notDestructive' | 'closedWorld')[];
  /** Calls of the model. Default 10. */
  readonly maxRounds: number;
  /** Calls of tools. Default 50. */
  readonly maxCalls: number;
  /** Input and output over all rounds; undefined: no bound. */
  readonly maxTokens?: number | undefined;
  readonly maxCostMicroUsd?: number | undefined;
  /** Default 600,000. */
  readonly maxDurationMs: number;
}

/** What happened in a run or a conversation, in its order. Calls within calls name theirs in `parentId`. */
export type TimelineEntry =
  | {
      readonly type: 'round';
      readonly atMs: number;
      /** From 1. */
      readonly round: number;
      readonly callId: string;
      /** `provider/model` that answered, or was meant to. */
      readonly model: string | undefined;
      readonly inputTokens: number | undefined;
      readonly outputTokens: number | undefined;
      readonly microUsd: number | undefined;
      readonly durationMs: number | undefined;
      readonly stop: string | undefined;
      /** Undefined: it is under way. */
      readonly result: string | undefined;
      readonly error: string | undefined;
    }
  | {
      readonly type: 'suggested';
      readonly atMs: number;
      readonly suggestionId: string;
      /** Call of the model, or of the client, it came from. */
      readonly callId: string;
      /** As the caller knows the tool. */
      readonly name: string;
      readonly verdict: string;
      readonly state: string;
    }
  | {
      readonly type: 'asked';
      readonly atMs: number;
      readonly approvalId: string;
      readonly suggestionId: string;
      readonly name: string;
      readonly rule: string;
      readonly message: string | undefined;
      readonly expiresAtMs: number;
      readonly state: string;
    }
  | {
      readonly type: 'voted';
      readonly atMs: number;
      readonly approvalId: string;
      readonly vote: 'approve' | 'reject';
      /** Name of who voted. */
      readonly by: string;
      readonly via: string;
      readonly reason: string | undefined;
      /** Other arguments are sent than were asked for. */
      readonly isEdited: boolean;
    }
  | {
      readonly type: 'executed';
      readonly atMs: number;
      readonly callId: string;
      readonly parentId: string | undefined;
      readonly suggestionId: string | undefined;
      readonly serverId: string | undefined;
      readonly name: string;
      /** As in `CallFacts`. */
      readonly authority: string | undefined;
      readonly durationMs: number | undefined;
      readonly resultBytes: number | undefined;
      readonly microUsd: number | undefined;
      readonly result: string | undefined;
      readonly error: string | undefined;
    }
  | { readonly type: 'ended'; readonly atMs: number; readonly state: RunState; readonly end: RunEnd | undefined };

export interface RunTimeline {
  readonly id: string;
  /** Undefined: a conversation in which the caller carried out what was suggested. */
  readonly run: RunSummary | undefined;
  readonly keyName: string | undefined;
  readonly rounds: number;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly microUsd: number;
  readonly entries: readonly TimelineEntry[];
}

/** A run as people see it. */
export type RunSummary = Omit<AgentRun, 'sealedState' | 'leaseUntilMs' | 'version'>;

/** Port: runs and conversations for people, whichever process drives them. */
export interface RunDesk {
  /** Runs only, the newest first. */
  list(filter: RunFilter): Promise<readonly RunSummary[]>;
  /** Of a run or a conversation. Undefined: nothing is known of it, or not any more. */
  timeline(id: string): Promise<RunTimeline | undefined>;
  /** `asked`: whoever drives it hears of it, or it waited and is cancelled. `over`: it had ended. */
  cancel(id: string, by: ChangeOrigin): Promise<'asked' | 'over' | 'unknown'>;
}
