/** How commands work on stored objects without a gateway. */

import { userInfo } from 'node:os';
import type { ChangeOrigin, ObjectKind, ObjectStore, StoredObject } from '../../contracts/objects.ts';
import { withStores } from './command-stores.ts';
import type { DataOptions } from './shared-options.ts';

/** What the record of changes says of a command: whoever may write the data folder, or the database, may do anything. */
export function commandOrigin(): ChangeOrigin {
  let name = 'operator';
  try {
    name = userInfo().username;
  } catch {
    // A user id without a name, as in some containers.
  }
  return { actor: { type: 'operator', id: name, name }, via: 'cli' };
}

/** Those of the data folder, or of the database that the configuration names. `mayCreate`: a folder that is missing is made. */
export function withObjects<T>(
  options: DataOptions,
  use: (store: ObjectStore) => Promise<T>,
  creation?: { readonly mayCreate?: boolean },
): Promise<T> {
  return withStores(options, async (stores) => use(await stores.objects()), creation);
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
