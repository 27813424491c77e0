/** What a session and its thread say to each other. A thread answers each request once; texts that it prints come before. */

import type { JsonText } from '../../../contracts/json.ts';
import type { SandboxLimits } from '../../../contracts/sandbox.ts';

/** Of `workerData`. */
export interface ThreadData {
  readonly maxMemoryBytes: number;
}

export interface RunStart {
  readonly code: string;
  /** Of earlier runs, as an object. */
  readonly variables: JsonText;
  readonly namespaces: readonly string[];
  readonly functions: readonly string[];
  /** From which all of its random numbers come. */
  readonly seed: number;
  /** What its clock says, epoch milliseconds, until the next answer. */
  readonly nowMs: number;
}

export type Reply =
  | { readonly value: JsonText }
  /** Names as the port has them; the dialect's own are found in the thread. */
  | { readonly exception: string; readonly message: string };

/** What comes to a script at once. The order is part of what a repeated run has to meet again. */
export interface Delivery {
  readonly nowMs: number;
  readonly answers: readonly (readonly [id: number, reply: Reply])[];
  /** The first after somebody decided: the time to compute in begins anew. */
  readonly isAfterWait: boolean;
}

export type ThreadRequest =
  | { readonly type: 'run'; readonly start: RunStart; readonly limits: SandboxLimits }
  | { readonly type: 'deliver'; readonly delivery: Delivery };

export interface SentCall {
  readonly id: number;
  readonly namespace: string;
  readonly method: string;
  readonly positional: JsonText;
  readonly named: JsonText;
}

/** What is left of a run for the next one. */
export type RunState =
  | { readonly variables: JsonText; readonly dropped: readonly string[] }
  | { readonly isTooLarge: true };

export interface RaisedWords {
  readonly exception: string;
  readonly message: string;
  readonly stack: string;
}

export type ThreadEvent =
  | { readonly type: 'waits'; readonly calls: readonly SentCall[] }
  | { readonly type: 'done'; readonly value: JsonText; readonly state: RunState }
  | { readonly type: 'failed'; readonly error: RaisedWords; readonly state: RunState }
  | { readonly type: 'syntax'; readonly message: string; readonly line: number | undefined }
  | { readonly type: 'limit'; readonly limit: keyof SandboxLimits };

export type ThreadMessage = { readonly type: 'print'; readonly text: string } | ThreadEvent;
