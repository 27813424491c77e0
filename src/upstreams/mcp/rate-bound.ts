/** A bound on how often a server can make us write to the log: so many per window, the rest only counted. */

export interface RateBound {
  /**
   * Whether this one may pass. `missed` is the number that did not since the last that did; name it in the log line.
   */
  admit(): { readonly pass: boolean; readonly missed: number };
}

export function createRateBound(perWindow: number, windowMs: number, now: () => number = Date.now): RateBound {
  let windowStart = now();
  let used = 0;
  let missed = 0;
  return {
    admit() {
      const at = now();
      if (at - windowStart >= windowMs) {
        windowStart = at;
        used = 0;
      }
      if (used >= perWindow) {
        missed++;
        return { pass: false, missed };
      }
      used++;
      const before = missed;
      missed = 0;
      return { pass: true, missed: before };
    },
  };
}
