/** The record of changes: who changed what, when, from what to what. */

import { z } from 'zod';
import { GatewayError } from '../../../contracts/errors.ts';
import { CHANGE_ACTIONS, OBJECT_KINDS } from '../../../contracts/objects.ts';
import { defineOperation, type Operation } from '../define-operation.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../pages.ts';
import { NoParams } from './words.ts';

const Body = z.record(z.string(), z.unknown()).nullable();

const ChangeView = z.strictObject({
  seq: z.int(),
  atMs: z.int(),
  action: z.enum(CHANGE_ACTIONS).describe('Those after `delete` change nothing that a body shows.'),
  kind: z.enum(OBJECT_KINDS),
  id: z.string(),
  name: z.string(),
  actor: z.strictObject({ type: z.string(), id: z.string(), name: z.string() }),
  via: z.string(),
  before: Body.describe('Null: there was none, or it does not matter. Without anything secret.'),
  after: Body.describe('Null: it was deleted, or is as before.'),
});

export const changeOperations: readonly Operation[] = [
  defineOperation({
    ...{ id: 'listChanges', method: 'GET', path: '/changes', tag: 'changes', permission: 'trail:read', status: 200 },
    summary: 'List changes, the newest first',
    params: NoParams,
    query: z.strictObject({
      ...PageQuery,
      kind: z.enum(OBJECT_KINDS).optional().describe('Only changes of such objects.'),
      id: z.string().max(200).optional().describe('Only changes of this object.'),
    }),
    ...{ answer: pageOf(ChangeView), precondition: 'none', problems: ['invalid_cursor'] },
    async handle(deps, { query: { limit, cursor, kind, id } }) {
      const after = cursor === undefined ? undefined : decodeCursor('changes', cursor);
      if (typeof after === 'string') throw new GatewayError('invalid_cursor');
      const found = await deps.objects.changes({ kind, id, beforeSeq: after, limit: limit + 1 });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const nextCursor = found.length > limit && last ? encodeCursor('changes', last.seq) : undefined;
      const items = page.map(({ before, after: now, ...change }) => ({
        ...change,
        ...{ before: before ?? null, after: now ?? null },
      }));
      return { body: { items, nextCursor: nextCursor ?? null }, nextCursor };
    },
  }),
];
