/** Users: people and what they belong to. Their roles are access, so changing them takes more than changing a name. */

import { z } from 'zod';
import type { AdminActor, Role } from '../../../contracts/admin.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { LookedAt, ObjectWrite, StoredObject } from '../../../contracts/objects.ts';
import { type KeyBody, type UserBody, UserShape } from '../../../contracts/shapes/directory.ts';
import { findLevelFaults, withoutFaults } from '../../../contracts/shapes/find-faults.ts';
import { createObjectId } from '../../../lib/access-token.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { defineOperation, type Operation } from '../define-operation.ts';
import { listAll, PageQuery, pageOf, pageOfObjects } from '../pages.ts';
import { faulty } from '../problem.ts';
import { findMissing, noteDeed, requireOtherOwners, requireStored, toJson, viewFields, viewOf } from '../views.ts';
import { IdParams, NameFilter, NoParams, NoQuery } from './words.ts';

export const UserView = z.strictObject({ ...viewFields, ...UserShape.shape });

const UserInput = withoutFaults(UserShape, findLevelFaults);

const InvitationView = z.strictObject({
  url: z.string().describe('Shown this once, good once; it goes to the user, over a way that only they read.'),
  expiresAtMs: z.int(),
});

const ListQuery = z.strictObject({
  ...PageQuery,
  ...NameFilter,
  organization: z.string().max(200).optional().describe('Only those of this organisation.'),
  role: z.string().max(20).optional().describe('Only those with this role.'),
});

const CascadeQuery = z.strictObject({
  cascade: z.enum(['revoke']).optional().describe('`revoke`: revokes the service keys that belong to the user.'),
});

const roleOf = (user: StoredObject): Role => (user.body as UserBody).role;

/** Nobody touches whoever stands above them. */
function checkMayTouch(deps: AdminDeps, actor: AdminActor, role: Role): void {
  if (deps.rules.mayGrant(actor.role, role) || (role === 'member' && deps.rules.allows(actor.role, 'people:write')))
    return;
  throw new GatewayError('forbidden', `the role ${actor.role} cannot give or change the role ${role}`);
}

/** Returns what the write has to heed. */
async function checkRole(
  deps: AdminDeps,
  { actor, nowMs }: { readonly actor: AdminActor; readonly nowMs: number },
  before: StoredObject | undefined,
  after: UserBody | undefined,
): Promise<LookedAt | undefined> {
  if (before !== undefined) checkMayTouch(deps, actor, roleOf(before));
  if (after !== undefined) checkMayTouch(deps, actor, after.role);
  if (before === undefined) return undefined;
  if (after !== undefined && before.id === actor.id && roleOf(before) !== after.role)
    throw new GatewayError('forbidden', 'nobody changes their own role');
  const staysOwner = after?.role === 'owner' && after.isActive;
  return roleOf(before) === 'owner' && !staysOwner ? requireOtherOwners(deps, before.id, nowMs) : undefined;
}

/** Those stored by older versions have their names as they were typed. */
async function checkUser(deps: AdminDeps, body: UserBody, id: string | undefined): Promise<void> {
  const faults = await findMissing(deps, [
    { kind: 'organization', id: body.organization, pointer: '/organization' },
    ...body.teams.map((team, i) => ({ kind: 'team', id: team, pointer: `/teams/${i}` }) as const),
  ]);
  if (faults.length > 0) throw faulty(faults);
  const { foldName } = deps.accounts;
  const name = foldName(body.name);
  const namesake = (await listAll(deps.objects, 'user')).find(
    (user) => user.id !== id && foldName((user.body as UserBody).name) === name,
  );
  if (namesake !== undefined) throw new GatewayError('conflict', 'there is another user of this name');
}

/** What goes with a user: personal keys always, others only where that was asked for. */
async function revokeKeysOf(
  deps: AdminDeps,
  user: string,
  cascade: boolean,
  nowMs: number,
): Promise<readonly ObjectWrite[]> {
  const keys = (await listAll(deps.objects, 'key', { user })).filter(
    ({ body }) => (body as KeyBody).revokedAtMs === undefined,
  );
  const service = keys.filter(({ body }) => (body as KeyBody).type === 'service');
  if (service.length > 0 && !cascade)
    throw new GatewayError(
      'conflict',
      `the user still has ${service.length} service keys; revoke or move them first, or add ?cascade=revoke`,
      { data: { below: { keys: service.length } } },
    );
  return keys.map(({ kind, id, name, version, body }) => ({
    ...{ action: 'update', kind, id, name, ifVersion: version },
    body: { ...body, revokedAtMs: nowMs },
  }));
}

const words = { tag: 'users' } as const;

export const userOperations: readonly Operation[] = [
  defineOperation({
    ...{ ...words, id: 'listUsers', method: 'GET', path: '/users', permission: 'people:read', status: 200 },
    ...{
      summary: 'List users, in the order they were made',
      params: NoParams,
      query: ListQuery,
      answer: pageOf(UserView),
    },
    ...{ precondition: 'none', problems: ['invalid_cursor'] },
    async handle(deps, { query: { limit, cursor, name, organization, role } }) {
      const { found, nextCursor } = await pageOfObjects(deps.objects, 'user', {
        ...{ limit, cursor, where: { organization, role } },
        namePrefix: name === undefined ? undefined : deps.accounts.foldName(name),
      });
      return { body: { items: found.map((user) => viewOf(user)), nextCursor: nextCursor ?? null }, nextCursor };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'createUser', method: 'POST', path: '/users', permission: 'people:write', status: 201 },
    ...{ summary: 'Create a user', params: NoParams, query: NoQuery, body: UserInput, answer: UserView },
    ...{ precondition: 'none', problems: ['conflict'] },
    async handle(deps, { body, actor, origin, nowMs }) {
      await checkRole(deps, { actor, nowMs }, undefined, body);
      await checkUser(deps, body, undefined);
      const id = createObjectId('user');
      const name = deps.accounts.foldName(body.name);
      const write: ObjectWrite = { action: 'create', kind: 'user', id, name, body: toJson(body) };
      const [made] = await deps.objects.write([write], origin, nowMs);
      return { body: made && viewOf(made), version: made?.version, location: `/users/${id}` };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'getUser', method: 'GET', path: '/users/{id}', permission: 'people:read', status: 200 },
    ...{ summary: 'Read a user', params: IdParams, query: NoQuery, answer: UserView },
    ...{ precondition: 'none', problems: ['unknown_object'] },
    async handle(deps, { params }) {
      const found = await requireStored(deps, 'user', params.id);
      return { body: viewOf(found), version: found.version };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'replaceUser', method: 'PUT', path: '/users/{id}', permission: 'people:write', status: 200 },
    ...{ summary: 'Replace a user', params: IdParams, query: NoQuery, body: UserInput, answer: UserView },
    ...{ precondition: 'required', problems: ['unknown_object', 'conflict'] },
    async handle(deps, { params, body, actor, ifVersion, origin, nowMs }) {
      const before = await requireStored(deps, 'user', params.id);
      const lookedAt = await checkRole(deps, { actor, nowMs }, before, body);
      await checkUser(deps, body, before.id);
      const write: ObjectWrite = {
        action: 'update',
        kind: 'user',
        id: before.id,
        name: deps.accounts.foldName(body.name),
        body: toJson(body),
        // `*` too: who they were decided whether this may be done.
        ifVersion: ifVersion ?? before.version,
      };
      const [now] = await deps.objects.write([write], origin, nowMs, lookedAt);
      // They would be believed no longer anyway; somebody who looks should not see them go on.
      if (!body.isActive || body.role !== roleOf(before)) await deps.accounts.endSessions(before.id);
      return { body: now && viewOf(now), version: now?.version };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'deleteUser', method: 'DELETE', path: '/users/{id}', permission: 'people:write', status: 200 },
    ...{
      summary: 'Delete a user, and revoke their personal keys',
      params: IdParams,
      query: CascadeQuery,
      answer: UserView,
    },
    ...{ precondition: 'optional', problems: ['unknown_object', 'conflict'] },
    async handle(deps, { params, query, actor, ifVersion, origin, nowMs }) {
      const before = await requireStored(deps, 'user', params.id);
      const lookedAt = await checkRole(deps, { actor, nowMs }, before, undefined);
      const keys = await revokeKeysOf(deps, before.id, query.cascade === 'revoke', nowMs);
      const { id, version } = before;
      const write: ObjectWrite = { action: 'delete', kind: 'user', id, ifVersion: ifVersion ?? version };
      await deps.objects.write([...keys, write], origin, nowMs, lookedAt);
      await deps.accounts.forget(before.id);
      return { body: viewOf(before) };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'inviteUser', method: 'POST', path: '/users/{id}/invite', permission: 'people:write' },
    ...{ status: 201, summary: 'Make an address at which a user sets a password; those made before are void' },
    ...{ params: IdParams, query: NoQuery, answer: InvitationView },
    ...{ precondition: 'none', problems: ['unknown_object', 'conflict'] },
    async handle(deps, { params, actor, origin, nowMs }) {
      const user = await requireStored(deps, 'user', params.id);
      // Whoever has the address can sign in as them.
      checkMayTouch(deps, actor, roleOf(user));
      if (!(user.body as UserBody).isActive) throw new GatewayError('conflict', 'the user is switched off');
      // First: nobody gets an address that is not on record.
      await noteDeed(deps, 'invite', user, origin, nowMs);
      return { body: await deps.accounts.invite(user.id) };
    },
  }),
];
