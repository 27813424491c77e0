/** Whether a key may have calls carried out that no model suggested to it. */

import type { Caller } from '../../contracts/caller.ts';

/** Its own grant has to say so, and no level above may say otherwise. */
export function mayExecuteAny({ grant, levels }: Pick<Caller, 'grant' | 'levels'>): boolean {
  return grant.execute === 'any' && levels?.some((level) => level.grant?.execute === 'suggested') !== true;
}
