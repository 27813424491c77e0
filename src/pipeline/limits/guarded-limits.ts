/** The limit store as the steps see it: what is done while it cannot be reached is the operator's choice. */

import type { LimitStore, LimitVerdict } from '../../contracts/limits.ts';
import type { Log } from '../../contracts/log.ts';

/**
 * `allow`: calls are counted in `own`, by each process for itself, until the store is back; what was spent meanwhile is in the ledger,
 * but not in the store's accounts of windows it already counts. `refuse`, or no `own`: they are refused. Does not dispose of either.
 */
export function createGuardedLimits(deps: {
  readonly store: LimitStore;
  readonly own: LimitStore | undefined;
  readonly onLoss: () => 'refuse' | 'allow';
  readonly log: Log | undefined;
}): LimitStore {
  const { store, own } = deps;
  let isLost = false;

  const note = (lost: boolean): void => {
    if (lost === isLost) return;
    isLost = lost;
    if (!lost) deps.log?.info('limits can be counted again');
    else if (deps.onLoss() === 'allow' && own !== undefined)
      deps.log?.error('the store of limits cannot be reached: this process counts for itself');
    else deps.log?.error('limits cannot be counted: calls that have any are refused');
  };

  const judge = (
    verdict: LimitVerdict,
    callId: string,
    uses: Parameters<LimitStore['enter']>[1],
  ): LimitVerdict | Promise<LimitVerdict> => {
    const lost = verdict.type === 'unavailable';
    if (lost || isLost) note(lost);
    return lost && own !== undefined && deps.onLoss() === 'allow' ? own.enter(callId, uses) : verdict;
  };

  return {
    enter(callId, uses) {
      const verdict = store.enter(callId, uses);
      if (!(verdict instanceof Promise)) return judge(verdict, callId, uses);
      return verdict.then((told) => judge(told, callId, uses));
    },
    used: (line) => store.used(line),
    async [Symbol.asyncDispose]() {},
  };
}
