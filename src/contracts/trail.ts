/** The audit trail's port: intent before a side effect, one finish per call, nothing lost on kill -9. */

import type { CallKind } from './call.ts';
import type { JsonText } from './json.ts';

/** Known when the call is about to be made. */
export interface CallIntent {
  readonly id: string;
  readonly parentId: string | undefined;
  readonly traceId: string;
  readonly atMs: number;
  readonly kind: CallKind;
  readonly surface: string;
  readonly keyId: string | undefined;
  readonly keyName: string | undefined;
  readonly serverId: string | undefined;
  /** Exposed and own name of what was called. */
  readonly name: string;
  readonly target: string | undefined;
  readonly client: string | undefined;
  /** Redacted `arguments`, or undefined where none are kept. */
  readonly arguments: JsonText | undefined;
}

export type ResultClass = 'ok' | 'tool-error' | 'rpc-error' | 'refused' | 'failed' | 'cancelled' | 'unknown';

/** Known when it is over. */
export interface CallFinish {
  readonly id: string;
  readonly result: ResultClass;
  /** Our error code or the upstream's JSON-RPC code, where there was one. */
  readonly error: string | undefined;
  readonly resultBytes: number;
  /** Whole time in the gateway, upstream included. */
  readonly totalMs: number;
  readonly upstreamMs: number;
}

/** A row as read back. `result` undefined: still running; `unknown`: the process died before it was over. */
export interface TrailRow extends CallIntent {
  readonly result: ResultClass | undefined;
  readonly error: string | undefined;
  readonly resultBytes: number | undefined;
  readonly totalMs: number | undefined;
  readonly upstreamMs: number | undefined;
}

export interface TrailFilter {
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
  /** Everything handed over so far is in the store. */
  flush(): Promise<void>;
}
