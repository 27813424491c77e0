/** What runs and what it offers: servers' states, tools, models. */

import { z } from 'zod';
import { GatewayError } from '../../../contracts/errors.ts';
import type { ServerStatus } from '../../../contracts/upstream.ts';
import { defineOperation, type Operation } from '../define-operation.ts';
import { IdParams, NoParams, NoQuery } from './words.ts';

const StatusView = z.strictObject({
  id: z.string(),
  state: z.enum(['starting', 'healthy', 'unstable', 'needs_auth', 'disabled', 'failed']),
  sinceMs: z.int(),
  transport: z.string(),
  era: z.string().nullable(),
  protocolVersion: z.string().nullable(),
  tools: z.int(),
  prompts: z.int(),
  resources: z.int(),
  restarts: z.int(),
  problems: z.array(z.string()),
  circuit: z.string().optional(),
  calls: z.strictObject({ running: z.int(), queued: z.int() }).optional(),
  lastFailure: z.strictObject({ stage: z.string(), message: z.string(), atMs: z.int() }).nullable(),
});

function viewOfStatus({ era, protocolVersion, lastFailure, circuit, calls, ...status }: ServerStatus) {
  return {
    ...status,
    ...{ era: era ?? null, protocolVersion: protocolVersion ?? null, lastFailure: lastFailure ?? null },
    ...(circuit && { circuit }),
    ...(calls && { calls }),
  };
}

const ToolView = z.strictObject({
  server: z.string(),
  name: z.string().describe('As at `/mcp`.'),
  ownName: z.string().describe("The server's own."),
  description: z.string().nullable(),
  isReadOnly: z.boolean(),
});

const words = { tag: 'catalogue', params: NoParams, query: NoQuery, status: 200, permission: 'config:read' } as const;
const listOf = <T extends z.ZodType>(item: T) => z.strictObject({ items: z.array(item) });

export const catalogueOperations: readonly Operation[] = [
  defineOperation({
    ...{ ...words, id: 'listServerStatus', method: 'GET', path: '/status/servers', answer: listOf(StatusView) },
    ...{ summary: 'How each server is', precondition: 'none' },
    async handle(deps) {
      return { body: { items: deps.catalogue.servers().map(viewOfStatus) } };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'getServerStatus', method: 'GET', path: '/status/servers/{id}', params: IdParams },
    ...{ summary: 'How one server is', answer: StatusView, precondition: 'none', problems: ['unknown_object'] },
    async handle(deps, { params }) {
      const status = deps.catalogue.servers().find(({ id }) => id === params.id);
      if (status === undefined) throw new GatewayError('unknown_object', `server ${params.id}`);
      return { body: viewOfStatus(status) };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'listTools', method: 'GET', path: '/tools' },
    summary: 'Every tool that some key could be shown',
    query: z.strictObject({ server: z.string().max(200).optional().describe('Only those of this server.') }),
    ...{ answer: listOf(ToolView), precondition: 'none' },
    async handle(deps, { query }) {
      const tools = deps.catalogue
        .tools()
        .filter(({ server }) => query.server === undefined || server === query.server);
      return { body: { items: tools.map((tool) => ({ ...tool, description: tool.description ?? null })) } };
    },
  }),
  defineOperation({
    ...{ ...words, id: 'listModels', method: 'GET', path: '/models' },
    ...{ summary: 'The models of each provider, as far as they are known', precondition: 'none' },
    answer: listOf(z.strictObject({ provider: z.string(), model: z.string() })),
    async handle(deps) {
      return { body: { items: await deps.catalogue.models() } };
    },
  }),
];
