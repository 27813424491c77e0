/** Objects as the admin API shows them: what stands around a body, whoever owns it. Nothing of a secret. */

import { z } from 'zod';
import type { FileObject } from '../../contracts/admin-ports.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { ObjectKind, StoredObject } from '../../contracts/objects.ts';
import type { AdminDeps } from './admin-deps.ts';
import { listAll } from './pages.ts';

const moment = z.int().min(0);

/** Members that every object has beside those of its body. */
export const viewFields = {
  id: z.string(),
  owner: z.enum(['store', 'file']).describe('`file`: written in the configuration file, and changed only there.'),
  source: z
    .strictObject({ file: z.string(), line: z.int().min(1).nullable() })
    .optional()
    .describe('Where in the file, for what the file owns.'),
  version: z.int().min(0).describe('Grows by one with each change; what its ETag is made of. 0: owned by the file.'),
  createdAtMs: moment.optional(),
  updatedAtMs: moment.optional(),
};

/** Milliseconds since 1970. */
export function viewOf(object: StoredObject, body: JsonObject = object.body) {
  const { id, version, createdAtMs, updatedAtMs } = object;
  return { id, owner: 'store' as const, version, createdAtMs, updatedAtMs, ...body };
}

export function viewOfFile({ id, body, source }: FileObject) {
  return { id, owner: 'file' as const, source: { file: source.file, line: source.line ?? null }, version: 0, ...body };
}

/** The stored object. Rejects with GatewayError `unknown_object`, or `owned_by_file` where the file has it. */
export async function requireStored(deps: AdminDeps, kind: ObjectKind, id: string): Promise<StoredObject> {
  const inFile = deps.fileObjects(kind).find((each) => each.id === id);
  if (inFile !== undefined) {
    const { file, line } = inFile.source;
    throw new GatewayError('owned_by_file', `edit ${file}${line === undefined ? '' : `, line ${line}`}`, {
      data: { source: { file, line: line ?? null } },
    });
  }
  const found = await deps.objects.find(kind, id);
  if (found === undefined) throw new GatewayError('unknown_object', `${kind} ${id}`);
  return found;
}

export interface Reference {
  readonly kind: 'organization' | 'team' | 'user';
  readonly id: string | undefined;
  /** Where in the body. */
  readonly pointer: string;
}

/** What is wrong with references of a body, as faults. */
export async function findMissing(
  deps: AdminDeps,
  references: readonly Reference[],
): Promise<readonly { readonly in: 'body'; readonly pointer: string; readonly detail: string }[]> {
  const faults: { readonly in: 'body'; readonly pointer: string; readonly detail: string }[] = [];
  for (const { kind, id, pointer } of references) {
    if (id === undefined) continue;
    const isThere =
      (await deps.objects.find(kind, id)) !== undefined || deps.fileObjects(kind).some((each) => each.id === id);
    if (!isThere) faults.push({ in: 'body', pointer, detail: `there is no ${kind} ${JSON.stringify(id)}` });
  }
  return faults;
}

/** A body as the store takes it: what is undefined must not stand in it. */
export function toJson(body: object): JsonObject {
  return JSON.parse(JSON.stringify(body)) as JsonObject;
}

/** How many owners there are who could manage access, without this one. */
export async function otherOwners(deps: AdminDeps, id: string, nowMs: number): Promise<number> {
  const people = [...(await listAll(deps.objects, 'user')), ...(await listAll(deps.objects, 'admin-token'))];
  return deps.rules.countOtherOwners(people, id, nowMs);
}
