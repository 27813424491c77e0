/** The port of the sandbox: a script of a model runs in another process, and reaches nothing but what its host answers. */

import type { JsonText } from './json.ts';

export type SandboxDialect = 'python' | 'javascript';

/** What one run may use. Whoever enforces it stands outside of the script: it cannot catch, raise or outlive any of it. */
export interface SandboxLimits {
  readonly maxSourceBytes: number;
  /** Time in which the interpreter itself works; waiting for calls does not count. */
  readonly maxInterpreterMs: number;
  /** From start to end or suspension, with all waiting. */
  readonly maxWallMs: number;
  /** Of the interpreter's heap. The process around it gets a bound of its own. */
  readonly maxMemoryBytes: number;
  readonly maxRecursionDepth: number;
  /** Calls in one run, also over suspensions. */
  readonly maxCalls: number;
  /** Calls under way at once; further ones wait for their turn. The host sees to it. */
  readonly maxParallelCalls: number;
  /** What it prints; the rest is dropped, and a flood ends the run. */
  readonly maxPrintBytes: number;
  /** One answer of a call, as JSON. */
  readonly maxAnswerBytes: number;
  /** What it returns, as JSON. */
  readonly maxValueBytes: number;
  /** What `dump` gives. */
  readonly maxDumpBytes: number;
}

/** `github.list_issues(owner='a')`: namespace `github`, method `list_issues`. A bare function has the namespace ''. */
export interface HostCall {
  /** Unique in a run, also over dumps. */
  readonly id: number;
  readonly namespace: string;
  readonly method: string;
  /** Positional arguments, as a JSON array. */
  readonly positional: JsonText;
  /** Keyword arguments, as a JSON object; a JavaScript script's only argument, if it is an object. */
  readonly named: JsonText;
}

export type HostAnswer =
  | { readonly type: 'value'; readonly value: JsonText }
  /** Raised where the script waits. `exception` is a built-in of the dialect, e.g. `RuntimeError`; an engine that lacks it takes its most general one. */
  | { readonly type: 'error'; readonly exception: string; readonly message: string }
  /** Not now: the run goes on as far as it can without, and is suspended then. */
  | { readonly type: 'suspend' };

export interface SandboxHost {
  /** Whether this global stands for something of the host's. What does not is a NameError. */
  has(name: string): boolean;
  /** Of those, what is called by itself: `sleep(1)`. Default: none. */
  isFunction?(name: string): boolean;
  /** All that it has. */
  names(): Iterable<string>;
  /**
   * Answers a call of the script. A plain answer is there at once, as of any function; one that is promised has to be awaited by
   * the script, and others may run meanwhile. Never rejects and never throws.
   */
  call(call: HostCall): HostAnswer | Promise<HostAnswer>;
  /** What the script asks of its platform. `now`: UTC epoch milliseconds. */
  readonly now: () => number;
  /** Text as printed, in pieces, as it comes. */
  print(text: string): void;
}

/** What a checker finds in a script without running it. Lines count from 1. */
export interface TypeDiagnostic {
  /** Name of the checker's rule, e.g. `missing-argument`. */
  readonly rule: string;
  readonly message: string;
  readonly line: number | undefined;
  readonly severity: 'error' | 'warning';
}

export type ScriptErrorKind =
  /** It raised, and nothing caught it. */
  | 'exception'
  | 'syntax'
  /** One of the limits; `limit` names it. */
  | 'limit'
  /** Its worker died. */
  | 'crash'
  /** Whoever waits for it went away. */
  | 'cancelled';

export interface ScriptError {
  readonly kind: ScriptErrorKind;
  readonly limit?: keyof SandboxLimits | undefined;
  /** Name of the exception's class. */
  readonly exception: string;
  readonly message: string;
  /** Of the script, from 1; undefined: not known. */
  readonly line: number | undefined;
  /** Frames as the dialect prints them, without paths of this machine. */
  readonly traceback: string | undefined;
}

export type SandboxTurn =
  /** `value`: of the last expression or `return`, `null` for none; what JSON has no word for is written as near as possible. */
  | { readonly type: 'complete'; readonly value: JsonText }
  | { readonly type: 'failed'; readonly error: ScriptError }
  /** Everything else is done; it waits for these calls, and can be dumped. */
  | { readonly type: 'suspended'; readonly open: readonly number[] };

/**
 * One interpreter, for one owner. One thing at a time: a second request while one is under way throws. After `failed` with the kinds
 * `limit`, `crash` or `cancelled` nothing is left of it: `isAlive` is false.
 */
export interface SandboxSession extends AsyncDisposable {
  readonly isAlive: boolean;
  /** Of the check that was asked for; none also where the engine cannot check. */
  readonly findings: readonly TypeDiagnostic[];
  /** Variables of earlier runs are there. Never rejects for what a script does. */
  run(code: string, host: SandboxHost, signal: AbortSignal): Promise<SandboxTurn>;
  /** After `suspended`, here or in a session loaded from its dump: every open call gets an answer, also again `suspend`. */
  resume(
    answers: ReadonlyMap<number, HostAnswer | Promise<HostAnswer>>,
    host: SandboxHost,
    signal: AbortSignal,
  ): Promise<SandboxTurn>;
  /** All of it, while nothing runs. Good for an engine of the same `version`. Throws GatewayError `sandbox_state_too_large`. */
  dump(): Promise<Uint8Array>;
}

export interface SandboxRequest {
  readonly limits: SandboxLimits;
  /** Of an earlier session with the same owner; undefined: nothing is there yet. */
  readonly dump?: Uint8Array | undefined;
  /**
   * A script to be checked before anything runs. `stubs`: declarations of what the host answers, in the dialect's own language.
   * Variables of the dump are not known to the checker.
   */
  readonly check?: { readonly code: string; readonly stubs: string } | undefined;
  readonly signal: AbortSignal;
}

export interface SandboxFigures {
  /** Processes or threads that are ready for somebody. */
  readonly warm: number;
  readonly busy: number;
  /** Who wait for one. */
  readonly waiting: number;
  /** Since start. */
  readonly opened: number;
  readonly crashed: number;
}

export interface SandboxEngine extends AsyncDisposable {
  readonly dialect: SandboxDialect;
  /** Of the engine and its protocol: a dump of another version is refused. */
  readonly version: string;
  /** Whether a suspended run can be dumped, and goes on in another process. */
  readonly resumesElsewhere: boolean;
  /**
   * Throws GatewayError `sandbox_busy` (the queue is full or the wait too long), `sandbox_unavailable` (no worker starts) or
   * `sandbox_state_invalid` (the dump is damaged or of another version).
   */
  open(request: SandboxRequest): Promise<SandboxSession>;
  figures(): SandboxFigures;
}

/** The engines that run here. */
export interface Sandboxes extends AsyncDisposable {
  /** In which language scripts are written; undefined: no engine runs on this platform, or not the one that was chosen. */
  dialect(): SandboxDialect | undefined;
  /** Started when first asked for. Throws GatewayError `sandbox_unavailable`. */
  engine(): Promise<SandboxEngine>;
}
