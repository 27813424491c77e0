/** Turns a provider's stream, read by read, into another: the part that has to do with waiting, leaving and failing. */

/** What looks at the pieces. Nothing here waits. */
export interface PieceReader<T> {
  /** Set by `push` when the stream turned out to be broken; what `push` returned came before that. */
  readonly failure: Error | undefined;
  /** What this piece makes; undefined: nothing yet. */
  push(piece: Buffer): T | undefined;
  /** What is left once the provider has ended. Throws if the end came before its time. */
  finish(): T | undefined;
}

/** One item per read of the socket at most. Leaving it, even in the middle of a wait, ends the provider's answer. */
export function readPieces<T>(pieces: AsyncIterable<Buffer>, reader: PieceReader<T>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const inner = pieces[Symbol.asyncIterator]();
      let isOver = false;
      const done: IteratorResult<T> = { done: true, value: undefined };
      const leave = async (): Promise<IteratorResult<T>> => {
        isOver = true;
        await inner.return?.();
        return done;
      };
      const pull = async (): Promise<IteratorResult<T>> => {
        while (!isOver) {
          // What came before the fault was handed out first.
          if (reader.failure !== undefined) throw reader.failure;
          const piece = await inner.next();
          if (isOver) return done;
          if (piece.done === true) {
            isOver = true;
            const rest = reader.finish();
            return rest === undefined ? done : { done: false, value: rest };
          }
          const item = reader.push(piece.value);
          if (item !== undefined) return { done: false, value: item };
        }
        return done;
      };
      return {
        next: () =>
          pull().catch(async (error: unknown) => {
            if (!isOver) await leave();
            throw error;
          }),
        return: leave,
      };
    },
  };
}
