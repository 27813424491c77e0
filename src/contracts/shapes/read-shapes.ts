/** From the words people write to those we decide with. */

import type { Grant } from '../caller.ts';
import type { UsageLimits } from '../limits.ts';
import type { BoundBody, GrantBody } from './grant.ts';
import type { LimitsBody } from './limits.ts';

const MICRO = 1_000_000;

/** Undefined: it limits nothing. */
export function toUsageLimits(body: LimitsBody | undefined): UsageLimits | undefined {
  if (body === undefined) return undefined;
  const { requests, tokens, toolCalls, maxConcurrent } = body;
  const budgets = body.budgets.map(({ maxUsd, rolling, alertAt, ...budget }) => ({
    ...budget,
    maxMicroUsd: Math.round(maxUsd * MICRO),
    ...(rolling && { rolling }),
    ...(alertAt.length > 0 && { alertAt: [...alertAt].sort((a, b) => a - b) }),
  }));
  if ([requests, tokens, toolCalls, budgets].every(({ length }) => length === 0) && maxConcurrent === undefined)
    return undefined;
  return {
    requests,
    tokens,
    toolCalls,
    maxConcurrent,
    budgets,
    ...(body.queue !== undefined && { queue: body.queue }),
  };
}

export function toGrant({ toolsets, ...grant }: GrantBody): Grant {
  return { ...grant, ...(toolsets.length > 0 && { toolsets }) };
}

/** What a level above keys bounds. Undefined: nothing. */
export function toBound(body: BoundBody | undefined): Grant | undefined {
  return body;
}
