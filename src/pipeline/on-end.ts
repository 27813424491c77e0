/** Lets a step act when an answer is over, also one that is streamed: a streamed outcome is one outcome. */

import type { ModelOutcome } from '../contracts/models.ts';

/** How the reading of a stream ended: all of it, with an error, or left early by whoever read it. */
export type StreamEnd =
  | { readonly type: 'complete'; readonly bytes: number }
  | { readonly type: 'failed'; readonly bytes: number; readonly error: unknown }
  | { readonly type: 'left'; readonly bytes: number };

export type StreamedOutcome = Extract<ModelOutcome, { readonly type: 'chat-stream' | 'raw' }>;

export function isStreamed(outcome: { readonly type: string }): outcome is StreamedOutcome {
  return outcome.type === 'chat-stream' || outcome.type === 'raw';
}

/**
 * The same outcome; `listener` is told once, when its stream has been read, has failed, or was left. Those told of one stream
 * hear in the order in which they asked, and cost an item of it one promise together.
 */
export function onEnd<O extends StreamedOutcome>(outcome: O, listener: (end: StreamEnd) => void): O {
  const items = outcome.type === 'raw' ? outcome.bytes : outcome.stream.value;
  if (items instanceof WatchedStream && items.listen(listener)) return outcome;
  if (outcome.type === 'raw') return { ...outcome, bytes: new WatchedStream(outcome.bytes, byteLength, listener) };
  const { stream } = outcome;
  const watched =
    stream.lane === 'pass'
      ? { ...stream, value: new WatchedStream(stream.value, byteLength, listener) }
      : { ...stream, value: new WatchedStream(stream.value, nothing, listener) };
  return { ...outcome, stream: watched };
}

const byteLength = (chunk: Uint8Array): number => chunk.byteLength;
const nothing = (): number => 0;

/** A stream and its one iterator. Not a generator: one that was never begun has to hear of its end, too. */
class WatchedStream<T> implements AsyncIterable<T>, AsyncIterator<T> {
  readonly #stream: AsyncIterable<T>;
  readonly #measure: (item: T) => number;
  readonly #listeners: ((end: StreamEnd) => void)[];
  #inner: AsyncIterator<T> | undefined = undefined;
  #bytes = 0;
  #isOver = false;

  constructor(stream: AsyncIterable<T>, measure: (item: T) => number, listener: (end: StreamEnd) => void) {
    this.#stream = stream;
    this.#measure = measure;
    this.#listeners = [listener];
  }

  /** False: it is being read already. */
  listen(listener: (end: StreamEnd) => void): boolean {
    if (this.#inner !== undefined) return false;
    this.#listeners.push(listener);
    return true;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    this.#inner = this.#stream[Symbol.asyncIterator]();
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#inner === undefined) throw new Error('a stream that was not begun');
    return this.#inner.next().then(this.#onItem, this.#onError);
  }

  return(): Promise<IteratorResult<T>> {
    // From the inside out, as at every other end: who stands further out wants to know what those within found.
    const left = this.#inner?.return?.() ?? Promise.resolve({ done: true, value: undefined });
    this.#end({ type: 'left', bytes: this.#bytes });
    return left;
  }

  readonly #onItem = (result: IteratorResult<T>): IteratorResult<T> => {
    if (result.done === true) this.#end({ type: 'complete', bytes: this.#bytes });
    else this.#bytes += this.#measure(result.value);
    return result;
  };

  readonly #onError = (error: unknown): never => {
    this.#end({ type: 'failed', bytes: this.#bytes, error });
    throw error;
  };

  #end(how: StreamEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    let told = how;
    let failure: { readonly error: unknown } | undefined;
    // All of them: what one of them stumbles over must not keep the next from giving back what it holds.
    for (const listener of this.#listeners)
      try {
        listener(told);
      } catch (error) {
        failure ??= { error };
        told = { type: 'failed', bytes: this.#bytes, error };
      }
    if (failure !== undefined) throw failure.error;
  }
}
