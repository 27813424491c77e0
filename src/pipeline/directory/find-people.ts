/** Finds users and teams by what tokens and configurations call them. */

import type { KnownUser, LabelledLevel } from '../../contracts/caller.ts';
import { foldUserName } from '../../domain/accounts/user-name.ts';

type KnownTeam = LabelledLevel & { readonly organization: string | undefined };

export function createFindPeople<U extends KnownUser>(deps: {
  /** Changes with what is in the store. */
  readonly version: () => number;
  readonly people: () => { readonly users: ReadonlyMap<string, U>; readonly teams: ReadonlyMap<string, KnownTeam> };
  /** By id or by name, whatever its case. */
  readonly userId: (nameOrId: string) => string | undefined;
}): {
  user(
    by: { readonly issuer: string; readonly subject: string } | { readonly name: string } | { readonly id: string },
  ): U | undefined;
  team(idOrName: string): KnownTeam | undefined;
} {
  let identities: { readonly version: number; readonly ids: ReadonlyMap<string, string> } | undefined;
  const keyOf = (issuer: string, subject: string): string => JSON.stringify([issuer, subject]);

  /** Made anew with the first question after a change. */
  const byIdentity = (): ReadonlyMap<string, string> => {
    const version = deps.version();
    if (identities?.version !== version) {
      const ids = new Map<string, string>();
      for (const [id, user] of deps.people().users)
        for (const { issuer, subject } of user.identities) ids.set(keyOf(issuer, subject), id);
      identities = { version, ids };
    }
    return identities.ids;
  };

  return {
    user(by) {
      const { users } = deps.people();
      if ('id' in by) return users.get(by.id);
      if (!('name' in by)) return users.get(byIdentity().get(keyOf(by.issuer, by.subject)) ?? '');
      const found = users.get(deps.userId(by.name) ?? '');
      // An id is no name.
      return found !== undefined && foldUserName(found.name) === foldUserName(by.name) ? found : undefined;
    },
    team(idOrName) {
      const { teams } = deps.people();
      const byId = teams.get(idOrName);
      if (byId !== undefined) return byId;
      for (const team of teams.values()) if (team.name === idOrName) return team;
      return undefined;
    },
  };
}
