/** Who there is, as of now: the objects of the store as callers, followed as they change. Nothing of a secret but its hash. */

import type { KeyDirectory, KnownKey, KnownUser, LabelledLevel, Level } from '../../contracts/caller.ts';
import type { FileLevel, Labels } from '../../contracts/config-people.ts';
import type { ObjectKind, ObjectStore, StoredObject } from '../../contracts/objects.ts';
import type { KeyBody, OrganizationBody, TeamBody, UserBody } from '../../contracts/shapes/directory.ts';
import { toBound, toGrant, toUsageLimits } from '../../contracts/shapes/read-shapes.ts';
import { foldUserName } from '../../domain/accounts/user-name.ts';
import { createFindPeople } from './find-people.ts';
import { createSharing, type Sharing } from './share-equal.ts';

export interface LiveDirectory extends KeyDirectory {
  /** Reads what changed in the store, and says whether anything did. */
  refresh(): Promise<boolean>;
  /** Keys that are neither revoked nor of somebody who is gone; expired ones count. */
  countKeys(): number;
  /** Of a user, by id or by name whatever its case; also of one who is switched off. */
  userId(nameOrId: string): string | undefined;
}

/** A key with what it is presented by: SHA-256 of its secrets, a byte a character. */
interface Entry {
  readonly body: Pick<KeyBody, 'user' | 'team' | 'organization' | 'labels'>;
  readonly secrets: readonly { readonly hash: string; readonly expiresAtMs: number | undefined }[];
  readonly own: KnownKey;
}

interface People {
  readonly organizations: Map<string, Level & { readonly labels: Labels }>;
  readonly teams: Map<string, Level & { readonly labels: Labels; readonly organization: string | undefined }>;
  readonly users: Map<string, Level & Pick<UserBody, 'labels' | 'organization' | 'isActive'> & KnownUser>;
}

const PEOPLE: readonly ObjectKind[] = ['organization', 'team', 'user'];

/** `ofFile`: teams and organisations of the configuration in force, which stored keys may count for, too. */
export function createLiveDirectory(deps: {
  readonly store: Pick<ObjectStore, 'changedSince'>;
  readonly ofFile?: (() => readonly FileLevel[]) | undefined;
}): LiveDirectory {
  const known = (): People => withFile(people, deps.ofFile?.() ?? []);
  const entries = new Map<string, Entry>();
  const people: People = { organizations: new Map(), teams: new Map(), users: new Map() };
  const sharing = createSharing();
  let seq = 0;
  let version = 0;
  let running: Promise<boolean> | undefined;
  let byName: { readonly version: number; readonly ids: ReadonlyMap<string, string> } | undefined;

  const findUserId = (nameOrId: string): string | undefined => {
    if (people.users.has(nameOrId)) return nameOrId;
    if (byName?.version !== version)
      byName = { version, ids: new Map([...people.users].map(([id, { name }]) => [foldUserName(name), id])) };
    return byName.ids.get(foldUserName(nameOrId));
  };

  const found = createFindPeople({ version: () => version, people: known, userId: findUserId });

  const takeKey = (object: StoredObject): void => {
    const body = object.body as KeyBody;
    if (object.isDeleted || body.revokedAtMs !== undefined) {
      entries.delete(object.id);
      return;
    }
    entries.set(object.id, readKey(object.id, body, sharing));
  };

  const read = async (): Promise<boolean> => {
    const changed = await deps.store.changedSince(seq);
    if (changed.seq === seq) return false;
    let isNews = false;
    for (const object of changed.objects) {
      if (object.kind === 'key') takeKey(object);
      else if (PEOPLE.includes(object.kind)) takePerson(people, object);
      else continue;
      isNews = true;
    }
    seq = changed.seq;
    if (isNews) version++;
    return isNews;
  };

  return {
    version: () => version,
    *keys() {
      const all = known();
      for (const entry of entries.values()) {
        const key = withLevels(entry, all, sharing);
        if (key === undefined) continue;
        for (const { hash, expiresAtMs } of entry.secrets)
          yield {
            hash,
            key: expiresAtMs === undefined ? key : { ...key, expiresAtMs: earlier(key.expiresAtMs, expiresAtMs) },
          };
      }
    },
    countKeys() {
      const all = known();
      return [...entries.values()].filter((entry) => levelsOf(entry, all) !== undefined).length;
    },
    userId: findUserId,
    aboveUser(nameOrId, above, own) {
      const user = people.users.get(findUserId(nameOrId) ?? '');
      if (user?.isActive !== true) return undefined;
      const organizationId = above.some(({ type }) => type === 'organization') ? undefined : user.organization;
      const organization = organizationId === undefined ? undefined : known().organizations.get(organizationId);
      if (organizationId !== undefined && organization === undefined) return undefined;
      const levels = [user, ...above, ...(organization === undefined ? [] : [organization])];
      const labels = mergeLabels(levels, own);
      return {
        levels: sharing.shareList(levels),
        ...(Object.keys(labels).length > 0 && { labels: sharing.share(labels) }),
      };
    },
    findUser: (by) => found.user(by),
    findTeam(idOrName) {
      const team = found.team(idOrName);
      if (team?.organization === undefined) return team && sharing.shareList([team]);
      const organization = known().organizations.get(team.organization);
      return organization && sharing.shareList([team, organization]);
    },
    async refresh() {
      // One reading at a time; whoever asks meanwhile wants to know of a change that this one may have missed.
      const before = running;
      const mine = (async () => {
        await before?.catch(() => undefined);
        return read();
      })();
      running = mine;
      try {
        return await mine;
      } finally {
        if (running === mine) running = undefined;
      }
    },
  };
}

/** The same people where the file has none. */
function withFile(people: People, ofFile: readonly FileLevel[]): People {
  if (ofFile.length === 0) return people;
  const add = <T>(to: ReadonlyMap<string, T>, type: FileLevel['type']): Map<string, T | FileLevel> =>
    new Map<string, T | FileLevel>([
      ...to,
      ...ofFile.filter((level) => level.type === type).map((level) => [level.id, level] as const),
    ]);
  return {
    organizations: add(people.organizations, 'organization'),
    teams: add(people.teams, 'team'),
    users: people.users,
  };
}

function earlier(a: number | undefined, b: number): number {
  return a === undefined ? b : Math.min(a, b);
}

function readKey(id: string, body: KeyBody, sharing: Sharing): Entry {
  const limits = toUsageLimits(body.limits);
  const labels = Object.keys(body.labels).length === 0 ? undefined : sharing.share(body.labels);
  return {
    body: { user: body.user, team: body.team, organization: body.organization, labels: labels ?? NO_LABELS },
    secrets: body.secrets.map(({ hash, expiresAtMs }) => ({
      hash: Buffer.from(hash, 'hex').toString('latin1'),
      expiresAtMs,
    })),
    own: {
      ...{ keyId: id, keyName: body.name, grant: sharing.share(toGrant(body.grant)), expiresAtMs: body.expiresAtMs },
      ...(limits !== undefined && { limits: sharing.share(limits) }),
    },
  };
}

const NO_LABELS: Labels = Object.freeze({});

function takePerson(people: People, { kind, id, body, isDeleted }: StoredObject): void {
  switch (kind) {
    case 'organization': {
      if (isDeleted) return void people.organizations.delete(id);
      const { name, bounds, limits, labels } = body as OrganizationBody;
      const level = { grant: toBound(bounds), limits: toUsageLimits(limits), labels };
      return void people.organizations.set(id, { type: 'organization', id, name, ...level });
    }
    case 'team': {
      if (isDeleted) return void people.teams.delete(id);
      const { name, bounds, limits, labels, organization } = body as TeamBody;
      const level = { grant: toBound(bounds), limits: toUsageLimits(limits), labels, organization };
      return void people.teams.set(id, { type: 'team', id, name, ...level });
    }
    case 'user': {
      if (isDeleted) return void people.users.delete(id);
      const { name, bounds, limits, labels, organization, isActive, identities, teams } = body as UserBody;
      const level = { grant: toBound(bounds), limits: toUsageLimits(limits), labels, organization, isActive };
      return void people.users.set(id, { type: 'user', id, name, ...level, identities, teams });
    }
  }
}

/** Nearest first. Undefined: somebody it belongs to is gone or switched off, so nobody may use it. */
function levelsOf({ body }: Entry, people: People): readonly (Level & { readonly labels: Labels })[] | undefined {
  const user = body.user === undefined ? undefined : people.users.get(body.user);
  if (body.user !== undefined && user?.isActive !== true) return undefined;
  const team = body.team === undefined ? undefined : people.teams.get(body.team);
  if (body.team !== undefined && team === undefined) return undefined;
  const organizationId = team?.organization ?? user?.organization ?? body.organization;
  const organization = organizationId === undefined ? undefined : people.organizations.get(organizationId);
  if (organizationId !== undefined && organization === undefined) return undefined;
  return [user, team, organization].filter((level) => level !== undefined);
}

/** Those of the nearest win. */
function mergeLabels(levels: readonly LabelledLevel[], own: Labels): Labels {
  return Object.assign({}, ...levels.map(({ labels }) => labels).reverse(), own) as Labels;
}

/** The key as it is handed out. */
function withLevels(entry: Entry, people: People, sharing: Sharing): KnownKey | undefined {
  const levels = levelsOf(entry, people);
  if (levels === undefined) return undefined;
  const labels = mergeLabels(levels, entry.body.labels);
  if (levels.length === 0 && Object.keys(labels).length === 0) return entry.own;
  return {
    ...entry.own,
    ...(levels.length > 0 && { levels: sharing.shareList(levels) }),
    ...(Object.keys(labels).length > 0 && { labels: sharing.share(labels) }),
  };
}
