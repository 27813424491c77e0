/** Notices that a folder of tools, or a file they are made of, changed: by looking, since file system events get lost. */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ABSENT, isToolFile, pickToolFiles, signatureOf } from './host-words.ts';

const LOOK_MS = 500;
/** A change is believed once two looks this far apart agree: editors write in several steps. */
const SETTLE_MS = 60;

export interface WatchFolderOptions {
  readonly folder: string;
  /** The signatures that count as known, asked at each look. */
  readonly known: () => { readonly [path: string]: string };
  /** Something differs from what is known. Waited for; what changes meanwhile is found by the next look. */
  readonly onChange: (seen: { readonly [path: string]: string }) => Promise<void>;
  /** The folder cannot be read (once, until it can again), or (undefined) it can again. */
  readonly onUnreadable: (message: string | undefined) => void;
  readonly signal: AbortSignal;
}

/** Looks until the signal aborts; never keeps the process alive. */
export async function watchFolder(options: WatchFolderOptions): Promise<void> {
  const { folder, signal } = options;
  let wasReadable = true;
  const look = async (): Promise<{ [path: string]: string } | undefined> => {
    try {
      const seen = await signFiles(folder, Object.keys(options.known()));
      if (!wasReadable) options.onUnreadable(undefined);
      wasReadable = true;
      return seen;
    } catch (error) {
      if (wasReadable) options.onUnreadable(error instanceof Error ? error.message : String(error));
      wasReadable = false;
      return undefined;
    }
  };
  while (!signal.aborted) {
    const isOver = await sleep(LOOK_MS, false, { signal, ref: false }).catch(() => true);
    if (isOver) return;
    const first = await look();
    if (first === undefined || isSame(first, options.known())) continue;
    await sleep(SETTLE_MS, undefined, { signal, ref: false }).catch(() => {});
    const second = await look();
    if (signal.aborted || second === undefined || !isSame(first, second)) continue;
    await options.onChange(second);
  }
}

/** The tool files of the folder, and those others that are known already. */
async function signFiles(folder: string, known: readonly string[]): Promise<{ [path: string]: string }> {
  const paths = new Set(pickToolFiles(await readdir(folder)).map((file) => join(folder, file)));
  for (const path of known) if (!isAToolOf(folder, path)) paths.add(path);
  const seen: { [path: string]: string } = {};
  await Promise.all(
    [...paths].map(async (path) => {
      seen[path] = await stat(path).then(signatureOf, () => ABSENT);
    }),
  );
  return seen;
}

/** Tool files count as they stand in the folder: one that was removed is no longer there to differ. */
function isAToolOf(folder: string, path: string): boolean {
  const name = path.slice(folder.length + 1);
  return path.startsWith(folder) && join(folder, name) === path && !/[\\/]/.test(name) && isToolFile(name);
}

function isSame(a: { readonly [path: string]: string }, b: { readonly [path: string]: string }): boolean {
  const paths = Object.keys(a);
  return paths.length === Object.keys(b).length && paths.every((path) => a[path] === b[path]);
}
