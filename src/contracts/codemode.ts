/** Code Mode as it is configured, and what is kept between runs of scripts. */

import type { SandboxDialect, SandboxLimits } from './sandbox.ts';

/**
 * How tools are shown: `classic` all of them; `search` two tools that find and call them; `code` two that find them and run
 * scripts that call them; `auto` is `classic` while the definitions are few, else `code`.
 */
export const SHOWN_MODES = ['classic', 'search', 'code', 'auto'] as const;
export type ShownMode = (typeof SHOWN_MODES)[number];

/** What a mode comes down to for a caller. */
export type PlainMode = 'classic' | 'search' | 'code';

/** The gateway's own tools; `call_tool` is taken for the tool it names before anything is decided on it. */
export const META_TOOLS = ['search_tools', 'call_tool', 'run_code'] as const;
export type MetaToolName = (typeof META_TOOLS)[number];
/** Under which rules and records know them; no server may have this id. */
export const META_SERVER = 'portcullis';

export interface CodeModeConfig {
  /** At `/mcp`, and in toolsets that do not say themselves, unless a key or a request does. Default `classic`. */
  readonly mode: ShownMode;
  /** Up to so many tokens of definitions, as estimated, `auto` is `classic`. Default 2,000. */
  readonly autoTokens: number;
  /** Patterns as in a grant: tools that are shown in every mode. Default none. */
  readonly pinned: readonly string[];
  /** Undefined: Python, or JavaScript where no engine for Python runs. */
  readonly dialect: SandboxDialect | undefined;
  /** Absolute path of the worker of the Python engine; undefined: the installed package's. */
  readonly worker: string | undefined;
  /** Whether workers run in bubblewrap: `auto` where it is installed and works. Default `auto`. */
  readonly outer: 'auto' | 'none' | 'bwrap';
  /** At once. Undefined: eight for each core, at most 64. */
  readonly maxWorkers: number | undefined;
  /** Started beforehand, once one was used. Default 2. */
  readonly warmWorkers: number;
  readonly limits: SandboxLimits;
  /** Of a script's answer as the model sees it, estimated; the rest stays in the session. Default 2,000. */
  readonly maxResultTokens: number;
  /** How long variables are kept after the last run. Default one hour; 0: not at all. */
  readonly keepSessionsMs: number;
  /** How long a script waits for approvals. Default one day. */
  readonly keepSuspendedMs: number;
  /** Whether the shapes of results are learnt where a tool declares none; told to nobody outside of its organisation or, without one, key. Default true. */
  readonly learnShapes: boolean;
  /** Whether calls of tools are checked against their schemas before a script runs. Default true. */
  readonly check: boolean;
}

/** The defaults of section `codeMode`. */
export const CODE_MODE: CodeModeConfig = {
  mode: 'classic',
  autoTokens: 2_000,
  pinned: [],
  dialect: undefined,
  worker: undefined,
  outer: 'auto',
  maxWorkers: undefined,
  warmWorkers: 2,
  limits: {
    maxSourceBytes: 65_536,
    maxInterpreterMs: 5_000,
    maxWallMs: 120_000,
    maxMemoryBytes: 67_108_864,
    maxRecursionDepth: 400,
    maxCalls: 200,
    maxParallelCalls: 16,
    maxPrintBytes: 262_144,
    maxAnswerBytes: 4_194_304,
    maxValueBytes: 4_194_304,
    maxDumpBytes: 1_048_576,
  },
  maxResultTokens: 2_000,
  keepSessionsMs: 3_600_000,
  keepSuspendedMs: 86_400_000,
  learnShapes: true,
  check: true,
};

/** Variables of a conversation, or a script that waits for an approval. */
export interface CodeState {
  /** Unguessable. */
  readonly id: string;
  readonly kind: 'session' | 'suspended';
  readonly keyId: string;
  /** Sealed, bound to its id. */
  readonly sealed: string;
  /** Wall clock, epoch milliseconds. */
  readonly expiresAtMs: number;
}

/** Port: where they are kept. What has expired is not found. */
export interface CodeStateStore extends AsyncDisposable {
  /** Takes the place of what had its id, if that is of the same key and kind; resolves to false, changing nothing, if it is not. */
  put(state: CodeState): Promise<boolean>;
  find(id: string, kind: CodeState['kind'], keyId: string, nowMs: number): Promise<CodeState | undefined>;
  /** Found and gone in one: of several that ask at once one gets it. */
  take(id: string, kind: CodeState['kind'], keyId: string, nowMs: number): Promise<CodeState | undefined>;
  /** What expired before; resolves to how many. */
  dropExpired(nowMs: number, limit: number): Promise<number>;
}
