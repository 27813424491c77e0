/** Organisations and teams: the levels that keys and users stand below. */

import { z } from 'zod';
import { GatewayError } from '../../../contracts/errors.ts';
import type { ObjectWrite, StoredObject } from '../../../contracts/objects.ts';
import {
  type KeyBody,
  type OrganizationBody,
  OrganizationShape,
  type TeamBody,
  TeamShape,
  type UserBody,
} from '../../../contracts/shapes/directory.ts';
import { findLevelFaults, withoutFaults } from '../../../contracts/shapes/find-faults.ts';
import { createObjectId } from '../../../lib/access-token.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { defineOperation, type Operation } from '../define-operation.ts';
import { listAll, PageQuery, pageOf, pageOfObjects } from '../pages.ts';
import { faulty } from '../problem.ts';
import { findMissing, requireStored, toJson, viewFields, viewOf, viewOfFile } from '../views.ts';
import { IdParams, NameFilter, NoParams, NoQuery } from './words.ts';

const OrganizationView = z.strictObject({ ...viewFields, ...OrganizationShape.shape });
const TeamView = z.strictObject({ ...viewFields, ...TeamShape.shape });

const CascadeQuery = z.strictObject({
  cascade: z.enum(['revoke']).optional().describe('`revoke`: revokes the keys that stand in the way.'),
});

/** What stands below it, as words and numbers. Throws GatewayError `conflict` if there is anything. */
function refuseWhileNeeded(what: string, below: { readonly [kind: string]: number }, remedy: string): void {
  const named = Object.entries(below).filter(([, count]) => count > 0);
  if (named.length === 0) return;
  const words = named.map(([kind, count]) => `${count} ${kind}`).join(', ');
  throw new GatewayError('conflict', `${what} still has ${words}; ${remedy}`, {
    data: { below: Object.fromEntries(named) },
  });
}

/** Those in force: a revoked key stands in nobody's way. */
async function livingKeys(
  deps: AdminDeps,
  member: 'team' | 'organization',
  id: string,
): Promise<readonly StoredObject[]> {
  const keys = await listAll(deps.objects, 'key', { [member]: id });
  return keys.filter(({ body }) => (body as KeyBody).revokedAtMs === undefined);
}

function writeRevoked(key: StoredObject, nowMs: number): ObjectWrite {
  const { kind, id, name, version } = key;
  return { action: 'update', kind, id, name, body: { ...key.body, revokedAtMs: nowMs }, ifVersion: version };
}

async function deleteTeam(
  deps: AdminDeps,
  id: string,
  cascade: boolean,
  nowMs: number,
): Promise<readonly ObjectWrite[]> {
  const keys = await livingKeys(deps, 'team', id);
  if (!cascade)
    refuseWhileNeeded('the team', { keys: keys.length }, 'revoke or move them first, or add ?cascade=revoke');
  const members = (await listAll(deps.objects, 'user')).filter(({ body }) => (body as UserBody).teams.includes(id));
  return [
    ...keys.map((key) => writeRevoked(key, nowMs)),
    ...members.map((user): ObjectWrite => {
      const teams = (user.body as UserBody).teams.filter((team) => team !== id);
      const { kind, name, version } = user;
      return { action: 'update', kind, id: user.id, name, body: { ...user.body, teams }, ifVersion: version };
    }),
  ];
}

async function deleteOrganization(deps: AdminDeps, id: string): Promise<readonly ObjectWrite[]> {
  const below = {
    teams: (await listAll(deps.objects, 'team', { organization: id })).length,
    users: (await listAll(deps.objects, 'user', { organization: id })).length,
    keys: (await livingKeys(deps, 'organization', id)).length,
  };
  refuseWhileNeeded('the organisation', below, 'move or delete them first');
  return [];
}

async function checkTeam(deps: AdminDeps, body: LevelBody): Promise<void> {
  const { organization } = body as TeamBody;
  const faults = await findMissing(deps, [{ kind: 'organization', id: organization, pointer: '/organization' }]);
  if (faults.length > 0) throw faulty(faults);
}

type LevelBody = OrganizationBody | TeamBody;

/** Listing, making, reading, replacing and deleting of one of the two. */
function levelOperations(level: {
  readonly kind: 'organization' | 'team';
  readonly plural: string;
  readonly title: 'Organization' | 'Team';
  readonly shape: z.ZodType<LevelBody>;
  readonly view: z.ZodType;
  readonly listQuery: z.ZodObject;
  readonly deleteQuery: typeof NoQuery | typeof CascadeQuery;
  check(deps: AdminDeps, body: LevelBody): Promise<void>;
  alsoWhenDeleted(deps: AdminDeps, id: string, cascade: boolean, nowMs: number): Promise<readonly ObjectWrite[]>;
}): readonly Operation[] {
  const { kind, plural, title, shape, view } = level;
  const tag = plural;
  const one = title.toLowerCase();
  return [
    defineOperation({
      ...{ id: `list${title}s`, method: 'GET', path: `/${plural}`, tag, permission: 'people:read', status: 200 },
      summary: `List ${plural}, in the order they were made`,
      ...{ params: NoParams, query: level.listQuery, answer: pageOf(view), precondition: 'none' },
      problems: ['invalid_cursor'],
      async handle(deps, { query }) {
        const { limit, cursor, name, organization } = query as {
          limit: number;
          cursor?: string;
          name?: string;
          organization?: string;
        };
        const { found, nextCursor } = await pageOfObjects(deps.objects, kind, {
          ...{ limit, cursor, namePrefix: name },
          where: { organization },
        });
        const fromFile = cursor === undefined ? deps.fileObjects(kind) : [];
        const fits = fromFile.filter(
          (each) =>
            (name === undefined || each.name.startsWith(name)) &&
            (organization === undefined || each.body.organization === organization),
        );
        const items = [...fits.map(viewOfFile), ...found.map((object) => viewOf(object))];
        return { body: { items: items, nextCursor: nextCursor ?? null }, nextCursor };
      },
    }),
    defineOperation({
      ...{ id: `create${title}`, method: 'POST', path: `/${plural}`, tag, permission: 'people:write', status: 201 },
      ...{
        summary: `Create a ${one}`,
        params: NoParams,
        query: NoQuery,
        body: shape,
        answer: view,
        precondition: 'none',
      },
      problems: ['conflict'],
      async handle(deps, { body, origin, nowMs }) {
        await level.check(deps, body);
        const id = createObjectId(kind === 'team' ? 'team' : 'org');
        const write: ObjectWrite = { action: 'create', kind, id, name: body.name, body: toJson(body) };
        const [made] = await deps.objects.write([write], origin, nowMs);
        if (made === undefined) throw new Error('nothing was written');
        return { body: viewOf(made), version: made.version, location: `/${plural}/${id}` };
      },
    }),
    defineOperation({
      ...{ id: `get${title}`, method: 'GET', path: `/${plural}/{id}`, tag, permission: 'people:read', status: 200 },
      ...{ summary: `Read a ${one}`, params: IdParams, query: NoQuery, answer: view, precondition: 'none' },
      problems: ['unknown_object'],
      async handle(deps, { params }) {
        const inFile = deps.fileObjects(kind).find(({ id }) => id === params.id);
        if (inFile !== undefined) return { body: viewOfFile(inFile) };
        const found = await requireStored(deps, kind, params.id);
        return { body: viewOf(found), version: found.version };
      },
    }),
    defineOperation({
      ...{
        id: `replace${title}`,
        method: 'PUT',
        path: `/${plural}/{id}`,
        tag,
        permission: 'people:write',
        status: 200,
      },
      ...{ summary: `Replace a ${one}`, params: IdParams, query: NoQuery, body: shape, answer: view },
      ...{ precondition: 'required', problems: ['unknown_object', 'owned_by_file', 'conflict'] },
      async handle(deps, { params, body, ifVersion, origin, nowMs }) {
        const { id } = await requireStored(deps, kind, params.id);
        await level.check(deps, body);
        const write: ObjectWrite = { action: 'update', kind, id, name: body.name, body: toJson(body), ifVersion };
        const [now] = await deps.objects.write([write], origin, nowMs);
        if (now === undefined) throw new Error('nothing was written');
        return { body: viewOf(now), version: now.version };
      },
    }),
    defineOperation({
      ...{
        id: `delete${title}`,
        method: 'DELETE',
        path: `/${plural}/{id}`,
        tag,
        permission: 'people:write',
        status: 200,
      },
      ...{ summary: `Delete a ${one}`, params: IdParams, query: level.deleteQuery, answer: view },
      ...{ precondition: 'optional', problems: ['unknown_object', 'owned_by_file', 'conflict'] },
      async handle(deps, { params, query, ifVersion, origin, nowMs }) {
        const found = await requireStored(deps, kind, params.id);
        const cascade = (query as { cascade?: string }).cascade === 'revoke';
        const also = await level.alsoWhenDeleted(deps, params.id, cascade, nowMs);
        const write: ObjectWrite = { action: 'delete', kind, id: params.id, ifVersion };
        await deps.objects.write([...also, write], origin, nowMs);
        return { body: viewOf(found) };
      },
    }),
  ];
}

export const organizationOperations: readonly Operation[] = levelOperations({
  ...{ kind: 'organization', plural: 'organizations', title: 'Organization' },
  ...{ shape: withoutFaults(OrganizationShape, findLevelFaults), view: OrganizationView, deleteQuery: NoQuery },
  listQuery: z.strictObject({ ...PageQuery, ...NameFilter }),
  check: async () => undefined,
  alsoWhenDeleted: deleteOrganization,
});

export const teamOperations: readonly Operation[] = levelOperations({
  ...{ kind: 'team', plural: 'teams', title: 'Team' },
  ...{ shape: withoutFaults(TeamShape, findLevelFaults), view: TeamView, deleteQuery: CascadeQuery },
  listQuery: z.strictObject({
    ...PageQuery,
    ...NameFilter,
    organization: z.string().max(200).optional().describe('Only those of this organisation.'),
  }),
  check: checkTeam,
  alsoWhenDeleted: deleteTeam,
});
