/** A verdict whose end somebody else hears of. */

import type { LimitVerdict } from '../../contracts/limits.ts';

type Admitted = Extract<LimitVerdict, { type: 'admitted' }>;

/** The same verdict with another `leave`; whatever object it is. */
export function withLeave(verdict: Admitted, leave: Admitted['leave']): Admitted {
  const { type, used } = verdict;
  if (verdict.resetMs === undefined) return { type, used, leave };
  return { type, used, leave, resetMs: (index) => verdict.resetMs?.(index) ?? 0 };
}
