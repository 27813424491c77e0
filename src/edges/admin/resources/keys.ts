/** Keys of everybody, for whoever manages them. */

import { z } from 'zod';
import { GatewayError } from '../../../contracts/errors.ts';
import type { KeyBody } from '../../../contracts/shapes/directory.ts';
import { findKeyFaults, withoutFaults } from '../../../contracts/shapes/find-faults.ts';
import { defineOperation, type Operation } from '../define-operation.ts';
import { PageQuery, pageOf, pageOfObjects } from '../pages.ts';
import { requireStored, viewOfFile } from '../views.ts';
import {
  checkKey,
  KeyInput,
  KeyView,
  KeyWithSecret,
  makeKey,
  RotateInput,
  replaceKey,
  revokeKey,
  rotateKey,
  viewOfKey,
} from './key-changes.ts';
import { IdParams, NameFilter, NoParams, NoQuery } from './words.ts';

const ListQuery = z.strictObject({
  ...PageQuery,
  ...NameFilter,
  user: z.string().max(200).optional().describe('Only those of this user.'),
  team: z.string().max(200).optional().describe('Only those that count for this team.'),
  organization: z.string().max(200).optional().describe('Only those that name this organisation themselves.'),
  type: z.enum(['service', 'personal']).optional().describe('Only those of this type.'),
});

const StandingsView = z.strictObject({
  items: z.array(
    z.strictObject({
      level: z.strictObject({ type: z.string(), id: z.string(), name: z.string() }),
      what: z.enum(['requests', 'tokens', 'toolCalls', 'concurrent', 'money']).describe('Money is in micro-dollars.'),
      per: z.string().describe('Its span: `minute`, `day UTC`, `total`, …'),
      on: z.array(z.string()).nullable().describe('Only calls that these patterns fit. Null: all.'),
      max: z.number(),
      used: z.number().nullable().describe('Null: what counts them cannot be reached.'),
    }),
  ),
});

const GoodKeyInput = withoutFaults(KeyInput, findKeyFaults);

const words = { tag: 'keys', params: IdParams, query: NoQuery, status: 200 } as const;
const PROBLEMS = ['unknown_object', 'owned_by_file', 'conflict'] as const;

export const keyOperations: readonly Operation[] = [
  defineOperation({
    ...{ ...words, id: 'listKeys', method: 'GET', path: '/keys', permission: 'keys:read', params: NoParams },
    ...{ summary: 'List keys, in the order they were made', query: ListQuery, answer: pageOf(KeyView) },
    ...{ precondition: 'none', problems: ['invalid_cursor'] },
    async handle(deps, { query: { limit, cursor, name, user, team, organization, type } }) {
      const { found, nextCursor } = await pageOfObjects(deps.objects, 'key', {
        ...{ limit, cursor, namePrefix: name, where: { user, team, organization, type } },
      });
      const wanted = { user, team, organization, type };
      const fromFile = (cursor === undefined ? deps.fileObjects('key') : []).filter(
        (key) =>
          (name === undefined || key.name.startsWith(name)) &&
          Object.entries(wanted).every(([member, value]) => value === undefined || key.body[member] === value),
      );
      const items = [...fromFile.map(viewOfFile), ...found.map(viewOfKey)];
      return { body: { items, nextCursor: nextCursor ?? null }, nextCursor };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'createKey', method: 'POST', path: '/keys', permission: 'keys:write', params: NoParams },
    ...{
      summary: 'Create a key; its secret is in this answer and nowhere else',
      body: GoodKeyInput,
      answer: KeyWithSecret,
    },
    ...{ status: 201, precondition: 'none' },
    async handle(deps, { body, origin, nowMs }) {
      await checkKey(deps, body, undefined, nowMs);
      return makeKey(deps, body, '/keys', { origin, nowMs });
    },
  }),
  defineOperation({
    ...{ ...words, id: 'getKey', method: 'GET', path: '/keys/{id}', permission: 'keys:read', answer: KeyView },
    ...{ summary: 'Read a key', precondition: 'none', problems: ['unknown_object'] },
    async handle(deps, { params }) {
      const inFile = deps.fileObjects('key').find(({ id }) => id === params.id);
      if (inFile !== undefined) return { body: viewOfFile(inFile) };
      const key = await requireStored(deps, 'key', params.id);
      return { body: viewOfKey(key), version: key.version };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'replaceKey', method: 'PUT', path: '/keys/{id}', permission: 'keys:write', answer: KeyView },
    ...{ summary: 'Replace a key; its secrets stay', body: GoodKeyInput, precondition: 'required', problems: PROBLEMS },
    async handle(deps, { params, body, ifVersion, origin, nowMs }) {
      const key = await requireStored(deps, 'key', params.id);
      await checkKey(deps, body, key.body as KeyBody, nowMs);
      return replaceKey(deps, key, body, { origin, nowMs, ifVersion });
    },
  }),
  defineOperation({
    ...{ ...words, id: 'rotateKey', method: 'POST', path: '/keys/{id}/rotate', permission: 'keys:write' },
    ...{
      summary: 'Give a key a new secret; the old one ends after the grace',
      body: RotateInput,
      answer: KeyWithSecret,
    },
    ...{ precondition: 'optional', problems: PROBLEMS },
    async handle(deps, { params, body, ifVersion, origin, nowMs }) {
      const key = await requireStored(deps, 'key', params.id);
      return rotateKey(deps, key, body.graceMs, { origin, nowMs, ifVersion });
    },
  }),
  defineOperation({
    ...{
      ...words,
      id: 'revokeKey',
      method: 'POST',
      path: '/keys/{id}/revoke',
      permission: 'keys:write',
      answer: KeyView,
    },
    ...{ summary: 'Revoke a key at once, for good', precondition: 'optional', problems: PROBLEMS },
    async handle(deps, { params, ifVersion, origin, nowMs }) {
      return revokeKey(deps, await requireStored(deps, 'key', params.id), { origin, nowMs, ifVersion });
    },
  }),
  defineOperation({
    ...{ ...words, id: 'deleteKey', method: 'DELETE', path: '/keys/{id}', permission: 'keys:write', answer: KeyView },
    ...{ summary: 'Delete a key; what it did stays in the trail', precondition: 'optional', problems: PROBLEMS },
    async handle(deps, { params, ifVersion, origin, nowMs }) {
      const key = await requireStored(deps, 'key', params.id);
      await deps.objects.write([{ action: 'delete', kind: 'key', id: key.id, ifVersion }], origin, nowMs);
      return { body: viewOfKey(key) };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'getKeyLimits', method: 'GET', path: '/keys/{id}/limits', permission: 'spend:read' },
    ...{ summary: 'Where the limits of a key and of the levels above it stand', answer: StandingsView },
    ...{ precondition: 'none', problems: ['unknown_object'], needs: 'standings' },
    async handle(deps, { params }) {
      const standings = await deps.standings?.(params.id);
      if (standings === undefined) throw new GatewayError('unknown_object', `no key ${params.id} is in force`);
      const items = standings.map(({ on, used, ...rest }) => ({ ...rest, on: on ?? null, used: used ?? null }));
      return { body: { items } };
    },
  }),
];
