/** Organisations, teams and keys put into a data directory before a gateway is started on it. */

import type { JsonObject } from '../../src/contracts/json.ts';
import type { ObjectChange, ObjectKind } from '../../src/contracts/objects.ts';
import { KeyShape, OrganizationShape, TeamShape, UserShape } from '../../src/contracts/shapes/directory.ts';
import { createAccessToken } from '../../src/lib/access-token.ts';
import { openObjectStore } from '../../src/platform/stores/sqlite/objects.ts';

const SHAPES = { organization: OrganizationShape, team: TeamShape, user: UserShape, key: KeyShape } as const;

export interface People {
  /** Its name is its id, too. */
  add(kind: keyof typeof SHAPES, name: string, body?: object): Promise<void>;
  /** Returns its secret. May call everything. */
  addKey(name: string, body?: object): Promise<string>;
  /** Members of its body. */
  change(kind: keyof typeof SHAPES, name: string, change: object): Promise<void>;
  /** What the record says was done to one of them, newest first. */
  changes(kind: keyof typeof SHAPES, name: string): Promise<readonly ObjectChange[]>;
  close(): Promise<void>;
}

export function openPeople(dataDir: string): People {
  const store = openObjectStore({ dataDir });
  const origin = { actor: { type: 'operator', id: 'test', name: 'test' }, via: 'cli' } as const;
  const add = async (kind: keyof typeof SHAPES, name: string, body: object = {}): Promise<void> => {
    const shaped = JSON.parse(JSON.stringify(SHAPES[kind].parse({ name, ...body }))) as JsonObject;
    const write = { action: 'create', kind: kind satisfies ObjectKind, id: name, name, body: shaped } as const;
    await store.write([write], origin, Date.now());
  };
  return {
    add,
    async addKey(name, body = {}) {
      const { token, hash, prefix } = createAccessToken('pck');
      const secrets = [{ hash, prefix, createdAtMs: Date.now() }];
      await add('key', name, { grant: { allow: ['*', 'model:*'] }, secrets, ...body });
      return token;
    },
    async change(kind, name, change) {
      const body = { ...(await store.find(kind, name))?.body, ...change };
      await store.write([{ action: 'update', kind, id: name, name, body, ifVersion: undefined }], origin, Date.now());
    },
    changes: (kind, name) => store.changes({ kind, id: name, limit: 50 }),
    close: () => store[Symbol.asyncDispose]() as Promise<void>,
  };
}
