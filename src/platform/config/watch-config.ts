/**
 * Notices that the configuration file changed, by looking at it: file system events get lost on network mounts, on
 * replaced files and on the symlinks that Kubernetes swaps.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** A file written less than this ago may be written again without its time changing, so it is read again. */
const TIME_RESOLUTION_MS = 2000;
/** A change is believed once two looks this far apart agree: editors write in several steps. */
const SETTLE_MS = 50;

export interface WatchOptions {
  readonly file: string;
  /** How often to look. Default 500 ms. */
  readonly intervalMs?: number | undefined;
  /** The content is another one, or the file vanished or came back. Not called for the content there was at the start. */
  readonly onChange: () => void;
  readonly signal: AbortSignal;
}

/**
 * Looks at the file until the signal aborts; never keeps the process alive. Compares with what the file holds at the time
 * of this call: start it before loading the file, so that no edit falls in between.
 */
export function watchConfig({ file, intervalMs = 500, onChange, signal }: WatchOptions): void {
  const look = createLook(file);
  let known = hashOf(() => readFileSync(file));
  const watch = async (): Promise<void> => {
    while (!signal.aborted) {
      await sleep(intervalMs, undefined, { signal, ref: false });
      const seen = await look();
      if (seen === known) continue;
      await sleep(Math.min(SETTLE_MS, intervalMs), undefined, { signal, ref: false });
      if ((await look()) !== seen || signal.aborted) continue;
      known = seen;
      onChange();
    }
  };
  watch().catch((error: unknown) => {
    // The sleeps reject when the signal aborts, which is how watching ends. Anything else came from onChange.
    if (!signal.aborted) throw error;
  });
}

/** Hash of the content, or the reason why it cannot be read. Reads only if the file's data suggest that it changed. */
function createLook(file: string): () => Promise<string> {
  let signature = '';
  let content = '';
  return async () => {
    try {
      const { mtimeMs, ctimeMs, size, ino, dev } = await stat(file);
      const current = `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`;
      if (current !== signature || Date.now() - mtimeMs < TIME_RESOLUTION_MS) {
        const bytes = await readFile(file);
        content = hashOf(() => bytes);
        signature = current;
      }
      return content;
    } catch (error) {
      signature = '';
      return describe(error);
    }
  };
}

function hashOf(read: () => Buffer): string {
  try {
    return createHash('sha256').update(read()).digest('hex');
  } catch (error) {
    return describe(error);
  }
}

function describe(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}
