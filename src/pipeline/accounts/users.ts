/** Users as objects: found by name, e-mail or identity, as of now. */

import type { ObjectStore, StoredObject } from '../../contracts/objects.ts';
import { type UserBody, UserShape } from '../../contracts/shapes/directory.ts';
import { foldUserName } from '../../domain/accounts/user-name.ts';

export interface User {
  readonly id: string;
  readonly version: number;
  readonly body: UserBody;
}

export interface Users {
  find(id: string): Promise<User | undefined>;
  byName(name: string): Promise<User | undefined>;
  byIdentity(issuer: string, subject: string): Promise<User | undefined>;
  /** All that have it, whatever its case. */
  byEmail(email: string): Promise<readonly User[]>;
  isEmpty(): Promise<boolean>;
}

export function readUser(object: StoredObject): User {
  return { id: object.id, version: object.version, body: UserShape.parse(object.body) };
}

const identityOf = (issuer: string, subject: string): string => JSON.stringify([issuer, subject]);

/**
 * Keeps all users in memory and asks for what changed before each look-up, so that what another process did a moment ago
 * counts. People sign in rarely; whoever calls has a key, and is not looked up here.
 */
export function createUsers(objects: ObjectStore): Users {
  const users = new Map<string, User>();
  let seq = 0;
  let reading: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    const changed = await objects.changedSince(seq);
    for (const object of changed.objects) {
      if (object.kind !== 'user') continue;
      if (object.isDeleted) users.delete(object.id);
      else users.set(object.id, readUser(object));
    }
    seq = changed.seq;
  };
  /** One after the other: two at once could put an older reading over a newer one. */
  const refresh = async (): Promise<void> => {
    const before = reading;
    const mine = (async () => {
      await before?.catch(() => undefined);
      await read();
    })();
    reading = mine;
    await mine;
  };
  const select = async (fits: (user: User) => boolean): Promise<readonly User[]> => {
    await refresh();
    return [...users.values()].filter(fits);
  };

  return {
    async find(id) {
      const object = await objects.find('user', id);
      return object && readUser(object);
    },
    async byName(name) {
      const folded = foldUserName(name);
      return (await select(({ body }) => foldUserName(body.name) === folded))[0];
    },
    async byIdentity(issuer, subject) {
      const wanted = identityOf(issuer, subject);
      const fits = ({ body }: User) => body.identities.some((each) => identityOf(each.issuer, each.subject) === wanted);
      return (await select(fits))[0];
    },
    async byEmail(email) {
      const folded = foldUserName(email);
      return select(({ body }) => body.email !== undefined && foldUserName(body.email) === folded);
    },
    async isEmpty() {
      return (await select(() => true)).length === 0;
    },
  };
}
