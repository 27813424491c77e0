/** What is done to keys, whoever asks: made, replaced, given a new secret, revoked. */

import { z } from 'zod';
import { GatewayError } from '../../../contracts/errors.ts';
import type { ChangeOrigin, StoredObject } from '../../../contracts/objects.ts';
import { type KeyBody, KeyShape, SecretShape } from '../../../contracts/shapes/directory.ts';
import { createObjectId } from '../../../lib/access-token.ts';
import type { AdminDeps } from '../admin-deps.ts';
import type { OperationAnswer } from '../define-operation.ts';
import { faulty, faultyBody } from '../problem.ts';
import { makeSecret, replaceSecrets, withoutHashes } from '../secrets.ts';
import { findMissing, toJson, viewFields, viewOf } from '../views.ts';

const MAX_GRACE_MS = 30 * 86_400_000;

/** What people write of a key. */
export const KeyInput = KeyShape.omit({ secrets: true, revokedAtMs: true });
export type KeyInputBody = z.output<typeof KeyInput>;

const ShownSecret = SecretShape.omit({ hash: true });
export const KeyView = z.strictObject({
  ...viewFields,
  ...KeyShape.shape,
  secrets: z
    .array(ShownSecret)
    .describe('How its secrets begin, and when they end; several while one takes the place of another.'),
});
export const KeyWithSecret = KeyView.extend({ secret: z.string().describe('Shown this once: only its hash is kept.') });

export const RotateInput = z.strictObject({
  graceMs: z
    .int()
    .min(0)
    .max(MAX_GRACE_MS)
    .default(0)
    .describe('For so long the old secret can be used beside the new one. Default 0: it ends at once.'),
});

interface Change {
  readonly origin: ChangeOrigin;
  readonly nowMs: number;
  readonly ifVersion?: number | undefined;
}

const bodyOf = (key: StoredObject): KeyBody => key.body as KeyBody;

export function viewOfKey(key: StoredObject) {
  return viewOf(key, toJson(withoutHashes(bodyOf(key))));
}

/** Throws GatewayError `invalid_params`: references to nothing, a personal key of nobody, an end in the past. */
export async function checkKey(
  deps: AdminDeps,
  body: KeyInputBody,
  before: KeyBody | undefined,
  nowMs: number,
): Promise<void> {
  const faults = await findMissing(deps, [
    { kind: 'user', id: body.user, pointer: '/user' },
    { kind: 'team', id: body.team, pointer: '/team' },
    { kind: 'organization', id: body.organization, pointer: '/organization' },
  ]);
  if (faults.length > 0) throw faulty(faults);
  if (body.type === 'personal' && body.user === undefined)
    throw faultyBody('/user', 'a personal key belongs to a user');
  if (body.team !== undefined && body.organization !== undefined)
    throw faultyBody('/organization', 'a key of a team belongs to the organisation of its team');
  if (body.expiresAtMs !== undefined && body.expiresAtMs <= nowMs && body.expiresAtMs !== before?.expiresAtMs)
    throw faultyBody('/expiresAtMs', 'lies in the past');
}

export async function makeKey(
  deps: AdminDeps,
  input: KeyInputBody,
  path: string,
  { origin, nowMs }: Change,
): Promise<OperationAnswer> {
  const { secret, kept } = makeSecret('pck', nowMs);
  const id = createObjectId('key');
  const body = toJson({ ...input, secrets: [kept] });
  const [made] = await deps.objects.write(
    [{ action: 'create', kind: 'key', id, name: input.name, body }],
    origin,
    nowMs,
  );
  if (made === undefined) throw new Error('nothing was written');
  return { body: { ...viewOfKey(made), secret }, version: made.version, location: `${path}/${id}` };
}

async function update(
  deps: AdminDeps,
  key: StoredObject,
  body: object,
  name: string,
  { origin, nowMs, ifVersion }: Change,
) {
  const [now] = await deps.objects.write(
    [{ action: 'update', kind: 'key', id: key.id, name, body: toJson(body), ifVersion: ifVersion ?? key.version }],
    origin,
    nowMs,
  );
  if (now === undefined) throw new Error('nothing was written');
  return now;
}

/** Its secrets stay. Throws GatewayError `conflict` for a revoked one. */
export async function replaceKey(
  deps: AdminDeps,
  key: StoredObject,
  input: KeyInputBody,
  change: Change,
): Promise<OperationAnswer> {
  refuseRevoked(key);
  const now = await update(deps, key, { ...input, secrets: bodyOf(key).secrets }, input.name, change);
  return { body: viewOfKey(now), version: now.version };
}

export async function rotateKey(
  deps: AdminDeps,
  key: StoredObject,
  graceMs: number,
  change: Change,
): Promise<OperationAnswer> {
  refuseRevoked(key);
  const { secret, kept } = makeSecret('pck', change.nowMs);
  const secrets = replaceSecrets(bodyOf(key).secrets, kept, graceMs, change.nowMs);
  const now = await update(deps, key, { ...key.body, secrets }, key.name, change);
  return { body: { ...viewOfKey(now), secret }, version: now.version };
}

/** Revoking what is revoked changes nothing. */
export async function revokeKey(deps: AdminDeps, key: StoredObject, change: Change): Promise<OperationAnswer> {
  if (bodyOf(key).revokedAtMs !== undefined) return { body: viewOfKey(key), version: key.version };
  const now = await update(deps, key, { ...key.body, revokedAtMs: change.nowMs }, key.name, change);
  return { body: viewOfKey(now), version: now.version };
}

function refuseRevoked(key: StoredObject): void {
  if (bodyOf(key).revokedAtMs !== undefined) throw new GatewayError('conflict', 'the key is revoked, for good');
}
