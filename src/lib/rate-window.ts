/** Counts amounts over a sliding span of time, so that no span of that length ever holds more than was allowed. */

/** The span is cut into so many slots; a slot leaves as a whole, once all of it is outside the span. */
export const SLOTS = 20;

export interface RateWindow {
  used(nowMs: number): number;
  /** Until `amount` more fits under `max`; 0: it does. More than `max` never fits: then it is the whole span. */
  waitMs(amount: number, max: number, nowMs: number): number;
  /** Adds what is used now. Returns its slot. */
  add(amount: number, nowMs: number): number;
  /** Adds what was used at a moment before; nothing if that is out of the span. */
  addPast(amount: number, atMs: number, nowMs: number): void;
  /** Takes away what was added in that slot and not used; nothing if that is out of the span. */
  giveBack(slot: number, amount: number, nowMs: number): void;
}

/** `nowMs` may be any clock. One that is set back adds to the newest slot. */
export function createRateWindow(spanMs: number): RateWindow {
  const slotMs = spanMs / SLOTS;
  /** One more than the span has: the oldest is partly outside of it, and counts until it is wholly so. */
  const amounts = new Float64Array(SLOTS + 1);
  let newest = Number.NEGATIVE_INFINITY;
  let total = 0;

  const placeOf = (slot: number): number => ((slot % (SLOTS + 1)) + SLOTS + 1) % (SLOTS + 1);
  const advance = (nowMs: number): void => {
    const slot = Math.floor(nowMs / slotMs);
    if (slot <= newest) return;
    if (slot - newest > SLOTS) {
      amounts.fill(0);
      total = 0;
    } else
      for (let gone = newest + 1; gone <= slot; gone++) {
        const at = placeOf(gone);
        total -= amounts[at] ?? 0;
        amounts[at] = 0;
      }
    newest = slot;
  };
  const put = (slot: number, amount: number): void => {
    const at = placeOf(slot);
    const before = amounts[at] ?? 0;
    const after = Math.max(0, before + amount);
    amounts[at] = after;
    total += after - before;
  };

  return {
    used(nowMs) {
      advance(nowMs);
      return total;
    },
    waitMs(amount, max, nowMs) {
      advance(nowMs);
      if (amount > max) return spanMs;
      let excess = total + amount - max;
      if (excess <= 0) return 0;
      for (let slot = newest - SLOTS; slot <= newest; slot++) {
        excess -= amounts[placeOf(slot)] ?? 0;
        // That slot is forgotten when the one SLOTS + 1 later begins.
        if (excess <= 0) return Math.max(1, (slot + SLOTS + 1) * slotMs - nowMs);
      }
      return spanMs;
    },
    add(amount, nowMs) {
      advance(nowMs);
      put(newest, amount);
      return newest;
    },
    addPast(amount, atMs, nowMs) {
      advance(nowMs);
      const slot = Math.min(newest, Math.floor(atMs / slotMs));
      if (slot >= newest - SLOTS) put(slot, amount);
    },
    giveBack(slot, amount, nowMs) {
      advance(nowMs);
      if (slot >= newest - SLOTS) put(slot, -amount);
    },
  };
}

/** Moments at which the slots of a sliding span begin, oldest first. */
export function slotStarts(spanMs: number, nowMs: number): readonly number[] {
  const slotMs = spanMs / SLOTS;
  const newest = Math.floor(nowMs / slotMs);
  return Array.from({ length: SLOTS + 1 }, (_, i) => (newest - SLOTS + i) * slotMs);
}
