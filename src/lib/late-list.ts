/** Tells of what takes longer than a given time. Nearly everything is over long before, so all share one timer. */

/** Timers count whole milliseconds and may come that much early. */
const EARLY_MS = 1;

/** One thing that is waited for. */
export interface Waiting<T> {
  readonly item: T;
  readonly dueMs: number;
  previous: Waiting<T> | undefined;
  next: Waiting<T> | undefined;
  listed: boolean;
}

/** Everything waits equally long, so what came first is due first: a list from which each can be taken at once. */
export class LateList<T> {
  readonly #afterMs: number;
  readonly #onLate: (item: T) => void;
  #first: Waiting<T> | undefined = undefined;
  #last: Waiting<T> | undefined = undefined;
  #isArmed = false;

  /** `onLate` is told of each item once, `afterMs` milliseconds after it was added. The timer keeps no process alive. */
  constructor(afterMs: number, onLate: (item: T) => void) {
    this.#afterMs = afterMs;
    this.#onLate = onLate;
  }

  add(item: T): Waiting<T> {
    const waiting: Waiting<T> = {
      item,
      dueMs: performance.now() + this.#afterMs,
      previous: this.#last,
      next: undefined,
      listed: true,
    };
    if (this.#last === undefined) this.#first = waiting;
    else this.#last.next = waiting;
    this.#last = waiting;
    if (!this.#isArmed) this.#arm(this.#afterMs);
    return waiting;
  }

  /** It is over. Nothing happens if it was late already. */
  remove(waiting: Waiting<T>): void {
    if (!waiting.listed) return;
    const { previous, next } = waiting;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    // A dead entry that pointed to a living one would, once it is old, keep that and all that come after it.
    waiting.previous = undefined;
    waiting.next = undefined;
    waiting.listed = false;
  }

  #arm(delayMs: number): void {
    this.#isArmed = true;
    setTimeout(() => this.#sweep(), Math.max(1, delayMs)).unref();
  }

  #sweep(): void {
    this.#isArmed = false;
    const nowMs = performance.now() + EARLY_MS;
    for (let first = this.#first; first !== undefined && first.dueMs <= nowMs; first = this.#first) {
      this.remove(first);
      this.#onLate(first.item);
    }
    if (this.#first !== undefined && !this.#isArmed) this.#arm(this.#first.dueMs - performance.now());
  }
}
