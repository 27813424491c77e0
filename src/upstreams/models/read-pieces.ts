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
  return { [Symbol.asyncIterator]: () => new Pieces(pieces[Symbol.asyncIterator](), reader) };
}

class Pieces<T> implements AsyncIterator<T> {
  readonly #inner: AsyncIterator<Buffer>;
  readonly #reader: PieceReader<T>;
  #isOver = false;

  constructor(inner: AsyncIterator<Buffer>, reader: PieceReader<T>) {
    this.#inner = inner;
    this.#reader = reader;
  }

  async next(): Promise<IteratorResult<T>> {
    const reader = this.#reader;
    try {
      while (!this.#isOver) {
        // What came before the fault was handed out first.
        if (reader.failure !== undefined) throw reader.failure;
        const piece = await this.#inner.next();
        if (this.#isOver) break;
        if (piece.done === true) {
          this.#isOver = true;
          const rest = reader.finish();
          return rest === undefined ? { done: true, value: undefined } : { done: false, value: rest };
        }
        const item = reader.push(piece.value);
        if (item !== undefined) return { done: false, value: item };
      }
    } catch (error) {
      if (!this.#isOver) await this.return();
      throw error;
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<T>> {
    this.#isOver = true;
    await this.#inner.return?.();
    return { done: true, value: undefined };
  }
}
