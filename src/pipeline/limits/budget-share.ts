/** How much is used of a caller's budget that is nearest to its end, for rules on where its calls go. */

import type { Caller } from '../../contracts/caller.ts';
import type { LimitLine, LimitStore } from '../../contracts/limits.ts';
import type { LinesOf } from '../../domain/limits/lines-of.ts';

/** 1 for all of it; undefined: there is none, or nobody knows. Of its key and the levels above, those that count every call. */
export type BudgetShare = (caller: Caller) => number | undefined | Promise<number | undefined>;

export function createBudgetShare(deps: {
  readonly limits: Pick<LimitStore, 'used'>;
  readonly linesOf: LinesOf;
}): BudgetShare {
  return (caller) => {
    const lines = deps.linesOf(caller)?.lines.filter(({ what, on }) => what === 'money' && on === undefined) ?? [];
    if (lines.length === 0) return undefined;
    const used = lines.map(deps.limits.used);
    return used.some((each) => each instanceof Promise)
      ? Promise.all(used).then((all) => largestShare(lines, all))
      : largestShare(lines, used as (number | undefined)[]);
  };
}

function largestShare(lines: readonly LimitLine[], used: readonly (number | undefined)[]): number | undefined {
  const shares = lines.flatMap(({ max }, i) => {
    const each = used[i];
    return each === undefined ? [] : [each / max];
  });
  return shares.length === 0 ? undefined : Math.max(...shares);
}
