/** An MCP server of 2026-07-28 and its authorization server at one loopback address, for tests; agrees to every sign-in. */

import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface OAuthServer extends AsyncDisposable {
  readonly origin: string;
  readonly mcpUrl: string;
  /** Paths of all requests, in order. */
  readonly paths: string[];
  /** Token requests by grant type, in order. */
  readonly grants: string[];
  /** Every token it ever gave out. */
  readonly tokens: string[];
  /** What the callback says it comes from; default: the truth. */
  iss: string;
  /** Changes in the authorization server's metadata. */
  metadata: { readonly [member: string]: unknown };
  /** Issuer that the server names; default: itself. */
  authorizationServer: string;
  /** Tokens that were revoked at the endpoint for that. */
  readonly revoked: string[];
  /** By path: what is answered there instead of what should be. */
  readonly instead: Map<string, { readonly status: number; readonly headers?: object; readonly body?: unknown }>;
  /** Answers the token endpoint with this status; undefined: as it should. */
  tokenDown: number | undefined;
  /** What the token endpoint wants of its client; undefined: nothing. */
  secret: string | undefined;
  /** Called when a token request has been carried out, before it is answered. */
  onIssued: (() => Promise<void>) | undefined;
  /** From now on it knows no client that has registered before. */
  forgetClients(): void;
  /** From now on no refresh token is good. */
  revoke(): void;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

export async function startOAuthServer(): Promise<OAuthServer> {
  const good = new Set<string>();
  const forgotten = new Set<string>();
  let made = 0;
  const codes = new Map<string, string>();
  const refreshTokens = new Set<string>();
  const paths: string[] = [];
  const grants: string[] = [];
  const tokens: string[] = [];
  const revoked: string[] = [];
  const http = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const json = (response: ServerResponse, status: number, body: unknown, headers = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

  const giveTokens = async (response: ServerResponse): Promise<void> => {
    const [access, refresh] = [`access-${randomUUID()}`, `refresh-${randomUUID()}`];
    good.add(access);
    refreshTokens.add(refresh);
    tokens.push(access, refresh);
    await server.onIssued?.();
    json(response, 200, { access_token: access, token_type: 'Bearer', expires_in: 3600, refresh_token: refresh });
  };
  const serveToken = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = new URLSearchParams(await bodyOf(request));
    grants.push(form.get('grant_type') ?? '');
    if (forgotten.has(form.get('client_id') ?? '')) return json(response, 401, { error: 'invalid_client' });
    if (server.secret !== undefined && form.get('client_secret') !== server.secret)
      return json(response, 401, { error: 'invalid_client' });
    if (form.get('grant_type') === 'refresh_token')
      return refreshTokens.delete(form.get('refresh_token') ?? '')
        ? giveTokens(response)
        : json(response, 400, { error: 'invalid_grant' });
    const challenge = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const shown = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    return challenge === shown ? giveTokens(response) : json(response, 400, { error: 'invalid_grant' });
  };
  const serveMcp = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { id, method } = JSON.parse(await bodyOf(request)) as { id: unknown; method: string };
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!good.has(token))
      return json(
        response,
        401,
        {},
        {
          'www-authenticate': `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`,
        },
      );
    const results: { readonly [method: string]: unknown } = {
      'server/discover': {
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {} },
        ttlMs: 0,
        cacheScope: 'private',
      },
      'tools/list': { tools: [{ name: 'whoami', inputSchema: { type: 'object' } }], ttlMs: 0, cacheScope: 'private' },
      'tools/call': { content: [{ type: 'text', text: 'somebody' }] },
    };
    const result = results[method];
    if (result === undefined) json(response, 404, { jsonrpc: '2.0', id, error: { code: -32601, message: 'no' } });
    else json(response, 200, { jsonrpc: '2.0', id, result: { resultType: 'complete', ...result } });
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', origin);
    paths.push(url.pathname);
    const instead = server.instead.get(url.pathname);
    if (instead !== undefined) return json(response, instead.status, instead.body ?? {}, instead.headers);
    switch (url.pathname) {
      case '/mcp':
        return serveMcp(request, response);
      case '/.well-known/oauth-protected-resource/mcp':
        return json(response, 200, { resource: `${origin}/mcp`, authorization_servers: [server.authorizationServer] });
      case '/.well-known/oauth-authorization-server':
        return json(response, 200, {
          issuer: origin,
          authorization_endpoint: `${origin}/authorize`,
          token_endpoint: `${origin}/token`,
          registration_endpoint: `${origin}/register`,
          response_types_supported: ['code'],
          code_challenge_methods_supported: ['S256'],
          token_endpoint_auth_methods_supported: ['none'],
          authorization_response_iss_parameter_supported: true,
          revocation_endpoint: `${origin}/revoke`,
          ...server.metadata,
        });
      case '/register':
        return json(response, 201, { ...JSON.parse(await bodyOf(request)), client_id: `client-${++made}` });
      case '/revoke':
        revoked.push(new URLSearchParams(await bodyOf(request)).get('token') ?? '');
        return json(response, 200, {});
      case '/token':
        if (server.tokenDown !== undefined) return json(response, server.tokenDown, {});
        return serveToken(request, response);
      case '/authorize': {
        // As issuers do: nobody is sent back to a client that is not known.
        if (forgotten.has(url.searchParams.get('client_id') ?? '')) return json(response, 400, {});
        const code = randomUUID();
        codes.set(code, url.searchParams.get('code_challenge') ?? '');
        const back = new URL(url.searchParams.get('redirect_uri') ?? '');
        back.search = String(
          new URLSearchParams({ code, state: url.searchParams.get('state') ?? '', iss: server.iss }),
        );
        response.writeHead(302, { location: back.href }).end();
        return;
      }
      default:
        return json(response, 404, {});
    }
  };

  const server: OAuthServer = {
    ...{ origin, mcpUrl: `${origin}/mcp`, paths, grants, tokens, iss: origin },
    ...{ metadata: {}, authorizationServer: origin, revoked, tokenDown: undefined, secret: undefined },
    ...{ instead: new Map(), onIssued: undefined },
    revoke: () => refreshTokens.clear(),
    forgetClients() {
      for (let i = 1; i <= made; i++) forgotten.add(`client-${i}`);
    },
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  return server;
}
