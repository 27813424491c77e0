/** Every address that a server, its issuer or a client may name, pointed at what is near us: nothing there is ever connected to. */

import assert from 'node:assert/strict';
import dns from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { OAuthDiscoveryState, StoredOAuthClientInformation } from '@modelcontextprotocol/client';
import { Secret } from '../../contracts/secret.ts';
import { requestOwnToken } from './client-credentials.ts';
import { fetchClientDocument } from './client-document.ts';
import { discover } from './discover.ts';
import { createGuardedFetch, type FetchLike } from './guarded-fetch.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import { prepareSignIn } from './prepare-sign-in.ts';
import { refreshTokens } from './refresh-tokens.ts';
import { revokeTokens } from './revoke-tokens.ts';
import { askForChallenge } from './server-client.ts';
import { redeemSignIn } from './sign-in.ts';

const SERVER = 'https://server.example/mcp';
const ISSUER = 'https://issuer.example';
const BACK = 'https://gateway.example/oauth/callback';
const never = new AbortController().signal;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Each name is answered with the next of its lists, the last one for ever. */
function answerNames(t: TestContext, names: { readonly [name: string]: readonly (readonly string[])[] }): void {
  const real = dns.lookup;
  const asked = new Map<string, number>();
  const lookup = async (name: string, options: { readonly all?: boolean } = {}) => {
    const lists = names[name];
    if (lists === undefined) return real(name, options as { all: true });
    const turn = asked.get(name) ?? 0;
    asked.set(name, turn + 1);
    const found = (lists[Math.min(turn, lists.length - 1)] ?? []).map((address) => ({ address, family: 4 }));
    return options.all === true ? found : found[0];
  };
  dns.lookup = lookup as unknown as typeof dns.lookup;
  syncBuiltinESMExports();
  t.after(() => {
    dns.lookup = real;
    syncBuiltinESMExports();
  });
}

/** What must not be reached. */
async function startCanary(t: TestContext): Promise<{ readonly port: number; connections: number }> {
  const server = createServer((socket) => {
    canary.connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => void server.close());
  const canary = { port: (server.address() as AddressInfo).port, connections: 0 };
  return canary;
}

const NAMES = {
  'server.example': [['93.184.216.34']],
  'issuer.example': [['93.184.216.34']],
  'inside.example': [['10.0.0.1']],
  'here.example': [['127.0.0.1']],
  'both.example': [['93.184.216.34', '127.0.0.1']],
};
const nearby = (port: number): readonly string[] => [
  ...[
    `https://127.0.0.1:${port}`,
    `https://localhost:${port}`,
    `https://[::ffff:127.0.0.1]:${port}`,
    `https://[::1]:${port}`,
  ],
  ...[`https://2130706433:${port}`, `https://0x7f.1:${port}`, `https://0.0.0.0:${port}`, `https://127.1:${port}`],
  ...[
    'https://10.0.0.1',
    'https://192.168.1.1',
    'https://[fd00::1]',
    'https://169.254.169.254',
    'https://100.100.100.200',
  ],
  ...['https://inside.example', `https://here.example:${port}`, `https://both.example:${port}`],
];

const metadataWith = (more: object): object => ({
  ...{ issuer: ISSUER, authorization_endpoint: `${ISSUER}/authorize`, token_endpoint: `${ISSUER}/token` },
  ...{ response_types_supported: ['code'], code_challenge_methods_supported: ['S256'] },
  ...more,
});
const discoveryWith = (more: object): OAuthDiscoveryState =>
  ({
    ...{ authorizationServerUrl: ISSUER, resourceMetadata: { resource: SERVER, authorization_servers: [ISSUER] } },
    authorizationServerMetadata: metadataWith(more),
  }) as unknown as OAuthDiscoveryState;
const client = { client_id: 'c', client_secret: 's', issuer: ISSUER } as unknown as StoredOAuthClientInformation;
const tokens = {
  value: { access_token: 'a', refresh_token: 'r', token_type: 'Bearer', issuer: ISSUER },
  ...{ atMs: 0, expiresAtMs: undefined },
};
const json = (body: object, status = 200, headers: { [name: string]: string } = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });

type Pages = { readonly [url: string]: () => Response };
type Errand = (near: string, fetchWith: (pages: Pages) => FetchLike) => Promise<unknown>;

const ERRANDS: { readonly [what: string]: Errand } = {
  async 'resource_metadata of a challenge'(near, fetchWith) {
    const challenge = { 'www-authenticate': `Bearer resource_metadata="${near}/x"` };
    const fetchFn = fetchWith({ [SERVER]: () => json({}, 401, challenge) });
    const { resourceMetadataUrl } = await askForChallenge(SERVER, fetchFn);
    return discover({ serverUrl: SERVER, issuer: undefined }, resourceMetadataUrl, fetchFn);
  },
  'authorization_servers of the metadata of a server': (near, fetchWith) => {
    const page = () => json({ resource: SERVER, authorization_servers: [near] });
    const fetchFn = fetchWith({ 'https://server.example/.well-known/oauth-protected-resource/mcp': page });
    return discover({ serverUrl: SERVER, issuer: undefined }, undefined, fetchFn);
  },
  registration_endpoint: (near, fetchWith) =>
    prepareSignIn({
      ...{ config: {}, kept: { serverUrl: SERVER }, redirectUrl: BACK, scope: undefined, fetchFn: fetchWith({}) },
      discovery: discoveryWith({ registration_endpoint: `${near}/register` }),
    }),
  'token_endpoint, with a code': (near, fetchWith) => {
    const discovery = discoveryWith({ token_endpoint: `${near}/token` });
    const signIn = {
      ...{ authorizationUrl: `${ISSUER}/authorize`, redirectUrl: BACK, discovery, client, scope: undefined },
      ...{ serverId: 's', serverUrl: SERVER, codeVerifier: 'v'.repeat(43), owner: 'ada', expiresAtMs: 1 },
    };
    const answer = { state: 'st', code: 'co', iss: ISSUER, error: undefined };
    return redeemSignIn({ now: () => 0, fetchFn: fetchWith({}) }, signIn, answer);
  },
  async 'token_endpoint, with a refresh token'(near, fetchWith) {
    const discovery = discoveryWith({ token_endpoint: `${near}/token` });
    const what = { config: { id: 's' }, kept: { client, tokens }, discovery, fetchFn: fetchWith({}) };
    const end = await refreshTokens({ log: silent, now: () => 0 }, what);
    if (end === 'unreachable') throw new TypeError(end);
    return end;
  },
  'token_endpoint, with credentials of the gateway': (near, fetchWith) =>
    requestOwnToken({
      config: {
        ...{ clientId: 'c', clientSecret: new Secret('s') },
        clientCredentials: { issuer: ISSUER, privateKey: undefined },
      },
      ...{ serverUrl: SERVER, scope: undefined, now: () => 0, fetchFn: fetchWith({}) },
      discovery: discoveryWith({ token_endpoint: `${near}/token` }),
    }),
  revocation_endpoint: (near, fetchWith) => {
    const discovery = discoveryWith({ revocation_endpoint: `${near}/revoke` });
    return revokeTokens({ serverUrl: SERVER, client, discovery, tokens }, fetchWith({}));
  },
  'jwks_uri of an issuer of access tokens': (near, fetchWith) => {
    const document = () => json({ issuer: ISSUER, jwks_uri: `${near}/keys` });
    const createFetch = () => fetchWith({ [`${ISSUER}/.well-known/oauth-authorization-server`]: document });
    const deps = { monotonicMs: () => 0, onChange() {}, onFailure() {}, createFetch };
    const keys = createIssuerKeys(deps, { issuer: ISSUER, jwksUrl: undefined });
    return Promise.resolve(keys.find({ alg: 'ES256', kid: 'k' }, { payload: '', signature: '' }));
  },
};

for (const [what, errand] of Object.entries(ERRANDS))
  test(`a public server reaches nothing near us by ${what}`, { timeout: 60_000 }, async (t) => {
    answerNames(t, NAMES);
    const canary = await startCanary(t);
    for (const near of nearby(canary.port)) {
      const refusals: string[] = [];
      const guarded = createGuardedFetch(SERVER, never);
      const asked: string[] = [];
      const fetchWith =
        (pages: Pages): FetchLike =>
        async (url, init) => {
          asked.push(String(url));
          const page = Object.hasOwn(pages, String(url)) ? pages[String(url)] : undefined;
          if (page !== undefined) return page();
          // What is public would be asked in earnest; there is nobody.
          if (/^(server|issuer)\.example$/.test(new URL(url).hostname)) return json({}, 404);
          return guarded(url, init).catch((error: Error) => {
            refusals.push(error.message);
            throw error;
          });
        };
      // Where the metadata is not to be had, its server may be taken for its own issuer, which is no nearer.
      const mayEnd = what.startsWith('resource_metadata') || what.startsWith('authorization_servers');
      const end = await errand(near, fetchWith).then(
        () => 'done',
        () => 'failed',
      );
      assert.ok(end === 'failed' || mayEnd, `${near}: ${asked.join(' ')}`);
      assert.ok(refusals.length > 0, `${near} was not even tried: ${asked.join(' ')}`);
      for (const refusal of refusals) assert.match(refusal, /is not allowed here/, near);
    }
    assert.equal(canary.connections, 0);
  });

test('an address that describes a client leads to nothing near us, and the address that is connected to is the one that was checked', async (t) => {
  const canary = await startCanary(t);
  answerNames(t, { ...NAMES, 'turns.example': [['93.184.216.34'], ['127.0.0.1']] });
  for (const near of nearby(canary.port))
    await assert.rejects(fetchClientDocument(`${near}/client`, { allowLoopback: false }), /is not allowed here/, near);
  // The first answer is for the guard of the server, the second for the connection: it is the one that is checked.
  const turning = createGuardedFetch('https://turns.example/mcp', never);
  await assert.rejects(turning(`https://turns.example:${canary.port}/`), /127\.0\.0\.1 is not allowed here/);
  assert.equal(canary.connections, 0);
});
