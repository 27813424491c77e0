/**
 * Waits for the first piece of a streamed answer before it is handed out: until then somebody else can still be asked, and
 * afterwards nobody can.
 */

import { ProviderFailure } from '../../contracts/models.ts';
import type { StreamedOutcome } from '../on-end.ts';
import type { AttemptLimit } from './attempt-limit.ts';

export interface StreamWatch {
  /** The first piece is there. */
  began(): void;
  /** Milliseconds the reader waited for the provider, for each piece but the first. */
  waited(ms: number): void;
  /** Once: read to its end, left by its reader (undefined), or broken. Says what the reader is to be told. */
  over(failure: unknown): unknown;
}

export interface BeginDeps {
  readonly monotonicMs: () => number;
  readonly limit: AttemptLimit;
}

/** Throws what the provider throws before its first piece, and ProviderFailure `malformed` for a chat without any. */
export async function beginStream<O extends StreamedOutcome>(
  deps: BeginDeps,
  outcome: O,
  watch: StreamWatch,
): Promise<O> {
  if (outcome.type === 'raw') {
    return { ...outcome, bytes: await begin(deps, outcome.bytes, watch, () => true, true) };
  }
  const { stream } = outcome;
  const begun =
    stream.lane === 'pass'
      ? { ...stream, value: await begin(deps, stream.value, watch, (bytes) => bytes.byteLength > 0, false) }
      : { ...stream, value: await begin(deps, stream.value, watch, (events) => events.length > 0, false) };
  return { ...outcome, stream: begun };
}

/** Nobody wants more of it; how that goes concerns nobody either. */
export function leave(stream: { return?(): Promise<unknown> }): void {
  stream.return?.().catch(() => undefined);
}

async function begin<T>(
  { monotonicMs, limit }: BeginDeps,
  stream: AsyncIterable<T>,
  watch: StreamWatch,
  saysSomething: (item: T) => boolean,
  mayBeEmpty: boolean,
): Promise<AsyncIterable<T>> {
  const inner = stream[Symbol.asyncIterator]();
  let first: IteratorResult<T>;
  try {
    do first = await limit.race(inner.next(), () => undefined);
    while (first.done !== true && !saysSomething(first.value));
    if (first.done === true && !mayBeEmpty)
      throw new ProviderFailure('malformed', 'the stream ended before anything came');
  } catch (error) {
    leave(inner);
    throw error;
  }
  watch.began();
  const reader = new Reader(inner, first, watch, limit, monotonicMs);
  return { [Symbol.asyncIterator]: () => reader };
}

/** Hand-written, not a generator: it has to hear of its end also before it was begun, and in the middle of a wait. */
class Reader<T> implements AsyncIterator<T> {
  readonly #inner: AsyncIterator<T>;
  readonly #watch: StreamWatch;
  readonly #limit: AttemptLimit;
  readonly #monotonicMs: () => number;
  #first: IteratorResult<T> | undefined;
  #isOver = false;
  #failure: unknown;
  #reject: ((error: unknown) => void) | undefined;

  constructor(
    inner: AsyncIterator<T>,
    first: IteratorResult<T>,
    watch: StreamWatch,
    limit: AttemptLimit,
    monotonicMs: () => number,
  ) {
    this.#inner = inner;
    this.#first = first;
    this.#watch = watch;
    this.#limit = limit;
    this.#monotonicMs = monotonicMs;
    limit.onEnded((why) => {
      if (this.#isOver) return;
      this.#end(why);
      leave(inner);
      this.#reject?.(this.#failure);
    });
    if (first.done === true) this.#end(undefined);
  }

  next(): Promise<IteratorResult<T>> {
    const first = this.#first;
    if (first !== undefined) {
      this.#first = undefined;
      return Promise.resolve(first);
    }
    if (this.#isOver)
      return this.#failure === undefined
        ? Promise.resolve({ done: true, value: undefined })
        : Promise.reject(this.#failure);
    const askedMs = this.#monotonicMs();
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#inner.next().then(
        (item) => {
          this.#watch.waited(this.#monotonicMs() - askedMs);
          if (item.done === true) this.#end(undefined);
          resolve(item);
        },
        (error: unknown) => {
          this.#watch.waited(this.#monotonicMs() - askedMs);
          this.#end(this.#limit.ended ?? error);
          reject(this.#failure);
        },
      );
    });
  }

  return(): Promise<IteratorResult<T>> {
    this.#first = undefined;
    this.#end(undefined);
    this.#failure = undefined;
    return this.#inner.return?.() ?? Promise.resolve({ done: true, value: undefined });
  }

  #end(failure: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure === undefined ? undefined : this.#watch.over(failure);
    if (failure === undefined) this.#watch.over(undefined);
    this.#limit.release();
  }
}
