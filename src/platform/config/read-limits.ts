/** What a key may use in a time, from its entry in the file. */

import type { UsageLimits } from '../../contracts/limits.ts';
import type { LimitsBody } from '../../contracts/shapes/limits.ts';
import { toUsageLimits } from '../../contracts/shapes/read-shapes.ts';
import { checkPattern } from './check-pattern.ts';
import type { KnownServer } from './read-servers.ts';
import type { Path, Report } from './report.ts';

/** Undefined: no limit at all. Patterns that can never match are reported, those of servers that are not there are warned about. */
export function readLimits(
  report: Report,
  path: Path,
  limits: LimitsBody | undefined,
  known: readonly KnownServer[],
  providers: readonly string[],
): UsageLimits | undefined {
  if (limits === undefined) return undefined;
  for (const part of ['requests', 'tokens', 'toolCalls', 'budgets'] as const)
    for (const [i, { on = [] }] of limits[part].entries())
      for (const [k, pattern] of on.entries())
        checkPattern(report, [...path, part, i, 'on', k], pattern, known, providers);
  return toUsageLimits(limits);
}
