/**
 * The ledger of tool calls that wait to be carried out: what a model suggested, and what an MCP client asked for and a rule
 * held back. Each is carried out at most once, whoever asks how often, in whichever process.
 */

import type { ChatDialect } from './chat.ts';
import type { JsonText } from './json.ts';
import type { PolicyAction } from './policy.ts';

/** How a call names what it carries out, before anybody looked it up. */
export type SuggestionRef =
  /** By its id in the ledger. */
  | { readonly type: 'id'; readonly id: string }
  /** As the model wrote it: by the provider's id of the call, or, where the dialect has none, by name and arguments. */
  | { readonly type: 'tool-call'; readonly toolCallId: string | undefined };

/**
 * `open`: not carried out (approvals are kept beside it). `running`: a process took it. `done`: carried out, its answer is
 * kept. `unknown`: whoever took it died or never heard the end; never tried again. `withdrawn`: rejected by a person, or its run was cancelled.
 */
export type SuggestionState = 'open' | 'running' | 'done' | 'unknown' | 'withdrawn';

export interface Suggestion {
  /** `sug_` and 24 hex digits. */
  readonly id: string;
  /** `model`: a model suggested it; `client`: an MCP client called, and a rule asks for an approval. */
  readonly source: 'model' | 'client';
  /** The run or conversation it belongs to: id of its first call. */
  readonly runId: string;
  /** Call of the model that suggested it, or the client's call that was held back. */
  readonly callId: string;
  readonly keyId: string;
  /** `provider/model`; undefined for clients. */
  readonly model: string | undefined;
  readonly dialect: ChatDialect | undefined;
  /** The provider's id, as the caller was given it. */
  readonly toolCallId: string | undefined;
  /** View in which `name` is good: '' for all servers, a server's id, or `t/{toolset}` (`endpointKey`). */
  readonly endpoint: string;
  /** As the caller knows it. */
  readonly name: string;
  readonly serverId: string;
  readonly target: string;
  /** SHA-256 of the canonical arguments, base64url. */
  readonly argumentsHash: string;
  /** Sealed, bound to the id. Undefined: they could not be sealed or are too long, and have to be brought again. */
  readonly sealedArguments: string | undefined;
  /** What the rules said when it was suggested; it is asked again when it is carried out. */
  readonly verdict: PolicyAction;
  readonly atMs: number;
  readonly expiresAtMs: number;
  readonly state: SuggestionState;
  /** Call that carries it out, or did. */
  readonly executionId: string | undefined;
  /** The answer, sealed, bound to the id: an `ExecutionResult` as JSON. Undefined: none, or longer than is kept. */
  readonly sealedResult: string | undefined;
  readonly endedAtMs: number | undefined;
}

/** The answer of an execution as it is kept. */
export interface ExecutionResult {
  readonly type: 'result' | 'rpc-error';
  readonly text: JsonText;
  readonly isError: boolean;
}

export type Claim =
  /** It is this call's now, and nobody else's. */
  | { readonly type: 'claimed' }
  /** Somebody was first, or it is too late (`open`, but expired); as it stands now. */
  | { readonly type: 'taken'; readonly suggestion: Suggestion }
  | { readonly type: 'missing' };

/** Port: where the ledger is kept. SQLite by default, PostgreSQL for several replicas; one suite for all. */
export interface SuggestionStore extends AsyncDisposable {
  /** Written when it returns or resolves; SQLite's does it at once, unless somebody else is writing. An id that is there already is left as it is. */
  add(suggestions: readonly Suggestion[]): void | Promise<void>;
  find(id: string): Promise<Suggestion | undefined>;
  /** Of one key, newest first, at most 20. */
  findByToolCall(keyId: string, toolCallIds: readonly string[]): Promise<readonly Suggestion[]>;
  /** Of one key, by name and arguments; newest first, at most 20. */
  findByArguments(keyId: string, name: string, argumentsHash: string): Promise<readonly Suggestion[]>;
  /** In the order they were made. */
  ofRun(runId: string): Promise<readonly Suggestion[]>;
  /** `open` and not expired becomes `running`: for exactly one caller, over all processes. */
  claim(id: string, executionId: string, nowMs: number): Promise<Claim>;
  /** `running` of that execution becomes open again: nothing was sent. */
  release(id: string, executionId: string): Promise<void>;
  /** `running` of that execution becomes `done` or `unknown`; one that was given up for lost (`unknown`) may still become `done`. */
  finish(
    id: string,
    executionId: string,
    end: { readonly state: 'done' | 'unknown'; readonly sealedResult: string | undefined },
    nowMs: number,
  ): Promise<void>;
  /** `open` becomes `withdrawn`. True: it was open. */
  withdraw(id: string, nowMs: number): Promise<boolean>;
  /** What a process that is gone had taken becomes `unknown`; called with ids of executions that the trail says ended so. */
  abandon(executionIds: readonly string[], nowMs: number): Promise<number>;
  /** Removes what ended or expired before then, at most 500 a time. Returns how many went. */
  prune(beforeMs: number): Promise<number>;
}

/**
 * The same as whoever keeps house needs it. A store says every few seconds that the executions it gave out are still running
 * (a lease of a minute), so that what a process took which is gone is found, also where no trail speaks of it.
 */
export interface SuggestionKeeper extends SuggestionStore {
  /** What runs somewhere; those that were taken first come first, at most `limit`. */
  running(limit: number): Promise<readonly Suggestion[]>;
  /** Running ones whose lease is over become `unknown`; returns them as they are now, each to one caller only. */
  reap(nowMs: number, limit: number): Promise<readonly Suggestion[]>;
}
