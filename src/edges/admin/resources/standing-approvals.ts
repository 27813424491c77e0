/** Standing approvals: calls that need no look any more, until then. */

import { z } from 'zod';
import type { ObjectWrite } from '../../../contracts/objects.ts';
import { type StandingApprovalBody, StandingApprovalShape } from '../../../contracts/shapes/approvals.ts';
import { findStandingFaults } from '../../../contracts/shapes/find-faults.ts';
import { createObjectId } from '../../../lib/access-token.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { defineOperation, type Operation } from '../define-operation.ts';
import { PageQuery, pageOf, pageOfObjects } from '../pages.ts';
import { faultOfBody, faulty } from '../problem.ts';
import { findMissing, requireStored, toJson, viewFields, viewOf } from '../views.ts';
import { IdParams, NameFilter, NoParams, NoQuery } from './words.ts';

const KIND = 'standing-approval';

const View = z.strictObject({ ...viewFields, ...StandingApprovalShape.shape });

/** Who comes with a token of another issuer stands in no store: whoever names one has it from the trail. */
function referencesOf(key: string | undefined): Parameters<typeof findMissing>[1] {
  const [, kind, id] = /^(user|oauth):(.+)$/.exec(key ?? '') ?? [];
  if (kind === 'user') return [{ kind: 'user', id, pointer: '/key' }];
  return kind === 'oauth' && /^[0-9a-f]{32}$/.test(id ?? '') ? [] : [{ kind: 'key', id: key, pointer: '/key' }];
}

/** Throws GatewayError `invalid_params`. */
async function check(deps: AdminDeps, body: StandingApprovalBody, nowMs: number): Promise<void> {
  const faults = findStandingFaults(body, nowMs).map(faultOfBody);
  faults.push(...(await findMissing(deps, referencesOf(body.key))));
  if (faults.length > 0) throw faulty(faults);
}

const words = { tag: 'standing-approvals', needs: 'approvals' } as const;

export const standingApprovalOperations: readonly Operation[] = [
  defineOperation({
    ...{ id: 'listStandingApprovals', method: 'GET', path: '/standing-approvals', ...words, status: 200 },
    ...{ permission: 'people:read', summary: 'List standing approvals, in the order they were given' },
    ...{ params: NoParams, query: z.strictObject({ ...PageQuery, ...NameFilter }), answer: pageOf(View) },
    ...{ precondition: 'none', problems: ['invalid_cursor'] },
    async handle(deps, { query: { limit, cursor, name } }) {
      const { found, nextCursor } = await pageOfObjects(deps.objects, KIND, { limit, cursor, namePrefix: name });
      const items = found.map((object) => viewOf(object));
      return { body: { items, nextCursor: nextCursor ?? null }, nextCursor };
    },
  }),
  defineOperation({
    ...{ id: 'createStandingApproval', method: 'POST', path: '/standing-approvals', ...words, status: 201 },
    ...{ permission: 'approve', summary: 'Approve calls beforehand, until then', params: NoParams, query: NoQuery },
    ...{ body: StandingApprovalShape, answer: View, precondition: 'none', problems: ['conflict'] },
    async handle(deps, { body, origin, nowMs }) {
      await check(deps, body, nowMs);
      const id = createObjectId('sta');
      const write: ObjectWrite = { action: 'create', kind: KIND, id, name: body.name, body: toJson(body) };
      const [made] = await deps.objects.write([write], origin, nowMs);
      if (made === undefined) throw new Error('nothing was written');
      return { body: viewOf(made), version: made.version, location: `/standing-approvals/${id}` };
    },
  }),
  defineOperation({
    ...{ id: 'getStandingApproval', method: 'GET', path: '/standing-approvals/{id}', ...words, status: 200 },
    ...{ permission: 'people:read', summary: 'Read a standing approval', params: IdParams, query: NoQuery },
    ...{ answer: View, precondition: 'none', problems: ['unknown_object'] },
    async handle(deps, { params }) {
      const found = await requireStored(deps, KIND, params.id);
      return { body: viewOf(found), version: found.version };
    },
  }),
  defineOperation({
    ...{ id: 'deleteStandingApproval', method: 'DELETE', path: '/standing-approvals/{id}', ...words, status: 200 },
    ...{ permission: 'approve', summary: 'Take a standing approval back', params: IdParams, query: NoQuery },
    ...{ answer: View, precondition: 'optional', problems: ['unknown_object', 'conflict'] },
    async handle(deps, { params, ifVersion, origin, nowMs }) {
      const found = await requireStored(deps, KIND, params.id);
      await deps.objects.write([{ action: 'delete', kind: KIND, id: params.id, ifVersion }], origin, nowMs);
      return { body: viewOf(found) };
    },
  }),
];
