/** Why a key or token may do something, or may not: asked without calling anything. */

import { z } from 'zod';
import type { Endpoint } from '../../../contracts/call.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { ExplainRequest } from '../../../contracts/explain.ts';
import { GrantShape } from '../../../contracts/shapes/grant.ts';
import { toGrant } from '../../../contracts/shapes/read-shapes.ts';
import { defineOperation, type Operation } from '../define-operation.ts';
import { faultyBody } from '../problem.ts';
import { NoParams, NoQuery } from './words.ts';

const Question = z.strictObject({
  key: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      'Id of the key; `user:ID` is the user of that id who comes with a token of the gateway itself, and acts as themselves.',
    ),
  grant: GrantShape.optional().describe('A grant that nobody has yet.'),
  oauthGrant: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Id of what a user let a client do: whoever has its tokens.'),
  token: z
    .strictObject({
      issuer: z.string().min(1).max(2_000).describe('As in `authorization.issuers`.'),
      subject: z.string().min(1).max(2_000).describe('Its `sub`.'),
      claims: z.record(z.string(), z.unknown()).default({}).describe('Its other claims, which rules may read.'),
      scopes: z.array(z.string().max(200)).max(100).optional().describe('Left out: those of its claims, or all.'),
    })
    .optional()
    .describe('A good token of an issuer, made out for the endpoint, that nobody has to present.'),
  target: z.strictObject({
    kind: z.enum(['tool', 'prompt', 'resource', 'model']),
    name: z.string().min(1).max(2_000).describe('As a client would write it.'),
  }),
  args: z.record(z.string(), z.unknown()).optional().describe('Arguments of the tool.'),
  parameters: z.record(z.string(), z.number()).optional().describe('Of a model, as `maxOutputTokens`.'),
  endpoint: z
    .strictObject({ server: z.string().min(1).max(200).optional(), toolset: z.string().min(1).max(200).optional() })
    .optional()
    .describe('Where a call of a server is made: the endpoint of one server, or of a toolset. Left out: `/mcp`.'),
  headers: z
    .record(z.string().max(200), z.string().max(2_000))
    .optional()
    .describe('Of a request to a model: its `x-…` headers and `user-agent`, which routing rules may read.'),
  from: z.string().max(100).optional().describe('Address of the client.'),
  atMs: z.int().min(0).optional().describe('When; milliseconds since 1970. Left out: now.'),
});

const Level = z.strictObject({ type: z.string(), id: z.string(), name: z.string() });

const ExplanationView = z.strictObject({
  verdict: z.enum(['allowed', 'refused', 'asks', 'unknown']),
  code: z.string().nullable().describe('What the gateway would answer. Null: it would make the call.'),
  reason: z.string(),
  rules: z
    .array(
      z.strictObject({
        step: z.string(),
        level: Level.nullable(),
        rule: z.string().nullable(),
        verdict: z.enum(['passes', 'refuses', 'asks', 'not-concerned', 'unknown']),
        reason: z.string(),
      }),
    )
    .describe('In the order they are looked at; ends with the one that decided.'),
  limits: z.array(
    z.strictObject({
      ...{ id: z.string(), level: Level, what: z.string(), max: z.number() },
      used: z
        .number()
        .nullable()
        .describe('What is set aside for calls under way included. Null: it could not be asked.'),
      left: z.number().nullable(),
    }),
  ),
});

type Place = { readonly server?: string | undefined; readonly toolset?: string | undefined };

function toEndpoint(place: Place | undefined): Endpoint | undefined {
  const { server, toolset } = place ?? {};
  if (server !== undefined && toolset !== undefined)
    throw faultyBody('endpoint', 'expected either `server` or `toolset`');
  if (server !== undefined) return { type: 'server', serverId: server };
  return toolset === undefined ? undefined : { type: 'toolset', toolset };
}

export const explainOperations: readonly Operation[] = [
  defineOperation({
    ...{ id: 'explain', method: 'POST', path: '/explain', tag: 'explain', permission: 'explain', status: 200 },
    ...{ summary: 'Why a key or token may do something, or may not', params: NoParams, query: NoQuery, body: Question },
    ...{ answer: ExplanationView, precondition: 'none', needs: 'explain', problems: ['unknown_object'] },
    async handle(deps, { body: { key, grant, oauthGrant, token, endpoint, ...question } }) {
      const asked: readonly ExplainRequest['who'][] = [
        ...(key === undefined ? [] : [{ keyId: key }]),
        ...(grant === undefined ? [] : [{ grant: toGrant(grant) }]),
        ...(oauthGrant === undefined ? [] : [{ clientGrantId: oauthGrant }]),
        ...(token === undefined ? [] : [{ token }]),
      ];
      const [who, second] = asked;
      if (who === undefined || second !== undefined)
        throw faultyBody('', 'expected one of `key`, `grant`, `oauthGrant` and `token`');
      const found = await deps.explain?.explain({ ...question, who, endpoint: toEndpoint(endpoint) });
      if (found === undefined)
        throw new GatewayError('unknown_object', oauthGrant === undefined ? `key ${key}` : `client ${oauthGrant}`);
      const rules = found.rules.map((rule) => ({ ...rule, level: rule.level ?? null, rule: rule.rule ?? null }));
      const limits = found.limits.map(({ line: { id, level, what, max }, used }) => ({
        ...{ id, level, what, max, used: used ?? null, left: used === undefined ? null : Math.max(0, max - used) },
      }));
      return { body: { verdict: found.verdict, code: found.code ?? null, reason: found.reason, rules, limits } };
    },
  }),
];
