/** From what an identity provider says of a person to the user here: found, linked by e-mail, made, brought up to date. */

import type { IdentityResult } from '../../contracts/accounts.ts';
import type { Role } from '../../contracts/admin.ts';
import type { Log } from '../../contracts/log.ts';
import type { IdentityProviderConfig } from '../../contracts/login-config.ts';
import { type ChangeOrigin, ObjectConflict, type ObjectStore } from '../../contracts/objects.ts';
import type { UserBody } from '../../contracts/shapes/directory.ts';
import { type ClaimedPerson, givenByClaims, personByClaims, roleByClaims } from '../../domain/accounts/map-claims.ts';
import { foldUserName } from '../../domain/accounts/user-name.ts';
import { readUser, type User, type Users } from './users.ts';

export interface LinkDeps {
  readonly objects: ObjectStore;
  readonly users: Users;
  readonly log: Log;
  readonly now: () => number;
  readonly newHex: () => string;
}

type Identified = Extract<IdentityResult, { readonly type: 'identified' }>;

export type Linked =
  | { readonly type: 'user'; readonly user: User }
  /** `reason` is for the person. */
  | { readonly type: 'refused'; readonly reason: string };

/** Somebody else changes the same user at the same time, or makes one of that name. */
const MAX_TRIES = 4;

export function createLinkUser(
  deps: LinkDeps,
): (provider: IdentityProviderConfig, identity: Identified) => Promise<Linked> {
  const { objects, users, log, now } = deps;

  const teamsByClaims = async (
    provider: IdentityProviderConfig,
    identity: Identified,
    before: readonly string[],
  ): Promise<string[]> => {
    if (provider.teams.length === 0) return [...before];
    const given = new Set(givenByClaims(identity.claims, provider.teams));
    const idOf = new Map<string, string>();
    for (const name of new Set(provider.teams.map(({ gives }) => gives))) {
      const [team] = await objects.list('team', { limit: 1, where: { name } });
      if (team !== undefined) idOf.set(name, team.id);
      else log.warn('a team that sign-ins give does not exist', { provider: provider.name, team: name });
    }
    const managed = new Set(idOf.values());
    const kept = before.filter((id) => !managed.has(id));
    return [...kept, ...[...idOf].filter(([name]) => given.has(name)).map(([, id]) => id)];
  };

  /** Undefined: as it is. */
  const bringUpToDate = async (
    provider: IdentityProviderConfig,
    identity: Identified,
    person: ClaimedPerson,
    role: Role | undefined,
    { body }: User,
  ): Promise<UserBody> => {
    const { issuer, subject } = identity;
    const isKnown = body.identities.some((each) => each.issuer === issuer && each.subject === subject);
    return {
      ...body,
      // Without rules the role is what was set here.
      role: provider.roles.length === 0 ? body.role : (role ?? body.role),
      identities: isKnown ? body.identities : [...body.identities, { issuer, subject }],
      teams: await teamsByClaims(provider, identity, body.teams),
      ...(person.displayName !== undefined && { displayName: person.displayName }),
      ...(person.verifiedEmail !== undefined && { email: person.verifiedEmail }),
    };
  };

  const find = async (
    provider: IdentityProviderConfig,
    { issuer, subject }: Identified,
    person: ClaimedPerson,
  ): Promise<User | undefined> => {
    const known = await users.byIdentity(issuer, subject);
    if (known !== undefined || !provider.linkByEmail || person.verifiedEmail === undefined) return known;
    const [only, more] = await users.byEmail(person.verifiedEmail);
    // Who has an identity brought that address along from a provider, which may be another: they could have chosen it so as
    // to be taken for somebody who comes later.
    return more === undefined && only?.body.identities.length === 0 ? only : undefined;
  };

  const create = async (
    provider: IdentityProviderConfig,
    identity: Identified,
    person: ClaimedPerson,
    role: Role,
    origin: ChangeOrigin,
  ): Promise<User | undefined> => {
    const { issuer, subject } = identity;
    for (const name of person.names) {
      if ((await users.byName(name)) !== undefined) continue;
      const body: UserBody = {
        ...{ name, isActive: true, role, labels: {}, identities: [{ issuer, subject }] },
        teams: await teamsByClaims(provider, identity, []),
        ...(person.displayName !== undefined && { displayName: person.displayName }),
        ...(person.verifiedEmail !== undefined && { email: person.verifiedEmail }),
      };
      const id = `user_${deps.newHex()}`;
      const write = { action: 'create', kind: 'user', id, name: foldUserName(name), body } as const;
      const [made] = await objects.write([write], origin, now());
      return made && readUser(made);
    }
    return undefined;
  };

  const link = async (provider: IdentityProviderConfig, identity: Identified): Promise<Linked> => {
    const person = personByClaims(identity.claims, identity.subject);
    const byRule = roleByClaims(identity.claims, provider.roles);
    const role = byRule ?? provider.defaultRole;
    const origin: ChangeOrigin = {
      actor: { type: 'gateway', id: 'login', name: `sign-in at ${provider.name}` },
      via: 'gateway',
    };
    const user = await find(provider, identity, person);
    if (provider.roles.length > 0 && role === undefined)
      return { type: 'refused', reason: `Your account at ${provider.title} has no access here.` };
    if (user === undefined) {
      if (!provider.createUsers || role === undefined)
        return {
          type: 'refused',
          reason: 'There is no account here for you. Ask whoever runs this gateway to make one.',
        };
      const made = await create(provider, identity, person, role, origin);
      if (made !== undefined) return { type: 'user', user: made };
      return { type: 'refused', reason: 'There is another account of your name here. Ask whoever runs this gateway.' };
    }
    if (!user.body.isActive) return { type: 'refused', reason: 'Your account here is switched off.' };
    const body = await bringUpToDate(provider, identity, person, role, user);
    if (JSON.stringify(body) === JSON.stringify(user.body)) return { type: 'user', user };
    const { id, version } = user;
    const write = {
      action: 'update',
      kind: 'user',
      id,
      name: foldUserName(body.name),
      body,
      ifVersion: version,
    } as const;
    const [written] = await objects.write([write], origin, now());
    return { type: 'user', user: written === undefined ? user : readUser(written) };
  };

  return async (provider, identity) => {
    for (let tries = 1; ; tries++) {
      try {
        return await link(provider, identity);
      } catch (error) {
        if (!(error instanceof ObjectConflict) || tries === MAX_TRIES) throw error;
      }
    }
  };
}
