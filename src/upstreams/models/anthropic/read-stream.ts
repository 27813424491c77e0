/** The pieces of a provider's answer as the stream of an outcome, begun before it is handed out. */

/** What becomes of the pieces. */
export interface PieceReader<T> {
  /** Undefined: nothing to hand on yet. May throw. */
  read(piece: Buffer): T | undefined;
  /** No more come. Throws if there should have been more. */
  finish(): void;
}

/**
 * Resolves once the first item is there, so that what fails before it fails the try and not the answer. The iterator is no
 * generator: one that was never begun has to give up the provider's answer when it is left.
 */
export async function beginStream<T>(pieces: AsyncIterable<Buffer>, reader: PieceReader<T>): Promise<AsyncIterable<T>> {
  const source = pieces[Symbol.asyncIterator]();
  let isLeft = false;
  const leave = async (): Promise<void> => {
    isLeft = true;
    await source.return?.();
  };
  const advance = async (): Promise<IteratorResult<T>> => {
    for (;;) {
      const piece = await source.next();
      if (piece.done === true) {
        // Whoever left did not wait for an end.
        if (!isLeft) reader.finish();
        return { done: true, value: undefined };
      }
      let item: T | undefined;
      try {
        item = reader.read(piece.value);
      } catch (error) {
        await leave();
        throw error;
      }
      if (item !== undefined) return { done: false, value: item };
    }
  };
  let first: IteratorResult<T> | undefined = await advance();
  return {
    [Symbol.asyncIterator]: () => ({
      next() {
        if (first === undefined) return advance();
        const result = first;
        first = undefined;
        return Promise.resolve(result);
      },
      async return() {
        first = undefined;
        await leave();
        return { done: true, value: undefined };
      },
    }),
  };
}
