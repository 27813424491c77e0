/** A real OpenID provider on loopback, which can be made to answer wrongly. */

import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import type { Browser, BrowserPage } from './browser.ts';
import type { Cleanup } from './temp-dir.ts';

export const CLIENT = { id: 'portcullis', secret: 'a-client-secret-of-32-characters' } as const;

export type Claims = { readonly [claim: string]: unknown };

export interface TestIdentityProvider {
  readonly issuer: string;
  /** Of accounts, by the login that is typed. */
  readonly people: Map<string, Claims>;
  /** What is done to an ID token before it leaves; `sign` signs claims with the provider's key. */
  tamper: ((claims: Claims, sign: (claims: Claims, header?: object) => string) => string) | undefined;
  /** Codes have expired when they come back. */
  codesAreOld: boolean;
  /** Answers everything with this status; undefined: as it should. */
  down: number | undefined;
  /** What is changed in the document of discovery. */
  discovery: Claims;
  /** New keys, and the old ones are forgotten. */
  rotateKeys(): void;
  /** Paths that were asked for, with their method. */
  readonly requests: string[];
  close(): Promise<void>;
}

function newKey(kid: string): JsonWebKey & { kid: string } {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
}

function signJwt(claims: Claims, key: JsonWebKey & { kid: string }, header: object = {}): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', kid: key.kid, typ: 'JWT', ...header })}.${part(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), createPrivateKey({ key, format: 'jwk' })).toString('base64url')}`;
}

/** Access tokens for resources: where its client gets them, and the scopes it has for them. */
export interface ResourceOptions {
  readonly redirectUri: string;
  readonly scope: string;
}

/** Tokens for the resource that was asked for, as JWT (RFC 8707, RFC 9068). */
const forResources = ({ scope }: ResourceOptions): object => ({
  scopes: scope.split(' '),
  features: {
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_: unknown, resource: string) => ({
        ...{ scope, audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 600 },
      }),
      useGrantedResource: () => true,
    },
  },
});

/** `gateway`: origin of the gateway that people sign in at. */
export async function startIdentityProvider(
  t: Cleanup,
  gateway: () => string,
  resources?: ResourceOptions,
): Promise<TestIdentityProvider> {
  let handle: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => void response.end();
  const server = createServer((request, response) => {
    idp.requests.push(`${request.method} ${request.url?.split('?')[0]}`);
    if (idp.down === undefined) handle(request, response);
    else response.writeHead(idp.down, { 'content-type': 'text/plain' }).end('down');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let keys = 0;
  let key = newKey('key-0');

  /** What the provider keeps, by kind and id. */
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
      const payload = kept.get(`${this.kind}:${id}`);
      const isOld = this.kind === 'AuthorizationCode' && idp.codesAreOld;
      return payload && isOld ? { ...payload, exp: Math.floor(Date.now() / 1000) - 1 } : payload;
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

  const begin = (): void => {
    const provider = new Provider(issuer, {
      clients: [
        {
          ...{ client_id: CLIENT.id, client_secret: CLIENT.secret },
          redirect_uris: [resources?.redirectUri ?? `${gateway()}/login/oidc/callback`],
          post_logout_redirect_uris: [`${gateway()}/login?signed-out=1`],
        },
      ],
      ...(resources && forResources(resources)),
      adapter: Adapter,
      jwks: { keys: [key] },
      cookies: { keys: ['a-cookie-key'] },
      pkce: { required: () => true },
      claims: {
        openid: ['sub'],
        profile: ['name', 'preferred_username'],
        email: ['email', 'email_verified'],
        groups: ['groups', 'realm_access'],
      },
      ttl: {
        AuthorizationCode: 60,
        Interaction: 600,
        Session: 600,
        Grant: 600,
        IdToken: 600,
        AccessToken: 600,
      },
      async findAccount(_: unknown, id: string) {
        return { accountId: id, claims: async () => ({ sub: id, ...idp.people.get(id) }) };
      },
    });
    provider.use(async (context, next) => {
      await next();
      if (context.path === '/.well-known/openid-configuration')
        context.body = { ...(context.body as object), ...idp.discovery };
      const body = context.body as { id_token?: string } | undefined;
      if (context.path !== '/token' || idp.tamper === undefined || body?.id_token === undefined) return;
      const claims = JSON.parse(Buffer.from(body.id_token.split('.')[1] ?? '', 'base64url').toString()) as Claims;
      context.body = { ...body, id_token: idp.tamper(claims, (each, header) => signJwt(each, key, header)) };
    });
    handle = provider.callback();
  };

  const idp: TestIdentityProvider = {
    ...{
      issuer,
      people: new Map<string, Claims>(),
      tamper: undefined,
      codesAreOld: false,
      down: undefined,
      discovery: {},
    },
    requests: [],
    rotateKeys() {
      key = newKey(`key-${++keys}`);
      begin();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  begin();
  t.after(() => idp.close());
  return idp;
}

/** Signs in at the provider, whose page the browser is on, as `login`; up to the redirect back to the gateway. */
export async function signInAtProvider(browser: Browser, start: BrowserPage, login: string): Promise<BrowserPage> {
  const origin = new URL(start.location ?? start.url).origin;
  let page = await browser.follow(start, origin);
  for (let i = 0; i < 4 && page.status === 200; i++) {
    const action = /<form[^>]*action="([^"]+)"/.exec(page.text)?.[1] ?? assert.fail(page.text);
    page = await browser.follow(await browser.submit(page, action, { login, password: 'any' }), origin);
  }
  return page;
}
