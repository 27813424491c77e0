/** One timer for the deadlines of all requests in flight: most are answered long before, so a timer each is wasted. */

/** setTimeout takes no more. */
const MAX_TIMER_MS = 2_147_483_647;
/** Timers count whole milliseconds and may come that much early. */
const EARLY_MS = 1;

export interface Deadlines {
  /** Makes sure that a sweep comes at `dueMs` (as `performance.now()`) or earlier. */
  cover(dueMs: number): void;
  stop(): void;
}

/**
 * `sweep` ends everything that was due by `nowMs` and returns when the next is due (Infinity: nothing is left). The timer
 * does not keep the process alive; whatever is waited for does.
 */
export function createDeadlines(sweep: (nowMs: number) => number): Deadlines {
  let armedForMs = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  const arm = (dueMs: number): void => {
    armedForMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.min(Math.max(1, dueMs - performance.now()), MAX_TIMER_MS);
    timer = setTimeout(() => {
      armedForMs = Number.POSITIVE_INFINITY;
      const nextMs = sweep(performance.now() + EARLY_MS);
      if (nextMs < armedForMs) cover(nextMs);
    }, waitMs).unref();
  };
  const cover = (dueMs: number): void => {
    if (dueMs >= armedForMs) return;
    clearTimeout(timer);
    arm(dueMs);
  };

  return {
    cover,
    stop() {
      clearTimeout(timer);
      armedForMs = Number.NEGATIVE_INFINITY;
    },
  };
}
