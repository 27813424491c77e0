/** What a refused call is told: whose limit it met and which, and of a level above its key no more than that. */

import { GatewayError } from '../../contracts/errors.ts';
import type { LimitLine, LimitVerdict, RateStanding } from '../../contracts/limits.ts';
import { describeLine, nameSpan } from '../../domain/limits/compile-lines.ts';

type Admitted = Extract<LimitVerdict, { type: 'admitted' }>;
type Refused = Extract<LimitVerdict, { type: 'refused' }>;

/** `estimateMicroUsd`: what the call may cost; only of budgets. */
export function refusalOf(refused: Refused, estimateMicroUsd?: number): GatewayError {
  const { line, retryAfterMs } = refused;
  const { type, name } = line.level;
  const data = {
    ...(line.what === 'money' ? budgetData(refused, estimateMicroUsd) : rateData(line)),
    ...{ level: { type, name }, ...(line.on !== undefined && { on: line.on }) },
    ...(retryAfterMs !== undefined && { retryAfterMs: Math.ceil(retryAfterMs) }),
  };
  return new GatewayError(line.what === 'money' ? 'budget_exceeded' : 'rate_limited', describeLine(line), { data });
}

function rateData(line: LimitLine): object {
  if (line.what === 'concurrent') return { limit: 'maxConcurrent', max: line.max };
  return { limit: line.what, max: line.max, per: nameSpan(line) };
}

/** What others spent is theirs to know: figures only of the key's own budget. */
function budgetData({ line, used, reserved = 0 }: Refused, estimateMicroUsd: number | undefined): object {
  const own = { spentMicroUsd: used - reserved, reservedMicroUsd: reserved };
  return {
    ...{ budget: nameSpan(line), maxMicroUsd: line.max },
    ...(line.level.type === 'key' && own),
    ...(estimateMicroUsd !== undefined && { estimateMicroUsd }),
  };
}

/** Where a refused call stands with the rate it met; undefined for calls at once, which have no window. */
export function standingOnRefusal({ line, used, retryAfterMs }: Refused): RateStanding | undefined {
  if (line.what === 'concurrent') return undefined;
  return { max: line.max, remaining: Math.max(0, line.max - used), resetMs: retryAfterMs ?? 0 };
}

/** Where an admitted call stands with the rate of which the smallest share is left. */
export function standingOf(lines: readonly LimitLine[], admitted: Admitted): RateStanding | undefined {
  const { used } = admitted;
  let nearest = -1;
  let nearestShare = Number.POSITIVE_INFINITY;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    if (line === undefined || line.what === 'concurrent') continue;
    const share = (line.max - (used[i] ?? 0)) / line.max;
    if (share >= nearestShare) continue;
    nearest = i;
    nearestShare = share;
  }
  const line = lines[nearest];
  if (line === undefined) return undefined;
  const remaining = Math.max(0, line.max - (used[nearest] ?? 0));
  const spanMs = line.span.type === 'sliding' ? line.span.spanMs : 0;
  return { max: line.max, remaining, resetMs: remaining >= 1 ? 0 : (admitted.resetMs?.(nearest) ?? spanMs) };
}
