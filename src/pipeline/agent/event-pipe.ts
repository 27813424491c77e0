/** Between the loop that drives a run and whoever reads its stream: few events wait, and who leaves ends the run. */

import type { ChatEvent } from '../../contracts/chat.ts';
import type { EventStream } from '../../contracts/models.ts';

export interface EventPipe {
  readonly stream: EventStream;
  /** Resolves once there is room again: who reads slowly slows the run down. Nothing is kept after the end. */
  push(events: readonly ChatEvent[]): Promise<void>;
  /** Only if nothing waits to be read, and nothing was said since the last time: for signs of life. */
  pushIfIdle(events: readonly ChatEvent[]): void;
  end(): void;
  fail(error: unknown): void;
  /** Resolves with the first events, rejects if it failed before there were any. */
  readonly begun: Promise<void>;
}

/** Batches that wait; each is what one read of a provider's socket brought. */
const MAX_WAITING = 16;

export function createEventPipe(onLeft: () => void): EventPipe {
  const waiting: (readonly ChatEvent[])[] = [];
  const begun = Promise.withResolvers<void>();
  // Whoever does not wait for the beginning must not crash the process.
  begun.promise.catch(() => undefined);
  let reader: PromiseWithResolvers<IteratorResult<readonly ChatEvent[]>> | undefined;
  let room: PromiseWithResolvers<void> | undefined;
  let hasSpoken = false;
  let over: { readonly error: unknown } | undefined;

  const finish = (error: unknown): void => {
    if (over !== undefined) return;
    over = { error };
    if (error === undefined) begun.resolve();
    else begun.reject(error);
    room?.resolve();
    if (reader === undefined) return;
    if (error === undefined) reader.resolve({ done: true, value: undefined });
    else reader.reject(error);
    reader = undefined;
  };
  const put = (events: readonly ChatEvent[]): void => {
    begun.resolve();
    if (reader === undefined) waiting.push(events);
    else reader.resolve({ done: false, value: events });
    reader = undefined;
  };
  const iterator: AsyncIterator<readonly ChatEvent[]> = {
    next() {
      const value = waiting.shift();
      if (value !== undefined) {
        room?.resolve();
        room = undefined;
        return Promise.resolve({ done: false, value });
      }
      if (over !== undefined)
        return over.error === undefined
          ? Promise.resolve({ done: true, value: undefined })
          : Promise.reject(over.error);
      reader = Promise.withResolvers();
      return reader.promise;
    },
    return() {
      waiting.length = 0;
      const isLeft = over === undefined;
      finish(undefined);
      if (isLeft) onLeft();
      return Promise.resolve({ done: true, value: undefined });
    },
  };

  return {
    stream: { [Symbol.asyncIterator]: () => iterator },
    begun: begun.promise,
    async push(events) {
      if (events.length === 0 || over !== undefined) return;
      hasSpoken = true;
      put(events);
      if (waiting.length < MAX_WAITING) return;
      room ??= Promise.withResolvers();
      await room.promise;
    },
    pushIfIdle(events) {
      if (over === undefined && waiting.length === 0 && !hasSpoken) put(events);
      hasSpoken = false;
    },
    end: () => finish(undefined),
    fail: (error) => finish(error),
  };
}
