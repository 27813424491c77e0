/** The certified authorization server with grants of ours registered: token exchange (RFC 8693), and assertions (ID-JAG) for tokens. */

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { Provider } from 'oidc-provider';
import type { Tenant } from './account-server.ts';
import type { Cleanup } from './temp-dir.ts';

export const EXCHANGE_SECRET = 'a-secret-of-32-characters-or-so-x';
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const TYPES = 'urn:ietf:params:oauth:token-type:';

export interface ExchangeProvider extends Pick<Tenant, 'issuer' | 'accountOf'> {
  /** Fields of token requests, in order. */
  readonly requests: { readonly [field: string]: string }[];
  /** An access token as a client of the gateway gets it. */
  issue(subject: string, audience: string): Promise<string>;
  /** Answers token requests with this; undefined: as it should. */
  answer: { readonly status: number; readonly body: object } | undefined;
  /** Gives tokens for this in place of what was asked for; undefined: as asked for. */
  givesFor: string | undefined;
  lifeSeconds: number;
  /** Tokens given so far are good no more. */
  revokeAll(): void;
}

interface Oidc {
  readonly oidc: {
    readonly params: { readonly [name: string]: string };
    readonly client: { readonly clientId: string };
  };
  status: number;
  body: unknown;
}
interface Token {
  resourceServer: unknown;
  readonly expiration: number;
  save(): Promise<string>;
}
interface Inner {
  registerGrantType(name: string, handler: (context: Oidc) => Promise<void>, params: string[]): void;
  readonly AccessToken: new (of: object) => Token;
  readonly ResourceServer: new (id: string, of: object) => unknown;
}

/** `trusts`: the issuer whose assertions it takes for tokens; undefined: it takes callers' tokens, and gives assertions. */
export async function startExchangeProvider(
  t: Cleanup,
  trusts?: { readonly issuer: string },
): Promise<ExchangeProvider> {
  let handle: ReturnType<Provider['callback']> = (_, response) => void response.end();
  const http = createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    http.closeAllConnections();
    return new Promise((resolve) => http.close(resolve));
  });
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const given = new Map<string, { readonly account: string; readonly audience: string; readonly endsMs: number }>();
  const grant = trusts === undefined ? TOKEN_EXCHANGE : JWT_BEARER;
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'one', alg: 'RS256', use: 'sig' }] },
    clients: [
      {
        ...{ client_id: 'gateway', client_secret: EXCHANGE_SECRET, redirect_uris: [], response_types: [] },
        grant_types: [grant],
      },
    ],
    cookies: { keys: ['a-cookie-key'] },
    scopes: ['openid', 'notes', 'mcp'],
    features: { resourceIndicators: { enabled: true } },
    discovery: trusts && { authorization_grant_profiles_supported: ['urn:ietf:params:oauth:grant-profile:id-jag'] },
    findAccount: async (_: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  });
  const inner = provider as unknown as Inner;
  const make = async (accountId: string, audience: string, scope: string): Promise<string> => {
    const client = await provider.Client.find('gateway');
    const token = new inner.AccessToken({ accountId, client, scope, expiresIn: self.lifeSeconds });
    const of = { audience, scope, accessTokenFormat: 'jwt', accessTokenTTL: self.lifeSeconds };
    token.resourceServer = new inner.ResourceServer(audience, of);
    const value = await token.save();
    if (scope === 'notes')
      given.set(value, { account: accountId, audience, endsMs: Date.now() + self.lifeSeconds * 1_000 });
    return value;
  };
  const keysOf = (of: string) => createRemoteJWKSet(new URL(`${of}/jwks`));
  const refuse = (context: Oidc, error: string): void => {
    context.status = 400;
    context.body = { error, error_description: `not ${context.oidc.params.subject_token ?? ''}` };
  };

  const exchange = async (context: Oidc): Promise<void> => {
    const {
      subject_token: subject = '',
      requested_token_type: wanted,
      audience = '',
      resource = '',
    } = context.oidc.params;
    const verified = await jwtVerify(subject, keysOf(issuer), { issuer }).catch(() => undefined);
    const account = verified?.payload.sub;
    if (account === undefined) return refuse(context, 'invalid_grant');
    if (resource.includes('unknown')) return refuse(context, 'invalid_target');
    const life = { token_type: 'Bearer', expires_in: self.lifeSeconds };
    if (wanted !== `${TYPES}id-jag`) {
      const token = await make(`${account}@notes`, self.givesFor ?? resource, 'notes');
      context.body = { ...life, access_token: token, issued_token_type: `${TYPES}access_token` };
      return;
    }
    const assertion = await new SignJWT({ client_id: 'gateway', resource, jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'RS256', kid: 'one', typ: 'oauth-id-jag+jwt' })
      .setIssuer(issuer)
      .setSubject(account)
      .setAudience(self.givesFor ?? audience)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
    context.body = { ...life, token_type: 'N_A', access_token: assertion, issued_token_type: `${TYPES}id-jag` };
  };
  const redeem = async (context: Oidc): Promise<void> => {
    const { issuer: idp } = trusts ?? { issuer: '' };
    const options = { issuer: idp, audience: issuer, typ: 'oauth-id-jag+jwt' };
    const verified = await jwtVerify(context.oidc.params.assertion ?? '', keysOf(idp), options).catch(() => undefined);
    const { sub, client_id: client, resource } = verified?.payload ?? {};
    if (sub === undefined || client !== context.oidc.client.clientId) return refuse(context, 'invalid_grant');
    const token = await make(`${sub}@notes`, String(resource), 'notes');
    context.body = { token_type: 'Bearer', expires_in: self.lifeSeconds, access_token: token };
  };
  const params = [
    'subject_token',
    'subject_token_type',
    'requested_token_type',
    'audience',
    'resource',
    'scope',
    'assertion',
  ];
  inner.registerGrantType(grant, trusts === undefined ? exchange : redeem, params);

  const self: ExchangeProvider = {
    ...{ issuer, requests: [], answer: undefined, givesFor: undefined, lifeSeconds: 600 },
    issue: (subject, audience) => make(subject, audience, 'mcp'),
    revokeAll: () => given.clear(),
    async accountOf(token, resource) {
      const found = given.get(token);
      if (found === undefined || found.audience !== resource || found.endsMs <= Date.now()) return undefined;
      return found.account;
    },
  };
  provider.use(async (context, next) => {
    if (context.path !== '/token') return next();
    const { req } = context as unknown as { readonly req: IncomingMessage & { body?: string } };
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    req.body = Buffer.concat(chunks).toString();
    self.requests.push(Object.fromEntries(new URLSearchParams(req.body)));
    if (self.answer === undefined) return next();
    context.status = self.answer.status;
    context.body = self.answer.body;
  });
  handle = provider.callback();
  return self;
}
