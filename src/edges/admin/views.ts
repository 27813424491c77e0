/** Objects as the admin API shows them: what stands around a body, whoever owns it. Nothing of a secret. */

import { z } from 'zod';
import type { FileObject } from '../../contracts/admin-ports.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { ChangeOrigin, LookedAt, NotedChange, ObjectKind, StoredObject } from '../../contracts/objects.ts';
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
  readonly kind: 'organization' | 'team' | 'user' | 'key';
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

/** A line in the record for what was done to somebody and stands in no body. */
export async function noteDeed(
  deps: AdminDeps,
  action: NotedChange['action'],
  { kind, id, name }: StoredObject,
  origin: ChangeOrigin,
  nowMs: number,
): Promise<void> {
  await deps.objects.note([{ action, kind, id, name, before: undefined, after: undefined }], origin, nowMs);
}

/** For the write that takes this owner away: it fails if anybody's role may have changed since. Throws GatewayError `conflict` if they are the last. */
export async function requireOtherOwners(deps: AdminDeps, id: string, nowMs: number): Promise<LookedAt> {
  const { seq } = await deps.objects.changedSince(Number.MAX_SAFE_INTEGER);
  const people = [...(await listAll(deps.objects, 'user')), ...(await listAll(deps.objects, 'admin-token'))];
  if (deps.rules.countOtherOwners(people, id, nowMs) === 0)
    throw new GatewayError('conflict', 'this is the last owner; make another one first');
  return { kinds: ['user', 'admin-token'], seq };
}
