/** An HTTP API at which everybody has an account of their own, with its OpenAPI document. */

import { sendJson, serve, type Tenant } from './account-server.ts';
import type { Cleanup } from './temp-dir.ts';

export interface AccountApi {
  /** Where the document is, which anybody may read. */
  readonly document: string;
  readonly baseUrl: string;
  /** Who is believed without asking, by the value of `x-api-key`. */
  readonly apiKeys: Map<string, string>;
  /** Accounts by the calls that came, in order; '' is a stranger. */
  readonly callers: string[];
  /** Notes by account. */
  readonly notes: ReadonlyMap<string, readonly string[]>;
}

const ok = { '200': { description: 'It is done.' } };
const text = { name: 'text', in: 'query', required: true, schema: { type: 'string' } };
/** A document may say what it likes of the headers that users bring. */
const key = { name: 'X-Api-Key', in: 'header', required: true, schema: { type: 'string' } };
const documentWith = (parameters: readonly object[]): object => ({
  ...{
    openapi: '3.1.0',
    info: { title: 'accounts', version: '1' },
    servers: [{ url: 'http://127.0.0.1:1/elsewhere' }],
  },
  paths: {
    '/whoami': { get: { operationId: 'whoami', parameters, responses: ok } },
    '/notes': { post: { operationId: 'note', parameters: [text], responses: ok } },
  },
});

/** `namesIssuer`: it says itself who protects it (RFC 9728), and takes tokens that were made out for it alone. */
export async function startAccountApi(
  t: Cleanup,
  tenant?: Tenant,
  { namesIssuer = true }: { readonly namesIssuer?: boolean } = {},
): Promise<AccountApi> {
  const callers: string[] = [];
  const notes = new Map<string, string[]>();
  const apiKeys = new Map<string, string>();
  const accountOf = async (authorization: string | undefined, apiKey: string | undefined): Promise<string> => {
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
    const resource = namesIssuer ? `${origin}/v1` : undefined;
    if (token !== undefined) return (await tenant?.accountOf(token, resource)) ?? '';
    return apiKeys.get(apiKey ?? '') ?? '';
  };
  const origin = await serve(t, () => async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', origin);
    if (pathname === '/openapi.json') return sendJson(response, 200, documentWith(tenant === undefined ? [key] : []));
    if (namesIssuer && pathname === '/.well-known/oauth-protected-resource/v1')
      return sendJson(response, 200, { resource: `${origin}/v1`, authorization_servers: [tenant?.issuer] });
    if (!pathname.startsWith('/v1/')) return sendJson(response, 404, {});
    const { authorization, 'x-api-key': apiKey } = request.headers;
    const account = await accountOf(authorization, typeof apiKey === 'string' ? apiKey : undefined);
    callers.push(account);
    if (account === '') return sendJson(response, 401, { error: 'who are you?' }, { 'www-authenticate': 'Bearer' });
    if (pathname === '/v1/whoami') return sendJson(response, 200, { account, sent: authorization ?? apiKey });
    const own = [...(notes.get(account) ?? []), searchParams.get('text') ?? ''];
    notes.set(account, own);
    return sendJson(response, 200, { notes: own });
  });
  return { document: `${origin}/openapi.json`, baseUrl: `${origin}/v1`, apiKeys, callers, notes };
}
