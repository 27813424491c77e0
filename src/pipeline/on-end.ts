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

/** The same outcome; `listener` is told once, when its stream has been read, has failed, or was left. */
export function onEnd<O extends StreamedOutcome>(outcome: O, listener: (end: StreamEnd) => void): O {
  if (outcome.type === 'raw') return { ...outcome, bytes: watch(outcome.bytes, byteLength, listener) };
  const { stream } = outcome;
  const watched =
    stream.lane === 'pass'
      ? { ...stream, value: watch(stream.value, byteLength, listener) }
      : { ...stream, value: watch(stream.value, nothing, listener) };
  return { ...outcome, stream: watched };
}

const byteLength = (chunk: Uint8Array): number => chunk.byteLength;
const nothing = (): number => 0;

/** An iterator of our own, not a generator: one that was never begun has to hear of its end, too. */
function watch<T>(
  stream: AsyncIterable<T>,
  measure: (item: T) => number,
  listener: (end: StreamEnd) => void,
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const inner = stream[Symbol.asyncIterator]();
      let bytes = 0;
      let isOver = false;
      const end = (how: StreamEnd): void => {
        if (isOver) return;
        isOver = true;
        listener(how);
      };
      const onItem = (result: IteratorResult<T>): IteratorResult<T> => {
        if (result.done === true) end({ type: 'complete', bytes });
        else bytes += measure(result.value);
        return result;
      };
      const onError = (error: unknown): never => {
        end({ type: 'failed', bytes, error });
        throw error;
      };
      return {
        next: () => inner.next().then(onItem, onError),
        return() {
          // From the inside out, as at every other end: who stands further out wants to know what those within found.
          const left = inner.return?.() ?? Promise.resolve({ done: true, value: undefined });
          end({ type: 'left', bytes });
          return left;
        },
      };
    },
  };
}
