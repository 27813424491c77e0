import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TokenIssuer, TokenVerdict } from '../../contracts/access-tokens.ts';
import type { ProtectedPlace } from '../../contracts/call.ts';
import type { Caller, Credential } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import { createKeyring } from '../keyring.ts';
import { createAdmission } from './admission.ts';

const MCP: ProtectedPlace = { type: 'all' };
const CALLER: Caller = { keyId: 'own:1', keyName: 'own:ada', grant: { allow: ['*'], deny: [] } };
const FOREIGN: TokenVerdict = { type: 'foreign' };

function issuerOf(name: string, verdicts: { readonly [token: string]: TokenVerdict }) {
  const asked: string[] = [];
  const issuer: TokenIssuer = {
    issuer: name,
    async verify(token, resource) {
      asked.push(`${token} at ${resource}`);
      return verdicts[token] ?? FOREIGN;
    },
  };
  return { issuer, asked };
}

const valid = (more: object = {}): TokenVerdict => ({
  ...{ type: 'valid', caller: CALLER, scopes: ['mcp'], clientId: undefined, expiresAtMs: 1_000, ...more },
});
const presented = (token: string): Credential => ({ source: 'authorization', token });

function createBench(...issuers: TokenIssuer[]) {
  const bench = { now: 0, current: CALLER as Caller | undefined };
  const admission = createAdmission({
    issuers: () => issuers,
    baseUrl: () => 'https://gw.example',
    refreshed: () => bench.current,
  });
  const directory = { version: () => 1, keys: () => [] };
  const keyring = createKeyring({
    ...{ directory, keys: [], anonymous: undefined, now: () => bench.now, tokens: admission },
  });
  return { bench, admission, keyring };
}

test('issuers are asked in turn until one says that a token is its own', async () => {
  const [one, two, three] = [
    issuerOf('one', {}),
    issuerOf('two', { t: valid() }),
    issuerOf('three', { t: { type: 'invalid', reason: 'never asked' } }),
  ];
  const { admission, keyring } = createBench(one.issuer, two.issuer, three.issuer);
  const credential = presented('t');
  assert.throws(() => keyring.identify(credential), { code: 'unauthenticated' }, 'nothing was proved yet');
  await admission.admit(credential, { type: 'server', serverId: 'wiki' });
  assert.equal(keyring.identify(credential), CALLER);
  assert.deepEqual(one.asked, ['t at https://gw.example/mcp/wiki']);
  assert.deepEqual(three.asked, []);
});

test('each kind of endpoint has its own resource, and models that of /mcp', async () => {
  const { issuer, asked } = issuerOf('one', { t: valid() });
  const { admission } = createBench(issuer);
  const places: readonly ProtectedPlace[] = [
    ...[MCP, { type: 'models' } as const, { type: 'server', serverId: 'a b' } as const],
    { type: 'toolset', toolset: 'desk' },
  ];
  for (const place of places) await admission.admit(presented('t'), place);
  assert.deepEqual(
    asked.map((each) => each.replace('t at https://gw.example', '')),
    ['/mcp', '/mcp', '/mcp/a%20b', '/mcp/t/desk'],
  );
});

test('what was proved before goes on for half an hour after the token, as long as its caller is somebody', async () => {
  const { bench, admission, keyring } = createBench(issuerOf('one', { t: valid() }).issuer);
  const credential = presented('t');
  await admission.admit(credential, MCP);
  bench.now = 1_000 + 1_799_999;
  assert.equal(keyring.identify(credential), CALLER);
  bench.now++;
  assert.throws(() => keyring.identify(credential), { code: 'unauthenticated' });
  bench.now = 0;
  const changed = { ...CALLER };
  bench.current = changed;
  assert.equal(keyring.identify(credential), changed);
  assert.equal(keyring.refreshed(CALLER), changed);
  bench.current = undefined;
  assert.throws(() => keyring.identify(credential), { code: 'unauthenticated' });
  assert.deepEqual(keyring.refreshed(CALLER).grant, { allow: [], deny: [] });
});

test('a caller that nobody admitted is nobody', () => {
  const { keyring } = createBench(issuerOf('one', {}).issuer);
  assert.deepEqual(keyring.refreshed({ ...CALLER, keyId: 'gone' }).grant, { allow: [], deny: [] });
});

test('the challenge quotes a reason in a way that no header is broken by', async () => {
  const { admission } = createBench(issuerOf('one', { t: { type: 'invalid', reason: 'a "b" \\ \r\nX: y é' } }).issuer);
  const metadata = 'resource_metadata="https://gw.example/.well-known/oauth-protected-resource/mcp"';
  await assert.rejects(admission.admit(presented('t'), MCP), (error: unknown) => {
    assert.ok(error instanceof GatewayError);
    const said = `error="invalid_token", error_description="a 'b' ' ??X: y ?"`;
    assert.equal(error.challenge, `Bearer ${metadata}, scope="mcp", ${said}`);
    return true;
  });
});

test('where an issuer cannot be asked, that is what is said', async () => {
  const { issuer } = issuerOf('one', {});
  const lame: TokenIssuer = { ...issuer, verify: async () => Promise.reject(new GatewayError('issuer_unavailable')) };
  const { admission } = createBench(lame);
  await assert.rejects(admission.admit(presented('t'), MCP), { code: 'issuer_unavailable' });
});
