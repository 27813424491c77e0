/** Tokens of the admin API itself. No token changes itself, and none makes what is above it. */

import { z } from 'zod';
import type { AdminActor } from '../../../contracts/admin.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { LookedAt, ObjectWrite, StoredObject } from '../../../contracts/objects.ts';
import { type AdminTokenBody, AdminTokenShape, SecretShape } from '../../../contracts/shapes/directory.ts';
import { createObjectId } from '../../../lib/access-token.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { defineOperation, type Operation } from '../define-operation.ts';
import { PageQuery, pageOf, pageOfObjects } from '../pages.ts';
import { faultyBody } from '../problem.ts';
import { makeSecret, withoutHashes } from '../secrets.ts';
import { requireOtherOwners, requireStored, toJson, viewFields, viewOf } from '../views.ts';
import { IdParams, NameFilter, NoParams, NoQuery } from './words.ts';

const TokenInput = AdminTokenShape.omit({ secrets: true, revokedAtMs: true });
const TokenView = z.strictObject({
  ...viewFields,
  ...AdminTokenShape.shape,
  secrets: z.array(SecretShape.omit({ hash: true })),
});
const TokenWithSecret = TokenView.extend({ secret: z.string().describe('Shown this once: only its hash is kept.') });

const bodyOf = (token: StoredObject): AdminTokenBody => token.body as AdminTokenBody;
const viewOfToken = (token: StoredObject) => viewOf(token, toJson(withoutHashes(bodyOf(token))));

function checkMayGrant(deps: AdminDeps, actor: AdminActor, role: AdminTokenBody['role']): void {
  if (!deps.rules.mayGrant(actor.role, role))
    throw new GatewayError('forbidden', `the role ${actor.role} cannot give or change the role ${role}`);
}

function checkEnd(expiresAtMs: number | undefined, nowMs: number): void {
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs) throw faultyBody('/expiresAtMs', 'lies in the past');
}

/** Before one is replaced, revoked or deleted. Returns what the write has to heed. */
async function checkMayChange(
  deps: AdminDeps,
  { actor, nowMs }: { readonly actor: AdminActor; readonly nowMs: number },
  token: StoredObject,
  staysOwner: boolean,
): Promise<LookedAt | undefined> {
  const { role, revokedAtMs } = bodyOf(token);
  checkMayGrant(deps, actor, role);
  if (token.id === actor.id) throw new GatewayError('forbidden', 'no token changes itself; use another one');
  const isOwner = role === 'owner' && revokedAtMs === undefined;
  return isOwner && !staysOwner ? requireOtherOwners(deps, token.id, nowMs) : undefined;
}

const words = {
  tag: 'admin-tokens',
  params: IdParams,
  query: NoQuery,
  status: 200,
  permission: 'access:write',
} as const;

export const adminTokenOperations: readonly Operation[] = [
  defineOperation({
    ...{ ...words, id: 'listAdminTokens', method: 'GET', path: '/admin-tokens', params: NoParams },
    ...{ summary: 'List admin tokens, in the order they were made' },
    query: z.strictObject({ ...PageQuery, ...NameFilter }),
    ...{ answer: pageOf(TokenView), precondition: 'none', problems: ['invalid_cursor'] },
    async handle(deps, { query: { limit, cursor, name } }) {
      const page = await pageOfObjects(deps.objects, 'admin-token', { limit, cursor, namePrefix: name });
      const { found, nextCursor } = page;
      return { body: { items: found.map(viewOfToken), nextCursor: nextCursor ?? null }, nextCursor };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'createAdminToken', method: 'POST', path: '/admin-tokens', params: NoParams, status: 201 },
    ...{ summary: 'Create an admin token; its secret is in this answer and nowhere else' },
    ...{ body: TokenInput, answer: TokenWithSecret, precondition: 'none', problems: ['conflict'] },
    async handle(deps, { body, actor, origin, nowMs }) {
      checkMayGrant(deps, actor, body.role);
      checkEnd(body.expiresAtMs, nowMs);
      const { secret, kept } = makeSecret('pca', nowMs);
      const id = createObjectId('token');
      const stored = toJson({ ...body, secrets: [kept] });
      const [made] = await deps.objects.write(
        [{ action: 'create', kind: 'admin-token', id, name: body.name, body: stored }],
        ...([origin, nowMs] as const),
      );
      return {
        body: made && { ...viewOfToken(made), secret },
        ...{ version: made?.version, location: `/admin-tokens/${id}` },
      };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'getAdminToken', method: 'GET', path: '/admin-tokens/{id}', answer: TokenView },
    ...{ summary: 'Read an admin token', precondition: 'none', problems: ['unknown_object'] },
    async handle(deps, { params }) {
      const token = await requireStored(deps, 'admin-token', params.id);
      return { body: viewOfToken(token), version: token.version };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'replaceAdminToken', method: 'PUT', path: '/admin-tokens/{id}', body: TokenInput },
    ...{ summary: 'Replace an admin token; its secret stays', answer: TokenView },
    ...{ precondition: 'required', problems: ['unknown_object', 'conflict'] },
    async handle(deps, { params, body, actor, ifVersion, origin, nowMs }) {
      const token = await requireStored(deps, 'admin-token', params.id);
      const endsLater = body.expiresAtMs === undefined;
      const lookedAt = await checkMayChange(deps, { actor, nowMs }, token, body.role === 'owner' && endsLater);
      checkMayGrant(deps, actor, body.role);
      checkEnd(body.expiresAtMs, nowMs);
      const { secrets, revokedAtMs } = bodyOf(token);
      if (revokedAtMs !== undefined) throw new GatewayError('conflict', 'the token is revoked, for good');
      const [now] = await deps.objects.write(
        [
          {
            action: 'update',
            kind: 'admin-token',
            id: token.id,
            name: body.name,
            body: toJson({ ...body, secrets }),
            ifVersion: ifVersion ?? token.version,
          },
        ],
        ...([origin, nowMs, lookedAt] as const),
      );
      return { body: now && viewOfToken(now), version: now?.version };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'revokeAdminToken', method: 'POST', path: '/admin-tokens/{id}/revoke', answer: TokenView },
    ...{ summary: 'Revoke an admin token at once, for good' },
    ...{ precondition: 'optional', problems: ['unknown_object', 'conflict'] },
    async handle(deps, { params, actor, ifVersion, origin, nowMs }) {
      const token = await requireStored(deps, 'admin-token', params.id);
      const lookedAt = await checkMayChange(deps, { actor, nowMs }, token, false);
      if (bodyOf(token).revokedAtMs !== undefined) return { body: viewOfToken(token), version: token.version };
      const body = { ...token.body, revokedAtMs: nowMs };
      const { kind, id, name, version } = token;
      const write: ObjectWrite = { action: 'update', kind, id, name, body, ifVersion: ifVersion ?? version };
      const [now] = await deps.objects.write([write], origin, nowMs, lookedAt);
      return { body: now && viewOfToken(now), version: now?.version };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'deleteAdminToken', method: 'DELETE', path: '/admin-tokens/{id}', answer: TokenView },
    ...{ summary: 'Delete an admin token', precondition: 'optional', problems: ['unknown_object', 'conflict'] },
    async handle(deps, { params, actor, ifVersion, origin, nowMs }) {
      const token = await requireStored(deps, 'admin-token', params.id);
      const lookedAt = await checkMayChange(deps, { actor, nowMs }, token, false);
      const { kind, id, version } = token;
      const write: ObjectWrite = { action: 'delete', kind, id, ifVersion: ifVersion ?? version };
      await deps.objects.write([write], origin, nowMs, lookedAt);
      return { body: viewOfToken(token) };
    },
  }),
];
