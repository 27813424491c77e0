/** Which keys of providers a caller's requests may be sent with: as its grant and every level above allow. */

import type { Caller } from '../../contracts/caller.ts';
import { matchesWildcard } from '../../lib/wildcard.ts';

/** A caller without such bounds pays two comparisons. */
export function mayUseKey(caller: Caller | undefined, provider: string, key: string): boolean {
  if (caller === undefined) return true;
  const { grant, levels } = caller;
  if (!allowsKey(grant.providerKeys, provider, key)) return false;
  return levels === undefined || levels.every((level) => allowsKey(level.grant?.providerKeys, provider, key));
}

/** Whether any bound of the caller speaks of keys of providers. */
export function boundsKeys({ grant, levels }: Caller): boolean {
  return grant.providerKeys !== undefined || levels?.some((level) => level.grant?.providerKeys !== undefined) === true;
}

/** Patterns are `provider/key`; one without a slash speaks of no key. */
function allowsKey(patterns: readonly string[] | undefined, provider: string, key: string): boolean {
  if (patterns === undefined) return true;
  return patterns.some((pattern) => {
    const slash = pattern.indexOf('/');
    if (slash === -1) return false;
    return matchesWildcard(pattern.slice(0, slash), provider) && matchesWildcard(pattern.slice(slash + 1), key);
  });
}
