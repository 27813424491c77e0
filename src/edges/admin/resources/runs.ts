/** Runs of the agent loop, and what happened in them and in conversations. Never arguments or answers of tools. */

import { z } from 'zod';
import { GatewayError } from '../../../contracts/errors.ts';
import type { RunDesk, RunSummary } from '../../../contracts/runs.ts';
import { defineOperation, type Operation } from '../define-operation.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../pages.ts';
import { IdParams, NoParams, NoQuery } from './words.ts';

const STATES = ['running', 'waiting', 'done', 'failed', 'cancelled'] as const;

const RunView = z.strictObject({
  id: z.string().describe('Id of its first call.'),
  keyId: z.string(),
  keyName: z.string(),
  userId: z.string().optional().describe('User of the key.'),
  model: z.string().describe('As the caller asked for it.'),
  dialect: z.string(),
  state: z.enum(STATES).describe('`waiting`: its caller has to bring results, or a person an approval.'),
  end: z.string().optional().describe('What ended it, as `answered` or `max-rounds`.'),
  startedAtMs: z.int(),
  updatedAtMs: z.int(),
  expiresAtMs: z.int().describe('When what it waits for can no longer be brought.'),
  rounds: z.int().describe('Calls of the model.'),
  calls: z.int().describe('Calls of tools.'),
  inputTokens: z.int(),
  outputTokens: z.int(),
  costMicroUsd: z.number(),
  pending: z.array(z.string()).describe('Calls of tools that its caller has to bring results for.'),
  cancelRequested: z.boolean(),
});

const moment = { atMs: z.int() };
const ended = { result: z.string().optional().describe('Left out: under way.'), error: z.string().optional() };

const EntryView = z.discriminatedUnion('type', [
  z.strictObject({
    ...{ type: z.literal('round'), ...moment, round: z.int().describe('From 1.'), callId: z.string() },
    ...{ model: z.string().optional(), inputTokens: z.int().optional(), outputTokens: z.int().optional() },
    ...{ microUsd: z.number().optional(), durationMs: z.number().optional(), stop: z.string().optional(), ...ended },
  }),
  z.strictObject({
    ...{ type: z.literal('suggested'), ...moment, suggestionId: z.string(), callId: z.string(), name: z.string() },
    ...{ verdict: z.string().describe('What the rules said then.'), state: z.string() },
  }),
  z.strictObject({
    ...{ type: z.literal('asked'), ...moment, approvalId: z.string(), suggestionId: z.string(), name: z.string() },
    ...{ rule: z.string(), message: z.string().optional(), expiresAtMs: z.int(), state: z.string() },
  }),
  z.strictObject({
    ...{ type: z.literal('voted'), ...moment, approvalId: z.string(), vote: z.enum(['approve', 'reject']) },
    ...{ by: z.string(), via: z.string(), reason: z.string().optional(), isEdited: z.boolean() },
  }),
  z.strictObject({
    ...{ type: z.literal('executed'), ...moment, callId: z.string(), parentId: z.string().optional() },
    ...{ suggestionId: z.string().optional(), serverId: z.string().optional(), name: z.string() },
    authority: z.string().optional().describe('What allowed it, as `rule:NAME` or `approval:ID`.'),
    ...{ durationMs: z.number().optional(), resultBytes: z.number().optional(), microUsd: z.number().optional() },
    ...ended,
  }),
  z.strictObject({ type: z.literal('ended'), ...moment, state: z.enum(STATES), end: z.string().optional() }),
]);

const TimelineView = z.strictObject({
  id: z.string(),
  run: RunView.optional().describe('Left out: a conversation whose caller carried out what was suggested.'),
  keyName: z.string().optional(),
  rounds: z.int(),
  calls: z.int(),
  inputTokens: z.int(),
  outputTokens: z.int(),
  microUsd: z.number(),
  entries: z.array(EntryView).describe('In the order they happened.'),
});

/** The JSON it will be: members that are undefined are not there. */
const present = (value: object): unknown => JSON.parse(JSON.stringify(value));

const unknownRun = (id: string): GatewayError => new GatewayError('unknown_object', `run ${id}`);

function deskOf(runs: RunDesk | undefined): RunDesk {
  if (runs === undefined) throw new GatewayError('internal');
  return runs;
}

async function findRun(runs: RunDesk, id: string): Promise<RunSummary> {
  const run = (await runs.timeline(id))?.run;
  if (run === undefined) throw unknownRun(id);
  return run;
}

export const runOperations: readonly Operation[] = [
  defineOperation({
    ...{ id: 'listRuns', method: 'GET', path: '/runs', tag: 'runs', permission: 'trail:read', status: 200 },
    ...{ summary: 'List runs of the agent loop, the newest first', params: NoParams },
    query: z.strictObject({
      ...PageQuery,
      state: z.enum(STATES).optional().describe('Only those in this state.'),
      key: z.string().min(1).max(200).optional().describe('Only those of this key: its id.'),
    }),
    ...{ answer: pageOf(RunView), precondition: 'none', problems: ['invalid_cursor'], needs: 'runs' },
    async handle({ runs }, { query: { limit, cursor, state, key } }) {
      const afterId = cursor === undefined ? undefined : decodeCursor('runs', cursor);
      if (typeof afterId === 'number') throw new GatewayError('invalid_cursor');
      const found = await deskOf(runs).list({ state, keyId: key, afterId, limit: limit + 1 });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const nextCursor = found.length > limit && last ? encodeCursor('runs', last.id) : undefined;
      return { body: { items: page.map(present), nextCursor: nextCursor ?? null }, nextCursor };
    },
  }),
  defineOperation({
    ...{ id: 'getRun', method: 'GET', path: '/runs/{id}', tag: 'runs', permission: 'trail:read', status: 200 },
    ...{ summary: 'Read one run', params: IdParams, query: NoQuery, answer: RunView },
    ...{ precondition: 'none', problems: ['unknown_object'], needs: 'runs' },
    handle: async ({ runs }, { params }) => ({ body: present(await findRun(deskOf(runs), params.id)) }),
  }),
  defineOperation({
    ...{ id: 'getRunTimeline', method: 'GET', path: '/runs/{id}/timeline', tag: 'runs', permission: 'trail:read' },
    ...{ summary: 'What happened in a run or a conversation, in its order', params: IdParams, query: NoQuery },
    ...{ answer: TimelineView, precondition: 'none', problems: ['unknown_object'], status: 200, needs: 'runs' },
    async handle({ runs }, { params }) {
      const timeline = await deskOf(runs).timeline(params.id);
      if (timeline === undefined) throw unknownRun(params.id);
      return { body: present(timeline) };
    },
  }),
  defineOperation({
    ...{ id: 'cancelRun', method: 'POST', path: '/runs/{id}/cancel', tag: 'runs', permission: 'operate', status: 200 },
    ...{ summary: 'Cancel a run, whichever process drives it', params: IdParams, query: NoQuery, answer: RunView },
    ...{ precondition: 'none', problems: ['unknown_object', 'conflict'], needs: 'runs' },
    async handle({ runs }, { params, origin }) {
      const desk = deskOf(runs);
      const done = await desk.cancel(params.id, origin);
      if (done === 'unknown') throw unknownRun(params.id);
      if (done === 'over') throw new GatewayError('conflict', `run ${params.id} is over already`);
      return { body: present(await findRun(desk, params.id)) };
    },
  }),
];
