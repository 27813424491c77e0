/** Counts amounts over a sliding span of time, so that no span of that length ever holds more than was allowed. */

/** The span is cut into so many slots; a slot leaves as a whole, once all of it is outside the span. */
const SLOTS = 20;

export type RateVerdict = { readonly ok: true } | { readonly ok: false; readonly retryAfterMs: number };

export interface RateWindow {
  /** Adds `amount` if it fits. More than `max` at once never does: `retryAfterMs` is then the whole span. */
  take(amount: number, nowMs: number): RateVerdict;
  /** Adds what has been used anyway, or gives back (negative) what was taken too much of. */
  correct(amount: number, nowMs: number): void;
  used(nowMs: number): number;
  /** Until at least `amount` more fits. */
  waitMs(amount: number, nowMs: number): number;
}

/** `nowMs` may be any clock that does not run backwards. */
export function createRateWindow(max: number, spanMs: number): RateWindow {
  const slotMs = spanMs / SLOTS;
  /** One more than the span has: the oldest is partly outside of it, and counts until it is wholly so. */
  const amounts = new Float64Array(SLOTS + 1);
  let newest = Number.NEGATIVE_INFINITY;
  let total = 0;

  const advance = (nowMs: number): void => {
    const slot = Math.floor(nowMs / slotMs);
    if (slot <= newest) return;
    const gone = Math.min(SLOTS + 1, slot - newest);
    for (let i = 1; i <= gone; i++) {
      const at = (newest === Number.NEGATIVE_INFINITY ? i : newest + i) % (SLOTS + 1);
      total -= amounts[at] ?? 0;
      amounts[at] = 0;
    }
    newest = slot;
    if (gone === SLOTS + 1) total = 0;
  };

  const waitMs = (amount: number, nowMs: number): number => {
    advance(nowMs);
    if (amount > max) return spanMs;
    let excess = total + amount - max;
    if (excess <= 0) return 0;
    for (let age = SLOTS; age >= 0; age--) {
      const slot = newest - age;
      excess -= amounts[((slot % (SLOTS + 1)) + SLOTS + 1) % (SLOTS + 1)] ?? 0;
      // That slot is forgotten when the one SLOTS + 1 later begins.
      if (excess <= 0) return Math.max(1, (slot + SLOTS + 1) * slotMs - nowMs);
    }
    return spanMs;
  };

  return {
    waitMs,
    take(amount, nowMs) {
      const retryAfterMs = waitMs(amount, nowMs);
      if (retryAfterMs > 0) return { ok: false, retryAfterMs };
      this.correct(amount, nowMs);
      return { ok: true };
    },
    correct(amount, nowMs) {
      advance(nowMs);
      const at = newest % (SLOTS + 1);
      const before = amounts[at] ?? 0;
      // What was taken in a slot that is gone meanwhile cannot be given back to it.
      const after = Math.max(0, before + amount);
      amounts[at] = after;
      total += after - before;
    },
    used(nowMs) {
      advance(nowMs);
      return total;
    },
  };
}
