/** The access tokens that our authorization server issued, and who they make their holder as of now. */

import type { TokenIssuer } from '../../contracts/access-tokens.ts';
import type { Caller, Grant, KeyDirectory } from '../../contracts/caller.ts';
import type { OAuthGrant, OAuthStore } from '../../contracts/oauth-store.ts';
import { createLru } from '../../lib/lru.ts';
import { levelsOfTeams } from '../directory/levels-of-teams.ts';
import { hashOf, type KeptRecord, type KeptRecords } from './kept-records.ts';

/** Our tokens begin so; nobody else's is looked for. */
const OWN = /^poa_[A-Za-z0-9_-]{43}$/;

export interface OwnTokens extends TokenIssuer {
  /** Whom a token of ours made somebody. */
  has(caller: Caller): boolean;
  /** The same, as of now; undefined: gone, switched off, or the key revoked. */
  refreshed(caller: Caller): Caller | undefined;
}

interface Known extends Pick<KeptRecord, 'expiresAtMs'> {
  /** Of the store when it was asked. */
  readonly version: number | undefined;
  readonly resource: unknown;
  readonly scopes: readonly string[];
  /** Undefined: it has ended. */
  readonly grant: OAuthGrant | undefined;
}

const MAX_KNOWN = 10_000;

export function createOwnTokens(deps: {
  readonly records: Pick<KeptRecords, 'find'>;
  readonly store: Pick<OAuthStore, 'findGrant' | 'version'>;
  readonly issuer: () => string;
  /** Undefined: whom it acts as is gone, switched off, expired or revoked. */
  readonly callerOf: (grant: OAuthGrant) => Caller | undefined;
  readonly now: () => number;
}): OwnTokens {
  const { records, store, callerOf, now } = deps;
  const grants = new WeakMap<Caller, OAuthGrant>();
  const known = createLru<Known>(MAX_KNOWN);

  /** What the store says of it; undefined: nothing. Opening what is sealed takes longer than the rest of a call's way in. */
  const lookUp = async (token: string): Promise<Known | undefined> => {
    const hash = hashOf(token);
    // Before it is asked: whatever changes meanwhile is looked at again.
    const version = store.version();
    const before = version === undefined ? undefined : known.get(hash);
    if (before !== undefined && before.version === version) return before;
    const record = await records.find('access', token);
    if (record?.grantId === undefined) return undefined;
    const { aud, scope } = record.value;
    const found: Known = {
      ...{ version, resource: aud, expiresAtMs: record.expiresAtMs, grant: await store.findGrant(record.grantId) },
      scopes: typeof scope === 'string' ? scope.split(' ') : [],
    };
    if (version !== undefined) known.set(hash, found, 1);
    return found;
  };

  return {
    get issuer() {
      return deps.issuer();
    },
    async verify(token, resource) {
      if (!OWN.test(token)) return { type: 'foreign' };
      const found = await lookUp(token);
      if (found === undefined)
        return { type: 'invalid', reason: 'the token is unknown, was revoked, or expired long ago' };
      const { resource: meantFor, scopes, expiresAtMs, grant } = found;
      if (expiresAtMs <= now()) return { type: 'invalid', reason: 'the token has expired' };
      if (meantFor !== resource) return { type: 'invalid', reason: 'the token is for another resource' };
      const caller = grant && callerOf(grant);
      if (grant === undefined || caller === undefined)
        return { type: 'invalid', reason: 'what the token stands for was revoked' };
      grants.set(caller, grant);
      return { type: 'valid', caller, scopes, clientId: grant.clientId, expiresAtMs };
    },
    has: (caller) => grants.has(caller),
    refreshed(caller) {
      const grant = grants.get(caller);
      const current = grant && callerOf(grant);
      if (grant !== undefined && current !== undefined) grants.set(current, grant);
      return current;
    },
  };
}

/**
 * Whom a grant acts as: one of the person's own keys, or the person, with what `access` gives to all who come with a token and
 * within the bounds of the levels above. The same object as long as nothing changed.
 */
export function createCallerOfGrant(deps: {
  readonly directory: Pick<KeyDirectory, 'version' | 'aboveUser' | 'findUser' | 'findTeam'>;
  /** As the keyring has it; one who may see nothing where the key is gone. */
  readonly callerOfKey: (keyId: string) => Caller;
  readonly access: () => Grant;
}): (grant: Pick<OAuthGrant, 'userId' | 'keyId'>) => Caller | undefined {
  const { directory, callerOfKey, access } = deps;
  const people = createLru<{ readonly version: number; readonly access: Grant; readonly caller: Caller }>(MAX_KNOWN);
  return ({ userId, keyId }) => {
    if (keyId !== undefined) {
      const caller = callerOfKey(keyId);
      // Also where the key has come to be somebody else's.
      return caller.levels?.some(({ type, id }) => type === 'user' && id === userId) ? caller : undefined;
    }
    const [version, grant] = [directory.version(), access()];
    const known = people.get(userId);
    if (known?.version === version && known.access === grant) return known.caller;
    const caller = findPerson(directory, userId, grant);
    if (caller !== undefined) people.set(userId, { version, access: grant, caller }, 1);
    return caller;
  };
}

/** What begins the id under which a person calls who comes with a token of ours. */
export const PERSON_PREFIX = 'user:';

/** A person who comes with a token of ours and acts as themselves. Undefined: gone, or switched off. */
export function findPerson(
  directory: Pick<KeyDirectory, 'aboveUser' | 'findUser' | 'findTeam'>,
  userId: string,
  access: Grant,
): Caller | undefined {
  const user = directory.findUser?.({ id: userId });
  const teams = levelsOfTeams(directory, user?.teams ?? []);
  const above = teams && directory.aboveUser?.(userId, teams, {});
  if (user === undefined || above === undefined) return undefined;
  // As of those whom other issuers know: rules on calls need no third name.
  return { keyId: PERSON_PREFIX + userId, keyName: `oauth:user:${user.name}`, grant: access, ...above };
}
