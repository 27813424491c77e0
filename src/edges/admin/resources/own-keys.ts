/** `/me`: who one is, and the keys one has oneself. What anybody may do who is signed in as a person. */

import { z } from 'zod';
import { type AdminActor, PERMISSIONS, ROLES } from '../../../contracts/admin.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { StoredObject } from '../../../contracts/objects.ts';
import type { KeyBody, OrganizationBody, TeamBody, UserBody } from '../../../contracts/shapes/directory.ts';
import { findKeyFaults, withoutFaults } from '../../../contracts/shapes/find-faults.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { defineOperation, type Operation } from '../define-operation.ts';
import { listAll, PageQuery, pageOf, pageOfObjects } from '../pages.ts';
import { faultyBody } from '../problem.ts';
import {
  checkKey,
  KeyInput,
  type KeyInputBody,
  KeyView,
  KeyWithSecret,
  makeKey,
  RotateInput,
  replaceKey,
  revokeKey,
  rotateKey,
  viewOfKey,
} from './key-changes.ts';
import { IdParams, NoParams, NoQuery } from './words.ts';

const MeView = z.strictObject({
  type: z.enum(['admin-token', 'user']),
  id: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  permissions: z.array(z.enum(PERMISSIONS)),
  csrfToken: z
    .string()
    .optional()
    .describe(
      'With a session: what every request that changes something sends along as `X-Portcullis-Csrf`. Good as long as the session.',
    ),
});

/** What one says of a key of one's own: it is personal, and of whoever asks. */
const OwnKeyInput = withoutFaults(KeyInput.omit({ type: true, user: true, organization: true }), findKeyFaults);

/** Beyond these nobody makes themselves another. */
const MAX_OWN_KEYS = 100;

/** The user who asks. Throws GatewayError `forbidden` for a token, which is nobody. */
async function requireUser(deps: AdminDeps, actor: AdminActor): Promise<StoredObject> {
  const user = actor.type === 'user' ? await deps.objects.find('user', actor.id) : undefined;
  if (user === undefined)
    throw new GatewayError(
      'forbidden',
      "keys of one's own are for people who are signed in; a token makes keys at /keys",
    );
  return user;
}

/** A key of somebody else, and one there is none of, look alike. */
async function requireOwnKey(deps: AdminDeps, actor: AdminActor, id: string): Promise<StoredObject> {
  const user = await requireUser(deps, actor);
  const key = await deps.objects.find('key', id);
  const body = key?.body as KeyBody | undefined;
  if (key === undefined || body?.user !== user.id || body.type !== 'personal')
    throw new GatewayError('unknown_object', `key ${id}`);
  return key;
}

async function checkOwn(deps: AdminDeps, actor: AdminActor, team: string | undefined): Promise<StoredObject> {
  const user = await requireUser(deps, actor);
  if (deps.rules.allows(actor.role, 'keys:write')) return user;
  const { teams, bounds, organization } = user.body as UserBody;
  const teamBody = team === undefined ? undefined : (await deps.objects.find('team', team))?.body;
  const organizationId = (teamBody as TeamBody | undefined)?.organization ?? organization;
  const above =
    organizationId === undefined ? undefined : (await deps.objects.find('organization', organizationId))?.body;
  const verdict = deps.rules.decideOwnKey({ teams }, team, [
    { bounds },
    { bounds: (teamBody as TeamBody | undefined)?.bounds },
    { bounds: (above as OrganizationBody | undefined)?.bounds },
  ]);
  if (!verdict.allowed) throw new GatewayError('forbidden', verdict.reason);
  return user;
}

const complete = (body: z.output<typeof OwnKeyInput>, user: StoredObject): KeyInputBody => ({
  ...body,
  type: 'personal',
  user: user.id,
});

const words = { tag: 'me', params: IdParams, query: NoQuery, status: 200, permission: 'own-keys:write' } as const;

export const ownKeyOperations: readonly Operation[] = [
  defineOperation({
    ...{ ...words, id: 'getMe', method: 'GET', path: '/me', permission: 'anyone', params: NoParams, answer: MeView },
    ...{ summary: 'Who one is, and what one may do', precondition: 'none' },
    async handle(deps, { actor }) {
      const { type, id, name, role } = actor;
      const csrfToken = actor.type === 'user' ? actor.csrfToken : undefined;
      return { body: { type, id, name, role, permissions: deps.rules.permissionsOf(role), csrfToken } };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'listOwnKeys', method: 'GET', path: '/me/keys', params: NoParams },
    ...{ summary: 'List the personal keys one has', query: z.strictObject(PageQuery), answer: pageOf(KeyView) },
    ...{ precondition: 'none', problems: ['invalid_cursor'] },
    async handle(deps, { actor, query: { limit, cursor } }) {
      const user = await requireUser(deps, actor);
      const where = { user: user.id, type: 'personal' };
      const { found, nextCursor } = await pageOfObjects(deps.objects, 'key', { limit, cursor, where });
      return { body: { items: found.map(viewOfKey), nextCursor: nextCursor ?? null }, nextCursor };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'createOwnKey', method: 'POST', path: '/me/keys', params: NoParams, status: 201 },
    ...{ summary: 'Create a key for oneself; its secret is in this answer and nowhere else' },
    ...{ body: OwnKeyInput, answer: KeyWithSecret, precondition: 'none', problems: ['conflict'] },
    async handle(deps, { actor, body, origin, nowMs }) {
      const user = await checkOwn(deps, actor, body.team);
      const input = complete(body, user);
      await checkKey(deps, input, undefined, nowMs);
      const own = await listAll(deps.objects, 'key', { user: user.id, type: 'personal' });
      if (own.length >= MAX_OWN_KEYS)
        throw new GatewayError('conflict', `at most ${MAX_OWN_KEYS} keys; delete some first`);
      return makeKey(deps, input, '/me/keys', { origin, nowMs });
    },
  }),
  defineOperation({
    ...{ ...words, id: 'getOwnKey', method: 'GET', path: '/me/keys/{id}', answer: KeyView },
    ...{ summary: 'Read one of the keys one has', precondition: 'none', problems: ['unknown_object'] },
    async handle(deps, { actor, params }) {
      const key = await requireOwnKey(deps, actor, params.id);
      return { body: viewOfKey(key), version: key.version };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'replaceOwnKey', method: 'PUT', path: '/me/keys/{id}', body: OwnKeyInput, answer: KeyView },
    ...{ summary: 'Replace one of the keys one has; its secrets stay' },
    ...{ precondition: 'required', problems: ['unknown_object', 'conflict'] },
    async handle(deps, { actor, params, body, ifVersion, origin, nowMs }) {
      const key = await requireOwnKey(deps, actor, params.id);
      const user = await checkOwn(deps, actor, body.team);
      const input = complete(body, user);
      await checkKey(deps, input, key.body as KeyBody, nowMs);
      // What somebody who manages keys has set stays theirs to take away.
      const before = key.body as KeyBody;
      if (!deps.rules.allows(actor.role, 'keys:write') && JSON.stringify(before.limits) !== JSON.stringify(body.limits))
        throw faultyBody('/limits', 'limits of a key are changed by whoever manages keys');
      return replaceKey(deps, key, input, { origin, nowMs, ifVersion });
    },
  }),
  defineOperation({
    ...{ ...words, id: 'rotateOwnKey', method: 'POST', path: '/me/keys/{id}/rotate', body: RotateInput },
    ...{ summary: 'Give one of the keys one has a new secret', answer: KeyWithSecret },
    ...{ precondition: 'optional', problems: ['unknown_object', 'conflict'] },
    async handle(deps, { actor, params, body, ifVersion, origin, nowMs }) {
      const key = await requireOwnKey(deps, actor, params.id);
      return rotateKey(deps, key, body.graceMs, { origin, nowMs, ifVersion });
    },
  }),
  defineOperation({
    ...{ ...words, id: 'revokeOwnKey', method: 'POST', path: '/me/keys/{id}/revoke', answer: KeyView },
    ...{ summary: 'Revoke one of the keys one has, for good', precondition: 'optional', problems: ['unknown_object'] },
    async handle(deps, { actor, params, ifVersion, origin, nowMs }) {
      return revokeKey(deps, await requireOwnKey(deps, actor, params.id), { origin, nowMs, ifVersion });
    },
  }),
];
