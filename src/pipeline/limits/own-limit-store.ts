/** Where a process counts for itself while the store that replicas share cannot be reached. */

import type { LimitStore, SpendStore } from '../../contracts/limits.ts';
import { createMemoryLimitStore, type MemoryLimitStoreDeps } from './memory-limit-store.ts';

/** Never unavailable: where the ledger cannot be read either, a budget begins with nothing spent. */
export function createOwnLimitStore({ spend, ...deps }: MemoryLimitStoreDeps): LimitStore {
  return createMemoryLimitStore({ ...deps, spend: { spent: forgiving(spend.spent) } });
}

function forgiving(spent: SpendStore['spent']): SpendStore['spent'] {
  return (line, sinceMs) => {
    try {
      const told = spent(line, sinceMs);
      return told instanceof Promise ? told.catch(() => 0) : told;
    } catch {
      return 0;
    }
  };
}
