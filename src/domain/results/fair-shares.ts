/** Dividing a room among many, so that what is small stays whole and what is large is cut. */

/** What each gets: at least its `mins`, at most its `wants`. The sum is at most `total` if that of `mins` is. */
export function fairShares(wants: readonly number[], mins: readonly number[], total: number): readonly number[] {
  const shares = [...mins];
  const wish = (i: number): number => Math.max(0, (wants[i] ?? 0) - (mins[i] ?? 0));
  let left = total - mins.reduce((sum, min) => sum + min, 0);
  const order = wants.map((_, i) => i).sort((a, b) => wish(a) - wish(b));
  for (const [n, i] of order.entries()) {
    const extra = Math.max(0, Math.min(wish(i), Math.floor(left / (order.length - n))));
    shares[i] = (mins[i] ?? 0) + extra;
    left -= extra;
  }
  return shares;
}

/** How many of the first fit with their `mins` into `total`. */
export function countFitting(mins: readonly number[], total: number): number {
  let sum = 0;
  for (const [i, min] of mins.entries()) {
    sum += min;
    if (sum > total) return i;
  }
  return mins.length;
}
