/** Writes that nobody waits for: one after the other, each tried until the database has taken it or said no. */

import type { Log } from '../../../contracts/log.ts';
import { isAnswer } from './open-database.ts';

export interface WriteBehind extends AsyncDisposable {
  /** Takes the place of one with the same key that has not begun; beyond the bound the oldest is let go, which the log says. */
  add(key: string, write: () => Promise<void>): void;
  /** When all that was added is written, or after some seconds in which it could not be. */
  flush(): Promise<void>;
}

const RETRY_MS = 1_000;
const MAX_PENDING = 10_000;
/** Nobody waits longer for what cannot be written; at the end it is given up. */
const FLUSH_MS = 5_000;

export function createWriteBehind(what: string, log: Pick<Log, 'error'>): WriteBehind {
  const pending = new Map<string, () => Promise<void>>();
  const closing = new AbortController();
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    for (;;) {
      const [next] = pending;
      if (next === undefined || closing.signal.aborted) return;
      const [key, write] = next;
      pending.delete(key);
      try {
        await write();
      } catch (error) {
        log.error(`${what} cannot be stored${isAnswer(error) ? '' : ' for now'}`, { error: String(error) });
        if (isAnswer(error)) continue;
        if (!pending.has(key)) pending.set(key, write);
        await pause(RETRY_MS, closing.signal);
      }
    }
  };

  return {
    add(key, write) {
      pending.set(key, write);
      if (pending.size > MAX_PENDING) {
        const [oldest] = pending.keys();
        if (oldest !== undefined) pending.delete(oldest);
        log.error(`${what}: too much waits to be stored, the oldest is let go`, { max: MAX_PENDING });
      }
      running ??= run().finally(() => {
        running = undefined;
      });
    },
    async flush() {
      if (running === undefined) return;
      const late = new AbortController();
      await Promise.race([running, pause(FLUSH_MS, late.signal)]);
      late.abort();
    },
    async [Symbol.asyncDispose]() {
      const timer = setTimeout(() => closing.abort(), FLUSH_MS);
      await running;
      clearTimeout(timer);
      closing.abort();
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms);
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    }
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
