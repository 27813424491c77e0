/** Definitions under change control: what waits for a decision, and the decision. */

import { z } from 'zod';
import { DEFINITION_KINDS, type DefinitionRecord, type DefinitionVersion } from '../../../contracts/definitions.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import { defineOperation, type Operation } from '../define-operation.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../pages.ts';
import { NoParams, NoQuery } from './words.ts';

const VersionView = z.strictObject({
  hash: z.string(),
  text: z.string().nullable().describe('JSON as the server wrote it. Null: too long to be kept.'),
  atMs: z.int(),
});

const DefinitionView = z.strictObject({
  server: z.string(),
  kind: z.enum(DEFINITION_KINDS),
  name: z.string().describe("The server's own name; empty for its instructions."),
  state: z.enum(['pinned', 'changed', 'held', 'rejected']),
  reason: z.string().nullable().describe('Why it is held.'),
  pinned: VersionView.nullable().describe('The version in force.'),
  pinnedBy: z.enum(['policy', 'person']).nullable(),
  other: VersionView.nullable().describe(
    'Held or rejected: the version that is not in force. Changed: the one approved last.',
  ),
  findings: z.array(
    z.strictObject({
      rule: z.string(),
      severity: z.enum(['low', 'medium', 'high']),
      place: z.string(),
      excerpt: z.string(),
    }),
  ),
  firstSeenMs: z.int(),
});

const viewOfVersion = (version: DefinitionVersion | undefined) => version && { ...version, text: version.text ?? null };

function viewOfDefinition({ serverId, reason, pinned, pinnedBy, other, ...rest }: DefinitionRecord) {
  return {
    ...rest,
    ...{ server: serverId, reason: reason ?? null, pinnedBy: pinnedBy ?? null },
    ...{ pinned: viewOfVersion(pinned) ?? null, other: viewOfVersion(other) ?? null },
  };
}

const Decision = z.strictObject({
  server: z.string().min(1).max(200),
  kind: z.enum(DEFINITION_KINDS).default('tool'),
  name: z.string().max(1_000).describe("The server's own name; empty for its instructions.").default(''),
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('Of the version that was looked at: nobody decides about one that came after.'),
});

const decide = (verb: 'approve' | 'reject', summary: string): Operation =>
  defineOperation({
    ...{
      id: `${verb}Definition`,
      method: 'POST',
      path: `/definitions/${verb}`,
      tag: 'definitions',
      permission: 'operate',
    },
    ...{ summary, params: NoParams, query: NoQuery, body: Decision, answer: DefinitionView, status: 200 },
    ...{ precondition: 'none', problems: ['unknown_object', 'conflict'] },
    async handle(deps, { body: { server, kind, name, hash }, origin }) {
      const ref = { serverId: server, kind, name };
      const known = (await deps.definitions.list()).some(
        (record) => record.serverId === server && record.kind === kind && record.name === name,
      );
      if (!known) throw new GatewayError('unknown_object', `${kind} ${server}/${name}`);
      const decided = await deps.definitions.decide(ref, verb, hash, origin);
      if (decided === undefined)
        throw new GatewayError(
          'conflict',
          `there is nothing to ${verb} in the version with this hash; look at it again`,
        );
      return { body: viewOfDefinition(decided) };
    },
  });

export const definitionOperations: readonly Operation[] = [
  defineOperation({
    ...{ id: 'listDefinitions', method: 'GET', path: '/definitions', tag: 'definitions', permission: 'config:read' },
    ...{ summary: 'List definitions', params: NoParams, status: 200 },
    query: z.strictObject({
      ...PageQuery,
      server: z.string().max(200).optional().describe('Only those of this server.'),
      state: z.enum(['pinned', 'changed', 'held', 'rejected']).optional().describe('Only those in this state.'),
    }),
    ...{ answer: pageOf(DefinitionView), precondition: 'none', problems: ['invalid_cursor'] },
    async handle(deps, { query: { limit, cursor, server, state } }) {
      const from = cursor === undefined ? 0 : decodeCursor('definitions', cursor);
      if (typeof from === 'string' || from < 0) throw new GatewayError('invalid_cursor');
      const found = (await deps.definitions.list()).filter(
        (record) =>
          (server === undefined || record.serverId === server) && (state === undefined || record.state === state),
      );
      const nextCursor = found.length > from + limit ? encodeCursor('definitions', from + limit) : undefined;
      const items = found.slice(from, from + limit).map(viewOfDefinition);
      return { body: { items, nextCursor: nextCursor ?? null }, nextCursor };
    },
  }),
  decide('approve', 'Put in force what is held, or confirm what changed'),
  decide('reject', 'Refuse what is held, or take back what is in force'),
];
