/** What stands above whoever counts for several teams. */

import type { KeyDirectory, LabelledLevel } from '../../contracts/caller.ts';

/** Each once, teams before organisations: the nearest first. Undefined: one of the teams is not there, or its organisation is gone. */
export function levelsOfTeams(
  directory: Pick<KeyDirectory, 'findTeam'>,
  teams: readonly string[],
): readonly LabelledLevel[] | undefined {
  const above = new Set<LabelledLevel>();
  for (const team of teams) {
    const levels = directory.findTeam?.(team);
    if (levels === undefined) return undefined;
    for (const level of levels) above.add(level);
  }
  return [...above].sort((a, b) => Number(a.type === 'organization') - Number(b.type === 'organization'));
}
