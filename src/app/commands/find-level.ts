/** Teams, users and organisations as people name them at the command line: by name or id. */

import type { ObjectStore } from '../../contracts/objects.ts';
import type { UserBody } from '../../contracts/shapes/directory.ts';
import { foldUserName } from '../../domain/accounts/user-name.ts';
import { CommandError, EXIT } from './command-error.ts';
import { listAll } from './open-objects.ts';

/** The id of what is stored. Undefined: none was named. Throws CommandError if there is none. */
export async function findLevelId(
  store: Pick<ObjectStore, 'list'>,
  kind: 'organization' | 'team' | 'user',
  nameOrId: string | undefined,
): Promise<string | undefined> {
  if (nameOrId === undefined) return undefined;
  // Of the file: whether it is there shows when the key is used, and until then nobody can use it.
  if (nameOrId.startsWith(`config:${kind}:`)) return nameOrId;
  const all = await listAll(store, kind);
  const isNamed = (name: string): boolean =>
    kind === 'user' ? foldUserName(name) === foldUserName(nameOrId) : name === nameOrId;
  const found =
    all.find(({ id }) => id === nameOrId) ?? all.find(({ body }) => isNamed((body as Pick<UserBody, 'name'>).name));
  if (found !== undefined) return found.id;
  throw new CommandError(
    EXIT.failed,
    `there is no ${kind} ${JSON.stringify(nameOrId)}`,
    `See \`portcullis ${kind}s list\`.`,
  );
}

/** `--label customer=acme`, each once. Throws CommandError. */
export function parseLabels(texts: readonly string[]): { readonly [label: string]: string } {
  const labels: { [label: string]: string } = {};
  for (const text of texts) {
    const [, label, value] = /^([A-Za-z0-9_.-]{1,64})=(.{0,200})$/.exec(text) ?? [];
    if (label === undefined || value === undefined || Object.hasOwn(labels, label))
      throw new CommandError(EXIT.usage, '--label wants NAME=VALUE, each name once, such as customer=acme');
    labels[label] = value;
  }
  return labels;
}
