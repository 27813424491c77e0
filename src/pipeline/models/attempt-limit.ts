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
  return new Limit(parent, timeoutMs);
}

/** Also the signal itself. A class, because a literal with getters gets a hidden class of its own with each call. */
class Limit implements AttemptLimit, CallSignal {
  readonly #parent: CallSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = (): void => this.#end(new ProviderFailure('cancelled', 'nobody waits for the answer any more'));
  /** A few at most. */
  #listeners: (() => void)[] = [];
  #ended: ProviderFailure | undefined = undefined;

  constructor(parent: CallSignal, timeoutMs: number) {
    this.#parent = parent;
    const late = (): void => this.#end(new ProviderFailure('timeout', 'the time for this call is up'));
    this.#timer = setTimeout(late, Math.min(MAX_TIMER_MS, Math.max(0, timeoutMs)));
    if (parent.aborted) this.#onAbort();
    else parent.addEventListener('abort', this.#onAbort);
  }

  get signal(): CallSignal {
    return this;
  }

  get ended(): ProviderFailure | undefined {
    return this.#ended;
  }

  get aborted(): boolean {
    return this.#ended !== undefined;
  }

  get reason(): unknown {
    return this.#ended;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at !== -1) this.#listeners.splice(at, 1);
  }

  race<T>(work: Promise<T>, onLate: (value: T) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      this.onEnded(reject);
      work.then(
        (value) => (this.#ended === undefined ? resolve(value) : onLate(value)),
        // The provider's own word for having been stopped is not the reason.
        (error: unknown) => reject(this.#ended ?? error),
      );
    });
  }

  onEnded(listener: (why: ProviderFailure) => void): void {
    if (this.#ended !== undefined) listener(this.#ended);
    else
      this.#listeners.push(() => {
        if (this.#ended !== undefined) listener(this.#ended);
      });
  }

  release(): void {
    clearTimeout(this.#timer);
    this.#parent.removeEventListener('abort', this.#onAbort);
  }

  #end(why: ProviderFailure): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    this.release();
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
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
