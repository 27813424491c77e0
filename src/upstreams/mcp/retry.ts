/** Whether a call that failed may be made again: the rule that keeps "unknown" from becoming "twice". */

import type { GatewayError } from '../../contracts/errors.ts';
import { jitterMs } from '../../lib/backoff.ts';

/** Waits before a call is repeated that a live server had no time for (429, 503, connection refused). */
const BUSY_WAITS_MS = [250, 1_000];

/** How often this call was repeated already, by reason. */
export interface Repeats {
  readonly lost: number;
  readonly busy: number;
  readonly unknown: number;
}

export type RepeatVerdict =
  | { readonly type: 'give-up' }
  | { readonly type: 'repeat'; readonly reason: keyof Repeats; readonly delayMs: number };

/**
 * Certainly not executed: once on a new link, twice on a live one. Perhaps executed: once, and only if the request says
 * that this does no harm. Everything else never.
 */
export function decideRepeat(
  error: GatewayError,
  facts: { readonly linkIsOver: boolean; readonly repeatable: boolean; readonly made: Repeats },
  random: () => number,
): RepeatVerdict {
  const { made } = facts;
  if (error.code === 'upstream_unavailable') {
    if (facts.linkIsOver) return made.lost < 1 ? { type: 'repeat', reason: 'lost', delayMs: 0 } : { type: 'give-up' };
    const waitMs = BUSY_WAITS_MS[made.busy];
    return waitMs === undefined
      ? { type: 'give-up' }
      : { type: 'repeat', reason: 'busy', delayMs: jitterMs(waitMs, 0.2, random) };
  }
  if (error.code === 'outcome_unknown' && facts.repeatable && made.unknown < 1)
    return { type: 'repeat', reason: 'unknown', delayMs: 0 };
  return { type: 'give-up' };
}
