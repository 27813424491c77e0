/** The objects that commands work on without a gateway: those of the data folder. */

import { userInfo } from 'node:os';
import type { ChangeOrigin, ObjectKind, ObjectStore, StoredObject } from '../../contracts/objects.ts';
import { openObjectStore } from '../../platform/stores/sqlite/objects.ts';

/** What the record of changes says of a command: whoever may write the data folder may do anything. */
export function commandOrigin(): ChangeOrigin {
  let name = 'operator';
  try {
    name = userInfo().username;
  } catch {
    // A user id without a name, as in some containers.
  }
  return { actor: { type: 'operator', id: name, name }, via: 'cli' };
}

export async function withObjects<T>(dataDir: string, use: (store: ObjectStore) => Promise<T>): Promise<T> {
  const store = openObjectStore({ dataDir });
  try {
    return await use(store);
  } finally {
    await store[Symbol.asyncDispose]();
  }
}

const PAGE = 500;

/** All of a kind, in the order they were made. */
export async function listAll(store: Pick<ObjectStore, 'list'>, kind: ObjectKind): Promise<readonly StoredObject[]> {
  const all: StoredObject[] = [];
  for (;;) {
    const page = await store.list(kind, { limit: PAGE, afterId: all.at(-1)?.id });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}
