/** Time and chance as a dependency of everything that keeps links, so that tests need not wait for either. */

import type { CallSignal } from '../../contracts/call-signal.ts';

export interface Clock {
  /** Wall clock, epoch milliseconds; for the record. */
  now(): number;
  /** Monotonic milliseconds; for durations and deadlines. */
  ticks(): number;
  /** Runs `run` once after `delayMs`; the returned function prevents it. */
  schedule(delayMs: number, run: () => void): () => void;
  /** 0 to 1, for jitter. */
  random(): number;
}

export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    ticks: () => performance.now(),
    schedule(delayMs, run) {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
    random: () => Math.random(),
  };
}

/** Resolves after `delayMs`, or as soon as `sooner` settles or `signal` aborts. Never rejects. */
export function pause(
  clock: Clock,
  delayMs: number,
  options: { sooner?: Promise<unknown>; signal?: CallSignal } = {},
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      options.signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.schedule(delayMs, done);
    options.signal?.addEventListener('abort', done);
    options.sooner?.then(done, done);
    if (options.signal?.aborted) done();
  });
}
