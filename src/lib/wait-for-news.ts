/** Waits for something that is kept elsewhere, and that one hears of when it changes. */

/** What is used of an AbortSignal. */
interface Signal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface Kept<T> {
  find(id: string): Promise<T | undefined>;
  /** Returns how to stop listening. */
  onChange(listener: (id: string) => void): () => void;
}

export interface Patience<T> {
  /** Whether one need wait no longer. */
  isOver(value: T): boolean;
  readonly timeoutMs: number;
  readonly signal: Signal;
}

/**
 * Resolves with what was seen last: once it is over or gone, the time is up, or `signal` is aborted. Rejects if not even the first
 * look succeeds: nobody would ever hear then.
 */
export function waitForNews<T>(
  kept: Kept<T>,
  id: string,
  { isOver, timeoutMs, signal }: Patience<T>,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    let isDone = false;
    let last: T | undefined;
    const end = (): void => {
      if (isDone) return;
      isDone = true;
      stop();
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve(last);
    };
    const look = async (isFirst: boolean): Promise<void> => {
      let now: T | undefined;
      try {
        now = await kept.find(id);
      } catch (error) {
        // Later looks may succeed.
        if (!isFirst || isDone) return;
        // Before `end`, which resolves what nothing settled.
        reject(error);
        end();
        return;
      }
      last = now ?? last;
      if (now === undefined || isOver(now)) end();
    };
    const timer = setTimeout(end, timeoutMs);
    // Before the first look: what changes while it is under way is heard of.
    const stop = kept.onChange((changed) => {
      if (changed === id) void look(false);
    });
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    else void look(true);
  });
}
