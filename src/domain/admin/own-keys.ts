/** What somebody without `keys:write` may make for themselves: keys that stay within levels that bound them. */

import type { OwnKeyVerdict, OwnLevel } from '../../contracts/admin.ts';

/**
 * `team`: which one was named. Whoever is in teams names one of them, so that no key escapes their bounds; and some level has to
 * bound something, since a key that nothing bounds would open everything there is.
 */
export function decideOwnKey(
  user: { readonly teams: readonly string[] },
  team: string | undefined,
  levels: readonly OwnLevel[],
): OwnKeyVerdict {
  if (team === undefined && user.teams.length > 0)
    return { allowed: false, reason: `name the team it counts for, one of ${user.teams.join(', ')}` };
  if (team !== undefined && !user.teams.includes(team)) return { allowed: false, reason: 'this is none of your teams' };
  if (levels.every(({ bounds }) => bounds === undefined))
    return {
      allowed: false,
      reason: 'nothing bounds you, your team or your organisation, so whoever manages keys has to make this one',
    };
  return { allowed: true };
}
