/** How long to wait before trying again: exponential growth with a ceiling, and jitter so that many do not try at once. */

/** Spreads `valueMs` evenly over ± `share` (0.1: ± 10 %). `random` gives numbers from 0 to 1. */
export function jitterMs(valueMs: number, share: number, random: () => number): number {
  return Math.round(valueMs * (1 + share * (2 * random() - 1)));
}

/** Anything up to `firstMs` doubled `attempt` times, at most `maxMs`: full jitter, for many who were refused together. */
export function fullJitterMs(
  attempt: number,
  bounds: { readonly firstMs: number; readonly maxMs: number },
  random: () => number,
): number {
  return Math.round(random() * Math.min(bounds.maxMs, bounds.firstMs * 2 ** Math.min(attempt, 30)));
}

/** Wait before retry `attempt` (0 is the first): `firstMs` doubling up to `maxMs`, ± 20 %, never above `maxMs`. */
export function backoffMs(
  attempt: number,
  bounds: { readonly firstMs: number; readonly maxMs: number },
  random: () => number,
): number {
  const grown = bounds.firstMs * 2 ** Math.min(attempt, 30);
  return Math.min(bounds.maxMs, jitterMs(Math.min(bounds.maxMs, grown), 0.2, random));
}
