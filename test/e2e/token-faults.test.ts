/** What becomes of access tokens when their issuer fails: real requests to it, and a clock that the test turns. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { TokenVerdict } from '../../src/contracts/access-tokens.ts';
import type { Caller } from '../../src/contracts/caller.ts';
import { openTokenIssuer } from '../../src/upstreams/oauth/open-token-issuer.ts';
import { startTokenIssuer } from '../support/token-issuer.ts';
import { waitFor } from '../support/wait-for.ts';

const RESOURCE = 'https://gateway.example/mcp';
const CALLER: Caller = { keyId: 'oauth:1', keyName: 'oauth:ada', grant: { allow: [], deny: [] } };
const LOOKED_AT_AGAIN_MS = 300_000;
const DAY_MS = 86_400_000;

async function start(t: TestContext) {
  const idp = await startTokenIssuer(t);
  const beganMs = Date.now();
  const bench = { passedMs: 0, failures: [] as unknown[] };
  const open = () =>
    openTokenIssuer(
      {
        ...{ callerOf: () => CALLER, refreshed: () => CALLER, scopesOf: () => ['mcp'] },
        now: () => beganMs + bench.passedMs,
        monotonicMs: () => bench.passedMs,
        onFailure: (error) => void bench.failures.push(error),
      },
      {
        ...{ issuer: idp.issuer, audience: [], jwksUrl: undefined, algorithms: ['ES256'], scopes: [] },
        claims: { user: undefined, labels: {}, rules: [] },
      },
    );
  const issuer = open();
  return {
    ...{ idp, bench, open },
    verify: (token: string) => issuer.verify(token, RESOURCE),
    token: (claims: object = {}) =>
      idp.sign({ sub: 'ada', aud: RESOURCE, exp: Math.floor(beganMs / 1_000) + 7 * 86_400, ...claims }),
    /** From that moment on, which is wall clock and monotonic clock alike. */
    pass: (ms: number) => {
      bench.passedMs += ms;
    },
    atS: (offsetS: number) => Math.floor(beganMs / 1_000) + offsetS,
  };
}

const reason = (verdict: TokenVerdict): string => (verdict.type === 'invalid' ? verdict.reason : verdict.type);

test('an issuer that has other keys: tokens of the new one are good, and those of the one withdrawn no more', async (t) => {
  const { idp, verify, token, pass } = await start(t);
  const [old, other] = [await token(), await token({ jti: 'other' })];
  for (const each of [old, other]) assert.equal(reason(await verify(each)), 'valid');
  await idp.rotate();
  pass(30_000);
  assert.equal(reason(await verify(old)), 'valid', 'nobody has heard of it yet');
  assert.equal(reason(await verify(await token())), 'valid');
  for (const each of [old, other]) assert.match(reason(await verify(each)), /no key that it could be signed with/);
});

test('a key that is withdrawn, after a theft say, ends its tokens in minutes though no token of another one comes', async (t) => {
  const { idp, verify, token, pass } = await start(t);
  const stolen = await token();
  assert.equal(reason(await verify(stolen)), 'valid');
  await idp.rotate();
  pass(LOOKED_AT_AGAIN_MS + 1);
  await waitFor('it to be refused', async () => /no key/.test(reason(await verify(stolen))));
});

test('an issuer whose metadata comes to name another one is not followed to its keys; what was known goes on for a day', async (t) => {
  const { idp, bench, verify, token, pass, open } = await start(t);
  const old = await token();
  assert.equal(reason(await verify(old)), 'valid');
  idp.metadata = { issuer: 'https://evil.example' };
  await idp.rotate();
  pass(30_000);
  assert.match(reason(await verify(await token())), /no key/);
  assert.match(String(bench.failures[0]), /names another issuer/);
  assert.equal(idp.requests.filter((path) => path === '/keys').length, 1, 'its keys were looked at');
  assert.equal(reason(await verify(old)), 'valid');
  await assert.rejects(open().verify(await token(), RESOURCE), { code: 'issuer_unavailable' });
  pass(DAY_MS);
  await assert.rejects(verify(old), { code: 'issuer_unavailable' });
  idp.metadata = {};
  pass(30_000);
  assert.equal(reason(await verify(await token())), 'valid', 'as soon as it is itself again');
});

test('an issuer that is down costs nobody a token for a day, and is not asked by each', async (t) => {
  const { idp, verify, token, pass } = await start(t);
  assert.equal(reason(await verify(await token())), 'valid');
  idp.down = 503;
  pass(DAY_MS);
  const before = idp.requests.length;
  for (let i = 0; i < 20; i++) assert.equal(reason(await verify(await token({ jti: String(i) }))), 'valid');
  assert.ok(idp.requests.length - before <= 1, `${idp.requests.length - before} requests`);
  idp.down = undefined;
  pass(30_000);
  assert.equal(reason(await verify(await token())), 'valid');
});

test('clocks may be a minute apart, either way; a token that came too early is good in time', async (t) => {
  const { verify, token, pass, atS } = await start(t);
  const cases: readonly (readonly [object, string])[] = [
    [{ nbf: atS(55), iat: atS(55) }, 'valid'],
    [{ exp: atS(-55) }, 'valid'],
    [{ exp: atS(-65) }, 'it has expired'],
  ];
  for (const [claims, expected] of cases) assert.equal(reason(await verify(await token(claims))), expected);
  const early = await token({ nbf: atS(65) });
  assert.equal(reason(await verify(early)), 'it is not valid yet');
  pass(10_000);
  assert.equal(reason(await verify(early)), 'valid', 'the refusal is remembered');
});
