/** How long to wait after so many failures: nothing at first, then doubling up to a ceiling. Never for good. */

/** Milliseconds after the last of `failures`; the first `free` cost nothing. */
export function growingWaitMs(
  failures: number,
  rule: { readonly free: number; readonly firstWaitMs: number; readonly maxWaitMs: number },
): number {
  if (failures <= rule.free) return 0;
  return Math.min(rule.maxWaitMs, rule.firstWaitMs * 2 ** Math.min(failures - rule.free - 1, 30));
}
