/** What the process that hosts tools and the gateway say to each other: one JSON object per line, besides the calls themselves. */

/** What is wrong with one file of the folder. */
export interface FileProblem {
  readonly file: string;
  /** At most a few hundred characters, one line. */
  readonly message: string;
}

/** What the host found in the folder. */
export interface FolderReport {
  /** Definitions as `tools/list` gives them, in the order of their files. */
  readonly tools: readonly object[];
  /** Names of files that all of is served. */
  readonly working: readonly string[];
  readonly problems: readonly FileProblem[];
  /** Signature, as of reading, of every file the tools are made of, by path: when one differs, it is time to load anew. */
  readonly seen: { readonly [path: string]: string };
}

/** Lines of the host that begin with `{"host":`; all others are answers of calls. */
export type HostWord =
  | { readonly host: 'loading'; readonly file: string }
  | ({ readonly host: 'ready' } & FolderReport)
  /** It ends: `file` never finished loading, or (without one) the folder itself cannot be read. */
  | { readonly host: 'failed'; readonly file?: string; readonly message: string }
  /** The call is about to reach a handler: from now on it may have had effects. */
  | { readonly host: 'begun'; readonly id: number }
  /** The handler has let go of the thread for the first time. */
  | { readonly host: 'yielded'; readonly id: number }
  | { readonly host: 'pong' }
  /** Another process should take over: too much was left behind in this one. */
  | { readonly host: 'worn'; readonly reason: string }
  /** A notification that belongs to a call. */
  | { readonly host: 'for'; readonly id: number; readonly message: object };

export const HOST_WORD = '{"host":';
export const PING = '{"host":"ping"}';

/** The first argument of the host's command line, as JSON. */
export interface HostOptions {
  readonly folder: string;
  /** Files that did not let the host before this one finish loading. */
  readonly skip: readonly string[];
  /** Limit for a file's top-level await. */
  readonly loadTimeoutMs: number;
}

const MAX_FILES = 1_000;

/** Those of a folder's entries that are to hold tools, sorted; more than 1,000 are not looked at. */
export function pickToolFiles(names: readonly string[]): string[] {
  return names.filter(isToolFile).sort().slice(0, MAX_FILES);
}

/** A file of the folder that is to hold tools: others are helpers, tests, type declarations. */
export function isToolFile(name: string): boolean {
  return /\.(?:ts|mts|js|mjs)$/.test(name) && !/^[._]|\.d\.m?ts$|\.(?:test|spec)\.\w+$/.test(name);
}

/** Equal as long as nobody wrote to the file. */
export function signatureOf(stats: { readonly mtimeMs: number; readonly size: number; readonly ino: number }): string {
  return `${stats.mtimeMs}:${stats.size}:${stats.ino}`;
}

export const ABSENT = 'absent';
