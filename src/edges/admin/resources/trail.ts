/** The audit trail and what calls cost, for whoever may see what everybody does. */

import { z } from 'zod';
import { type AdminTrailRow, SPEND_GROUPS } from '../../../contracts/admin-ports.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import { defineOperation, type Operation } from '../define-operation.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../pages.ts';
import { faulty } from '../problem.ts';
import { IdParams, NoParams, NoQuery, queryMoment } from './words.ts';

const RESULTS = ['ok', 'tool-error', 'rpc-error', 'refused', 'failed', 'cancelled', 'unknown'] as const;

const CallView = z.strictObject({
  seq: z.int(),
  id: z.string(),
  parentId: z.string().optional(),
  traceId: z.string(),
  atMs: z.int(),
  kind: z.string(),
  surface: z.string(),
  keyId: z.string().optional(),
  keyName: z.string().optional(),
  serverId: z.string().optional().describe('Server, or provider of a model.'),
  name: z.string().describe('As it was called.'),
  target: z.string().optional().describe("The server's own name of it."),
  client: z.string().optional(),
  arguments: z.string().optional().describe('JSON, redacted as configured.'),
  reservedMicroUsd: z.number().optional(),
  result: z.enum(RESULTS).optional().describe('Left out: still running.'),
  error: z.string().optional(),
  resultBytes: z.number().optional(),
  totalMs: z.number().optional(),
  upstreamMs: z.number().optional(),
  policy: z.record(z.string(), z.unknown()).optional().describe('The rule that spoke against it.'),
  cached: z.boolean().optional(),
  priceMicroUsd: z.number().optional(),
  model: z.record(z.string(), z.unknown()).optional().describe('Usage, attempts and the like of a call of a model.'),
  runId: z.string().optional().describe('The run or conversation it belongs to: the id of its first call.'),
  suggestionId: z.string().optional().describe('What a model suggested, or a rule held back, that it carried out.'),
  authority: z.string().optional().describe('What allowed it, as `rule:NAME`, `approval:ID` or `standing:ID`.'),
});

const SHOWN = new Set(Object.keys(CallView.shape));

/** Its known members; what the trail keeps besides is not part of this API yet. */
function viewOfCall(row: AdminTrailRow): { readonly [member: string]: unknown } {
  return Object.fromEntries(Object.entries(row).filter(([name, value]) => SHOWN.has(name) && value !== undefined));
}

const text = (description: string) => z.string().min(1).max(500).optional().describe(description);

const span = {
  sinceMs: queryMoment.optional().describe('From then on; milliseconds since 1970.'),
  untilMs: queryMoment.optional().describe('Before then.'),
};
const about = {
  key: text('Of this key: its id or name; `*` stands for any run of characters.'),
  server: text('To this server or provider; may hold `*`.'),
};

const ListQuery = z.strictObject({
  ...PageQuery,
  ...span,
  ...about,
  name: text('Of this tool, prompt, resource or model; may hold `*`.'),
  kind: text('Of this kind, as `tools.call` or `chat`.'),
  result: z.enum(RESULTS).optional().describe('That ended so.'),
  run: text('Of this run or conversation, its first call included.'),
});

const SpendQuery = z.strictObject({
  by: z.enum(SPEND_GROUPS).default('key').describe('One sum for each of these.'),
  label: text('With `by=label`: which label, as `customer`.'),
  ...span,
  ...about,
  name: text('Of this tool or model; may hold `*`.'),
});

const SpendView = z.strictObject({
  items: z.array(
    z.strictObject({
      name: z.string().nullable().describe('Null: calls that belong to none.'),
      id: z.string().nullable().describe('Of keys, teams, users and organisations.'),
      calls: z.int(),
      priced: z.int().describe('Calls that had a price.'),
      microUsd: z.int(),
      inputTokens: z.int(),
      outputTokens: z.int(),
    }),
  ),
});

export const trailOperations: readonly Operation[] = [
  defineOperation({
    ...{ id: 'listCalls', method: 'GET', path: '/trail', tag: 'trail', permission: 'trail:read', status: 200 },
    ...{ summary: 'List recorded calls, the newest first', params: NoParams, query: ListQuery },
    ...{ answer: pageOf(CallView), precondition: 'none', problems: ['invalid_cursor'] },
    async handle(deps, { query: { limit, cursor, run, ...filter } }) {
      const beforeSeq = cursor === undefined ? undefined : decodeCursor('trail', cursor);
      if (typeof beforeSeq === 'string') throw new GatewayError('invalid_cursor');
      const found = await deps.trail.list({ ...dropUndefined({ ...filter, runId: run }), beforeSeq, limit: limit + 1 });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const nextCursor = found.length > limit && last ? encodeCursor('trail', last.seq) : undefined;
      return { body: { items: page.map(viewOfCall), nextCursor: nextCursor ?? null }, nextCursor };
    },
  }),
  defineOperation({
    ...{ id: 'getCall', method: 'GET', path: '/trail/{id}', tag: 'trail', permission: 'trail:read', status: 200 },
    ...{ summary: 'Read one recorded call', params: IdParams, query: NoQuery, answer: CallView },
    ...{ precondition: 'none', problems: ['unknown_object'] },
    async handle(deps, { params }) {
      const row = await deps.trail.find(params.id);
      if (row === undefined) throw new GatewayError('unknown_object', `call ${params.id}`);
      return { body: viewOfCall(row) };
    },
  }),
  defineOperation({
    ...{ id: 'sumSpend', method: 'GET', path: '/spend', tag: 'spend', permission: 'spend:read', status: 200 },
    ...{ summary: 'Add up what calls cost, and the tokens they took', params: NoParams, query: SpendQuery },
    ...{ answer: SpendView, precondition: 'none' },
    async handle(deps, { query: { by, label, ...filter } }) {
      if ((by === 'label') !== (label !== undefined))
        throw faulty([{ in: 'query', pointer: 'label', detail: 'goes with `by=label`, and only with that' }]);
      const sums = await deps.spend.sum(by, { ...dropUndefined(filter), label });
      const items = sums.map(({ name, id, ...rest }) => ({ ...rest, name: name ?? null, id: id ?? null }));
      return { body: { items } };
    },
  }),
];

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function dropUndefined<T extends object>(value: T): Present<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Present<T>;
}
