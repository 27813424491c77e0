/** The end of one attempt from outside: its time is up, or nobody waits any more. */

import type { CallSignal } from '../../contracts/call-signal.ts';
import { ProviderFailure } from '../../contracts/models.ts';

export interface AttemptLimit {
  /** For the provider. */
  readonly signal: CallSignal;
  /** Why the attempt was ended; undefined: it was not. */
  readonly ended: ProviderFailure | undefined;
  /** What comes of `work`, or `ended` as soon as there is one, whether or not the provider listens to its signal. */
  race<T>(work: Promise<T>, onLate: (value: T) => void): Promise<T>;
  /** Is told once, at once if it is too late already. */
  onEnded(listener: (why: ProviderFailure) => void): void;
  /** The attempt is over by itself: nothing is waited for any more. */
  release(): void;
}

/** What a timer can hold. */
const MAX_TIMER_MS = 2_147_483_647;

/** `parent`: of the call. `timeoutMs`: from now on. */
export function createAttemptLimit(parent: CallSignal, timeoutMs: number): AttemptLimit {
  const listeners = new Set<() => void>();
  let ended: ProviderFailure | undefined;
  const signal: CallSignal = {
    get aborted() {
      return ended !== undefined;
    },
    get reason() {
      return ended;
    },
    addEventListener: (_type, listener) => void listeners.add(listener),
    removeEventListener: (_type, listener) => void listeners.delete(listener),
  };
  const release = (): void => {
    clearTimeout(timer);
    parent.removeEventListener('abort', onAbort);
  };
  const end = (why: ProviderFailure): void => {
    if (ended !== undefined) return;
    ended = why;
    release();
    for (const listener of [...listeners]) listener();
    listeners.clear();
  };
  const onAbort = (): void => end(new ProviderFailure('cancelled', 'nobody waits for the answer any more'));
  const timer = setTimeout(
    () => end(new ProviderFailure('timeout', 'the time for this call is up')),
    Math.min(MAX_TIMER_MS, Math.max(0, timeoutMs)),
  );
  if (parent.aborted) onAbort();
  else parent.addEventListener('abort', onAbort);

  const onEnded = (listener: (why: ProviderFailure) => void): void => {
    const tell = (): void => {
      if (ended !== undefined) listener(ended);
    };
    if (ended !== undefined) tell();
    else listeners.add(tell);
  };
  return {
    signal,
    get ended() {
      return ended;
    },
    race: (work, onLate) =>
      new Promise((resolve, reject) => {
        onEnded(reject);
        work.then(
          (value) => (ended === undefined ? resolve(value) : onLate(value)),
          // The provider's own word for having been stopped is not the reason.
          (error: unknown) => reject(ended ?? error),
        );
      }),
    onEnded,
    release,
  };
}

/** Resolves after `ms`, or as soon as the signal is aborted. */
export function pause(ms: number, signal: CallSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, Math.min(MAX_TIMER_MS, ms));
    if (signal.aborted) over();
    else signal.addEventListener('abort', over);
  });
}
