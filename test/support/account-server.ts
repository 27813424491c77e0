/**
 * MCP servers made with the official SDKs, one of each era, at which everybody has an account of their own; and the certified
 * authorization server that protects them. It can be taken down, and made to say other things than it should.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as LegacyServer } from '@modelcontextprotocol/sdk/server/index.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { createMcpHandler, type McpRequestContext, McpServer } from '@modelcontextprotocol/server';
import { Provider } from 'oidc-provider';
import { bridge } from '../conformance/fixture-http.ts';
import type { Cleanup } from './temp-dir.ts';

type Handle = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export async function serve(t: Cleanup, handle: () => Handle): Promise<string> {
  const server = createServer((request, response) => {
    Promise.resolve(handle()(request, response)).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export function sendJson(response: ServerResponse, status: number, body: unknown, headers: object = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export interface Tenant {
  readonly issuer: string;
  /** Token requests, by grant type, in order. */
  readonly grants: string[];
  /** Paths asked for, with their method. */
  readonly requests: string[];
  /** Answers everything with this status; undefined: as it should. */
  down: number | undefined;
  /** Life of access tokens, in seconds. */
  lifeSeconds: number;
  /** What is changed in the document of discovery. */
  discovery: { readonly [member: string]: unknown };
  /** Called when a code comes to the token endpoint, before it is looked at. */
  onCode: (() => Promise<void>) | undefined;
  /** Called when a refresh token comes, before it is looked at. */
  onRefresh: (() => Promise<void>) | undefined;
  /** Called when a token request has been carried out, before it is answered, with its grant type. */
  onIssued: ((grant: string) => Promise<void>) | undefined;
  /** Knows none of the clients that have registered, and nothing of what they were given. */
  forgetClients(): void;
  /** Ends every grant: neither access nor refresh tokens are good any more. */
  revokeAll(): void;
  /** Whose token it is; undefined: it is not good. */
  accountOf(token: string, resource: string | undefined): Promise<string | undefined>;
}

/** How the gateway gets to be a client there. */
export type Registration =
  | { readonly type: 'dynamic' }
  | { readonly type: 'beforehand'; readonly redirectUri: () => string; readonly id: string; readonly secret: string }
  /** It gets tokens by itself; `client` is what the tenant knows of it. */
  | { readonly type: 'alone'; readonly client: { readonly client_id: string } & object }
  | { readonly type: 'metadata-document'; readonly document: () => object; readonly url: string };

export async function startTenant(t: Cleanup, registration: Registration): Promise<Tenant> {
  const kept = new Map<string, { [member: string]: unknown }>();
  class Adapter {
    readonly kind: string;
    constructor(kind: string) {
      this.kind = kind;
    }
    async upsert(id: string, payload: object): Promise<void> {
      kept.set(`${this.kind}:${id}`, { ...payload });
    }
    async find(id: string): Promise<object | undefined> {
      return kept.get(`${this.kind}:${id}`);
    }
    async findByUid(uid: string): Promise<object | undefined> {
      return [...kept].find(([key, { uid: own }]) => key.startsWith(`${this.kind}:`) && own === uid)?.[1];
    }
    async consume(id: string): Promise<void> {
      const payload = kept.get(`${this.kind}:${id}`);
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
    }
    async destroy(id: string): Promise<void> {
      kept.delete(`${this.kind}:${id}`);
    }
    async revokeByGrantId(grantId: string): Promise<void> {
      for (const [key, payload] of kept) if (payload.grantId === grantId) kept.delete(key);
    }
  }

  let handle: Handle = (_, response) => void response.end();
  const issuer = await serve(t, () => async (request, response) => {
    const path = request.url?.split('?')[0];
    tenant.requests.push(`${request.method} ${path}`);
    if (tenant.down !== undefined) {
      response.writeHead(tenant.down, { 'content-type': 'text/plain' }).end('down');
      return;
    }
    await handle(request, response);
  });
  const makeProvider = (): Provider =>
    new Provider(issuer, {
      clients:
        registration.type === 'beforehand'
          ? [
              {
                ...{ client_id: registration.id, client_secret: registration.secret },
                ...{
                  redirect_uris: [registration.redirectUri()],
                  grant_types: ['authorization_code', 'refresh_token'],
                },
              },
            ]
          : registration.type === 'alone'
            ? [{ redirect_uris: [], response_types: [], grant_types: ['client_credentials'], ...registration.client }]
            : [],
      adapter: Adapter,
      // There is no network here: the document is handed over.
      async fetch(url: string | URL) {
        const isDocument = registration.type === 'metadata-document' && String(url) === registration.url;
        return isDocument ? Response.json(registration.document()) : new Response(null, { status: 404 });
      },
      cookies: { keys: ['a-cookie-key'] },
      scopes: ['openid', 'offline_access', 'notes'],
      pkce: { required: () => true },
      issueRefreshToken: async () => true,
      rotateRefreshToken: true,
      features: {
        registration: { enabled: registration.type === 'dynamic' },
        revocation: { enabled: true },
        clientCredentials: { enabled: registration.type === 'alone' },
        ...(registration.type === 'metadata-document' && {
          clientIdMetadataDocument: { enabled: true, ack: 'draft-02' },
        }),
        resourceIndicators: {
          enabled: true,
          useGrantedResource: () => true,
          getResourceServerInfo: (_: unknown, resource: string) => ({
            ...{ scope: 'notes', audience: resource, accessTokenFormat: 'opaque' },
            accessTokenTTL: tenant.lifeSeconds,
          }),
        },
      },
      ttl: {
        ...{ AuthorizationCode: 60, Interaction: 600, Session: 600, Grant: 6000, RefreshToken: 6000 },
        AccessToken: () => tenant.lifeSeconds,
      },
      async findAccount(_: unknown, id: string) {
        return { accountId: id, claims: async () => ({ sub: id }) };
      },
    });
  const tenant: Tenant = {
    ...{ issuer, grants: [], requests: [], down: undefined, lifeSeconds: 600, discovery: {}, onCode: undefined },
    ...{ onRefresh: undefined, onIssued: undefined },
    forgetClients() {
      for (const key of kept.keys()) if (key.startsWith('Client:')) kept.delete(key);
      tenant.revokeAll();
    },
    revokeAll() {
      for (const key of kept.keys())
        if (/^(Grant|AccessToken|RefreshToken|ClientCredentials):/.test(key)) kept.delete(key);
    },
    async accountOf(token, resource) {
      const found = await provider.AccessToken.find(token);
      const alone = found === undefined ? await provider.ClientCredentials.find(token) : undefined;
      const { aud, isExpired } = found ?? alone ?? {};
      return aud === resource && isExpired === false ? (found?.accountId ?? alone?.clientId) : undefined;
    },
  };
  const provider = makeProvider();
  provider.use(async (context, next) => {
    let grant: string | undefined;
    if (context.path === '/token') {
      const body = await readBody((context as unknown as { req: IncomingMessage & { body?: unknown } }).req);
      grant = new URLSearchParams(body).get('grant_type') ?? '';
      tenant.grants.push(grant);
      if (grant === 'authorization_code') await tenant.onCode?.();
      if (grant === 'refresh_token') await tenant.onRefresh?.();
    }
    await next();
    if (grant !== undefined) await tenant.onIssued?.(grant);
    if (context.path === '/.well-known/openid-configuration')
      context.body = { ...(context.body as object), ...tenant.discovery };
  });
  handle = provider.callback();
  return tenant;
}

/** Leaves what was read where the provider looks for it. */
async function readBody(request: IncomingMessage & { body?: unknown }): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  request.body = text;
  return text;
}

export interface AccountServer {
  readonly origin: string;
  readonly mcpUrl: string;
  /** Notes by account. */
  readonly notes: ReadonlyMap<string, readonly string[]>;
  /** Accounts by the tool calls that came, in order. */
  readonly callers: string[];
  /** Values of the Authorization header that came, in order. */
  readonly sent: string[];
  /** Times that a session was used by another account than the one that opened it. */
  sharedSessions: number;
  /** Who is believed without asking; undefined: nobody. By the value of `x-api-key`. */
  readonly apiKeys: Map<string, string>;
  /** The tenant that protects it now. */
  tenant: Pick<Tenant, 'issuer' | 'accountOf'> | undefined;
  /** Lists its tools for everybody. */
  listsForAll: boolean;
}

const TOOLS = [
  { name: 'whoami', description: 'Says whose account this is.', inputSchema: { type: 'object' as const } },
  {
    ...{ name: 'note', description: 'Keeps a note, and returns all of the account.' },
    inputSchema: { type: 'object' as const, properties: { text: { type: 'string' } }, required: ['text'] },
  },
];

export async function startAccountServer(
  t: Cleanup,
  era: 'legacy' | 'modern' | 'sse',
  tenant: Pick<Tenant, 'issuer' | 'accountOf'> | undefined,
): Promise<AccountServer> {
  const notes = new Map<string, string[]>();
  const call = (account: string, name: string, args: { readonly text?: unknown } = {}) => {
    server.callers.push(account);
    if (name === 'whoami') return { content: [{ type: 'text' as const, text: account }] };
    const own = [...(notes.get(account) ?? []), String(args.text)];
    notes.set(account, own);
    return { content: [{ type: 'text' as const, text: own.join(', ') }] };
  };

  const modern = createMcpHandler(
    (context: McpRequestContext) => {
      const made = new McpServer({ name: 'accounts', version: '1.0.0' }, { capabilities: { tools: {} } });
      made.server.setRequestHandler('tools/list', () => ({ tools: TOOLS }));
      made.server.setRequestHandler('tools/call', ({ params }) =>
        call(String(context.authInfo?.extra?.account), params.name, params.arguments),
      );
      return made;
    },
    { legacy: 'reject' },
  );
  const makeLegacy = (account: string): LegacyServer => {
    const made = new LegacyServer({ name: 'accounts', version: '1.0.0' }, { capabilities: { tools: {} } });
    made.setRequestHandler(ListToolsRequestSchema, () => ({ tools: TOOLS }));
    made.setRequestHandler(CallToolRequestSchema, ({ params }) => call(account, params.name, params.arguments));
    return made;
  };
  const sessions = new Map<string, { readonly account: string; readonly transport: StreamableHTTPServerTransport }>();
  const legacy = async (request: IncomingMessage, response: ServerResponse, account: string): Promise<void> => {
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    if (known !== undefined) {
      if (known.account !== account) server.sharedSessions++;
      return known.transport.handleRequest(request, response);
    }
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (made) => void sessions.set(made, { account, transport }),
    });
    await makeLegacy(account).connect(transport as never);
    return transport.handleRequest(request, response);
  };

  const streams = new Map<string, { readonly account: string; readonly transport: SSEServerTransport }>();
  const sse = async (request: IncomingMessage, response: ServerResponse, account: string): Promise<void> => {
    if (request.method === 'GET') {
      const transport = new SSEServerTransport('/mcp', response);
      streams.set(transport.sessionId, { account, transport });
      return makeLegacy(account).connect(transport as never);
    }
    const found = streams.get(new URL(request.url ?? '/', origin).searchParams.get('sessionId') ?? '');
    if (found === undefined) return sendJson(response, 404, {});
    if (found.account !== account) server.sharedSessions++;
    return found.transport.handlePostMessage(request, response);
  };

  const handle: Handle = async (request, response) => {
    const path = new URL(request.url ?? '/', origin).pathname;
    if (path === '/.well-known/oauth-protected-resource/mcp' && server.tenant !== undefined)
      return sendJson(response, 200, {
        ...{ resource: `${origin}/mcp`, authorization_servers: [server.tenant.issuer], scopes_supported: ['notes'] },
      });
    if (path !== '/mcp') return sendJson(response, 404, {});
    const { authorization } = request.headers;
    if (authorization !== undefined) server.sent.push(authorization);
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1];
    const key = request.headers['x-api-key'];
    let account = typeof key === 'string' ? server.apiKeys.get(key) : undefined;
    if (token !== undefined) account ??= await server.tenant?.accountOf(token, `${origin}/mcp`);
    if (account === undefined && server.listsForAll && request.headers['mcp-method'] !== 'tools/call') account = '';
    if (account === undefined)
      return sendJson(
        response,
        401,
        {},
        {
          'www-authenticate': `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp", scope="notes"`,
        },
      );
    if (era === 'sse') return sse(request, response, account);
    if (era === 'legacy') return legacy(request, response, account);
    const authInfo = { token: token ?? '', clientId: 'x', scopes: [], extra: { account } };
    return bridge((each) => modern.fetch(each, { authInfo }), request, response);
  };
  const origin = await serve(t, () => handle);
  const server: AccountServer = {
    ...{ origin, mcpUrl: `${origin}/mcp`, notes, callers: [], sent: [], sharedSessions: 0, apiKeys: new Map() },
    ...{ tenant, listsForAll: false },
  };
  assert.ok(origin);
  return server;
}
