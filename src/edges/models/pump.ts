/** Carries a stream to its reader: as fast as it takes it, and no further than it stays. */

import type { ByteSink } from '../http/exchange.ts';

export interface PumpOptions<T> {
  encode(item: T): Uint8Array | string;
  /** What is written after the last item. */
  finish(): string;
  /** The stream failed, or could not be encoded, while its reader was there. Ends the answer. */
  onBroken(error: unknown): void;
}

/** A reader that goes away ends the reading, and so does what cannot be encoded: nobody pays for what nobody reads. */
export async function pump<T>(
  sink: ByteSink,
  stream: AsyncIterable<T>,
  { encode, finish, onBroken }: PumpOptions<T>,
): Promise<void> {
  const iterator = stream[Symbol.asyncIterator]();
  let isOver = false;
  const leave = (): void => {
    if (isOver) return;
    isOver = true;
    void iterator.return?.();
  };
  // Even in the middle of waiting for the provider.
  sink.onClose(leave);
  try {
    for (;;) {
      const item = await iterator.next();
      if (item.done === true) break;
      if (sink.closed) return;
      if (!sink.write(encode(item.value))) await sink.drained();
    }
    isOver = true;
    if (sink.closed) return;
    sink.write(finish());
  } catch (error) {
    leave();
    if (!sink.closed) onBroken(error);
    return;
  }
  sink.end();
}
