/** OAuth grants: which clients people let in, to look at and to end. */

import { z } from 'zod';
import { GatewayError } from '../../../contracts/errors.ts';
import type { OAuthGrant } from '../../../contracts/oauth-store.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { defineOperation, type Operation } from '../define-operation.ts';
import { decodeCursor, encodeCursor, PageQuery, pageOf } from '../pages.ts';
import { IdParams, NoParams, NoQuery } from './words.ts';

const LIST = 'oauth-grant';

const View = z.strictObject({
  id: z.string(),
  user: z.string().describe('Id of whoever let the client in.'),
  key: z.string().nullable().describe('Id of the key it acts as; null: it acts as the user.'),
  client: z.strictObject({ id: z.string(), name: z.string().describe('As it calls itself.') }),
  redirectUri: z.string(),
  resource: z.string().describe('The endpoint that its tokens are for.'),
  scopes: z.array(z.string()),
  createdAtMs: z.int(),
  usedAtMs: z.int().describe('When a token was last issued.'),
  expiresAtMs: z.int(),
});

function viewOfGrant(grant: OAuthGrant): z.input<typeof View> {
  const { id, userId, keyId, clientId, clientName, redirectUri, resource, scopes } = grant;
  const { createdAtMs, usedAtMs, expiresAtMs } = grant;
  return {
    ...{ id, user: userId, key: keyId ?? null, client: { id: clientId, name: clientName }, redirectUri, resource },
    ...{ scopes: [...scopes], createdAtMs, usedAtMs, expiresAtMs },
  };
}

/** Throws GatewayError `unknown_object`. */
async function requireGrant({ oauthGrants }: AdminDeps, id: string): Promise<OAuthGrant> {
  const found = await oauthGrants.find(id);
  if (found === undefined) throw new GatewayError('unknown_object', `OAuth grant ${id}`);
  return found;
}

const words = { tag: 'oauth-grants', precondition: 'none', status: 200 } as const;

export const oauthGrantOperations: readonly Operation[] = [
  defineOperation({
    ...{ id: 'listOAuthGrants', method: 'GET', path: '/oauth-grants', ...words, permission: 'people:read' },
    ...{ summary: 'List which clients people let in, the newest first', params: NoParams, answer: pageOf(View) },
    query: z.strictObject({
      ...PageQuery,
      user: z.string().min(1).max(200).optional().describe('Only those of this user, by id.'),
    }),
    problems: ['invalid_cursor'],
    async handle({ oauthGrants }, { query: { limit, cursor, user } }) {
      const beforeId = cursor === undefined ? undefined : String(decodeCursor(LIST, cursor));
      // One more than asked for tells whether there is a next page.
      const found = await oauthGrants.list({ userId: user, beforeId, limit: limit + 1 });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const nextCursor = found.length > limit && last !== undefined ? encodeCursor(LIST, last.id) : undefined;
      return { body: { items: page.map(viewOfGrant), nextCursor: nextCursor ?? null }, nextCursor };
    },
  }),
  defineOperation({
    ...{ id: 'getOAuthGrant', method: 'GET', path: '/oauth-grants/{id}', ...words, permission: 'people:read' },
    ...{ summary: 'Read an OAuth grant', params: IdParams, query: NoQuery, answer: View, problems: ['unknown_object'] },
    handle: async (deps, { params }) => ({ body: viewOfGrant(await requireGrant(deps, params.id)) }),
  }),
  defineOperation({
    ...{ id: 'endOAuthGrant', method: 'DELETE', path: '/oauth-grants/{id}', ...words, permission: 'people:write' },
    ...{ summary: 'End an OAuth grant, with all its tokens', params: IdParams, query: NoQuery, answer: View },
    problems: ['unknown_object'],
    async handle(deps, { params, origin }) {
      const grant = await requireGrant(deps, params.id);
      await deps.oauthGrants.end(grant, origin);
      return { body: viewOfGrant(grant) };
    },
  }),
];
