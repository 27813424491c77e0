/**
 * Waits for the first piece of a streamed answer before it is handed out: until then somebody else can still be asked, and
 * afterwards nobody can.
 */

import type { ChatEvent } from '../../contracts/chat.ts';
import { ProviderFailure } from '../../contracts/models.ts';
import type { CheckEvents } from '../../domain/models/check-events.ts';
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
  /** Made only for a stream that is translated: what of its events may go on. */
  readonly createCheck: () => CheckEvents;
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
    return { ...outcome, bytes: await begin(deps, outcome.bytes, watch, ANY_BYTES) };
  }
  const { stream } = outcome;
  const begun =
    stream.lane === 'pass'
      ? { ...stream, value: await begin(deps, stream.value, watch, SOME_BYTES) }
      : { ...stream, value: await begin(deps, stream.value, watch, SOME_EVENTS, deps.createCheck()) };
  return { ...outcome, stream: begun };
}

/** Nobody wants more of it; how that goes concerns nobody either. */
export function leave(stream: { return?(): Promise<unknown> }): void {
  stream.return?.().catch(() => undefined);
}

interface Items<T> {
  readonly saysSomething: (item: T) => boolean;
  readonly mayBeEmpty: boolean;
}

const ANY_BYTES: Items<Uint8Array> = { saysSomething: () => true, mayBeEmpty: true };
const SOME_BYTES: Items<Uint8Array> = { saysSomething: ({ byteLength }) => byteLength > 0, mayBeEmpty: false };
const SOME_EVENTS: Items<readonly ChatEvent[]> = { saysSomething: ({ length }) => length > 0, mayBeEmpty: false };

/** Of one item, what may go on; throws ProviderFailure. Undefined: all of it as it came. */
type Take<T> = ((item: T) => T) | undefined;

function taken<T>(read: IteratorResult<T>, take: Take<T>): IteratorResult<T> {
  if (take === undefined || read.done === true) return read;
  const value = take(read.value);
  return value === read.value ? read : { done: false, value };
}

async function begin<T>(
  { monotonicMs, limit }: BeginDeps,
  stream: AsyncIterable<T>,
  watch: StreamWatch,
  { saysSomething, mayBeEmpty }: Items<T>,
  take?: Take<T>,
): Promise<AsyncIterable<T>> {
  const inner = stream[Symbol.asyncIterator]();
  let first: IteratorResult<T>;
  try {
    do first = taken(await limit.race(inner.next(), () => undefined), take);
    while (first.done !== true && !saysSomething(first.value));
    if (first.done === true && !mayBeEmpty)
      throw new ProviderFailure('malformed', 'the stream ended before anything came');
  } catch (error) {
    leave(inner);
    throw error;
  }
  watch.began();
  const reader = new Reader(inner, first, take, watch, limit, monotonicMs);
  return { [Symbol.asyncIterator]: () => reader };
}

/** Hand-written, not a generator: it has to hear of its end also before it was begun, and in the middle of a wait. */
class Reader<T> implements AsyncIterator<T> {
  readonly #inner: AsyncIterator<T>;
  readonly #take: Take<T>;
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
    take: Take<T>,
    watch: StreamWatch,
    limit: AttemptLimit,
    monotonicMs: () => number,
  ) {
    this.#inner = inner;
    this.#first = first;
    this.#take = take;
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
          try {
            resolve(taken(item, this.#take));
          } catch (error) {
            this.#end(error);
            leave(this.#inner);
            reject(this.#failure);
          }
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
