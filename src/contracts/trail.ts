/** The audit trail's port: intent before a side effect, one finish per call, nothing lost on kill -9. */

import type { CallKind } from './call.ts';
import type { StopReason, Usage } from './chat.ts';
import type { DefinitionEventKind } from './definitions.ts';
import type { JsonText } from './json.ts';
import type { ModelAttempt } from './models.ts';
import type { PolicyNote } from './policy.ts';

/** Kinds of rows that suggestions and approvals leave. Their `name` is the tool, `suggestionId` and `runId` say of what. */
export type ApprovalEventKind =
  | 'suggestion.made'
  | 'suggestion.withdrawn'
  | 'approval.requested'
  | 'approval.voted'
  | 'approval.approved'
  | 'approval.rejected'
  | 'approval.expired'
  | 'run.cancelled'
  | 'run.ended';

/** Known when the call is about to be made. */
export interface CallIntent {
  readonly id: string;
  readonly parentId: string | undefined;
  readonly traceId: string;
  readonly atMs: number;
  /** What was called, or what was decided about a definition. */
  readonly kind: CallKind | DefinitionEventKind | ApprovalEventKind;
  readonly surface: string;
  readonly keyId: string | undefined;
  readonly keyName: string | undefined;
  /** Levels above its key that it counts for, and labels of all. */
  readonly userId?: string | undefined;
  readonly teamId?: string | undefined;
  readonly organizationId?: string | undefined;
  readonly labels?: { readonly [label: string]: string } | undefined;
  readonly serverId: string | undefined;
  /** Exposed and own name of what was called. */
  readonly name: string;
  readonly target: string | undefined;
  readonly client: string | undefined;
  /** Redacted `arguments`, or undefined where none are kept. */
  readonly arguments: JsonText | undefined;
  /** The run or conversation it belongs to. */
  readonly runId?: string | undefined;
  /** What of the ledger it carries out. */
  readonly suggestionId?: string | undefined;
  /** Rule, default or approval that allowed it, as in `CallFacts`. */
  readonly authority?: string | undefined;
  /** What its budget set aside for it: its price, if nobody ever hears how it ended. Micro-dollars. */
  readonly reservedMicroUsd?: number | undefined;
}

export type ResultClass = 'ok' | 'tool-error' | 'rpc-error' | 'refused' | 'failed' | 'cancelled' | 'unknown';

/** What the trail keeps of a call of a model, besides who and what: never what was said. */
export interface ModelNote {
  /** Undefined: nothing was answered. */
  readonly usage?: Pick<
    Usage,
    'inputTokens' | 'outputTokens' | 'cachedTokens' | 'cacheWriteTokens' | 'reasoningTokens' | 'searches' | 'estimated'
  >;
  readonly firstByteMs?: number | undefined;
  readonly stop?: StopReason | undefined;
  /** Every try, in order. */
  readonly attempts: readonly ModelAttempt[];
  /** Members of the request that were left out; at most the first 20. */
  readonly dropped?: readonly string[] | undefined;
  /** Alias, rule or fallback that decided where the call went. */
  readonly rule?: string | undefined;
}

/** Known when it is over. */
export interface CallFinish {
  readonly id: string;
  readonly result: ResultClass;
  /** Our error code or the upstream's JSON-RPC code, where there was one. */
  readonly error: string | undefined;
  readonly resultBytes: number;
  /** From the complete head of the request until the outcome was known, upstream included. */
  readonly totalMs: number;
  /** Of that, the wait for the server; what is left was ours. Never more than `totalMs`. */
  readonly upstreamMs: number;
  /** Where a rule refused the call, or hid what it named. */
  readonly policy?: PolicyNote | undefined;
  /** Answered without calling the server. */
  readonly cached?: boolean | undefined;
  /** What the configuration (for models: or the catalogue) says the call cost; undefined: no price. Micro-dollars. */
  readonly priceMicroUsd?: number | undefined;
  /** Calls of models. */
  readonly model?: ModelNote | undefined;
  /** The run or conversation it belongs to, where that was found only after its intent was written. */
  readonly runId?: string | undefined;
}

/** A row as read back. `result` undefined: still running; `unknown`: the process died before it was over. */
export interface TrailRow extends CallIntent {
  readonly result: ResultClass | undefined;
  readonly error: string | undefined;
  readonly resultBytes: number | undefined;
  readonly totalMs: number | undefined;
  readonly upstreamMs: number | undefined;
  readonly policy?: PolicyNote | undefined;
  /** Undefined: no. */
  readonly cached?: boolean | undefined;
  readonly priceMicroUsd?: number | undefined;
  readonly model?: ModelNote | undefined;
}

export interface TrailFilter {
  /** One call. */
  readonly id?: string;
  /** Calls that belong to this run or conversation, its first one included. */
  readonly runId?: string;
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly key?: string;
  readonly server?: string;
  readonly name?: string;
  readonly kind?: string;
  readonly result?: string;
  readonly limit?: number;
  /** Only rows after this one, oldest first; what `--follow` uses. Rows are ordered by `seq`. */
  readonly afterSeq?: number;
}

/** How the trail keeps up. */
export interface TrailFigures {
  /** Age of the oldest line that is in the journal but not in the store yet; 0: the store is current. */
  readonly lagMs: number;
  /** Lines held back in memory, to be written together. */
  readonly heldLines: number;
  /** Lines that could not be kept while the journal could not be written, since the start. */
  readonly lostLines: number;
  /** False: the last write failed, and calls that need the trail are refused. */
  readonly writable: boolean;
}

export interface Trail extends AsyncDisposable {
  /**
   * Writes the intent ahead. When this returns (or resolves, with `audit.sync`) the record has left our process.
   * Throws GatewayError `audit_unavailable` if it cannot be written: then the call must not be made.
   */
  intend(intent: CallIntent): void | Promise<void>;
  /** Ends a call that was intended. Off the hot path; never throws. */
  finish(finish: CallFinish): void;
  /** Records a call that needed no write-ahead, intent and finish in one. Off the hot path; never throws. */
  record(intent: CallIntent, finish: CallFinish): void;
  /** Everything handed over so far has left our process, if it can be written. At once; never throws. */
  persist?(): void;
  /** Everything handed over so far is in the store. */
  flush(): Promise<void>;
  /** For the metrics. */
  figures?(): TrailFigures;
}
