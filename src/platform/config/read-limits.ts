/** What a key may use in a time, from its entry in the file. */

import type { z } from 'zod';
import type { UsageLimits } from '../../contracts/limits.ts';
import { isTimeZone } from '../../lib/calendar-window.ts';
import type { Limits } from './limits-schema.ts';
import type { Path, Report } from './report.ts';

const MICRO = 1_000_000;

/** Undefined: no limit at all. Faults are reported. */
export function readLimits(
  report: Report,
  path: Path,
  limits: z.output<typeof Limits> | undefined,
): UsageLimits | undefined {
  if (limits === undefined) return undefined;
  const { requests, tokens, toolCalls, maxConcurrent } = limits;
  const budgets = limits.budgets.map(({ maxUsd, per, timeZone }, i) => {
    if (!isTimeZone(timeZone))
      report.problem([...path, 'budgets', i, 'timeZone'], 'is no time zone', 'write a name such as "Europe/Berlin"');
    return { maxMicroUsd: Math.round(maxUsd * MICRO), per, timeZone };
  });
  if ([requests, tokens, toolCalls, budgets].every(({ length }) => length === 0) && maxConcurrent === undefined)
    return undefined;
  return { requests, tokens, toolCalls, maxConcurrent, budgets };
}
