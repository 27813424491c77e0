import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CryptoKey, createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { TokenIssuerConfig } from '../../contracts/authorization-config.ts';
import type { Caller } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import { createTokenIssuer } from './token-issuer.ts';

const RESOURCE = 'https://gateway.example/mcp';
const ISSUER = 'https://id.example';
const CALLER: Caller = { keyId: 'oauth:1', keyName: 'oauth:ada', grant: { allow: [], deny: [] } };

/** An issuer with as many keys as wanted, none of which has a name. */
async function createBench(config: Partial<TokenIssuerConfig> = {}, keys = 1) {
  const pairs = await Promise.all(Array.from({ length: keys }, () => generateKeyPair('ES256')));
  const jwks = await Promise.all(pairs.map(async ({ publicKey }) => exportJWK(publicKey)));
  const local = createLocalJWKSet({ keys: jwks });
  const bench = {
    clock: { ms: 1_800_000_000_000 },
    /** Signatures that were checked. */
    looked: 0,
    /** Who there is; undefined: nobody. */
    caller: CALLER as Caller | undefined,
    asked: 0,
    privateKeys: pairs.map(({ privateKey }) => privateKey),
    sign: (claims: object = {}, key: CryptoKey | undefined = pairs[0]?.privateKey, header: object = {}) =>
      new SignJWT({
        ...{ iss: ISSUER, sub: 'sub', aud: RESOURCE, exp: bench.clock.ms / 1_000 + 600, ...claims },
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...header })
        .sign(key ?? assert.fail('there is no key')),
  };
  const issuer = createTokenIssuer(
    {
      keys: {
        find(header, token) {
          bench.looked++;
          return local(header, token);
        },
      },
      callerOf() {
        bench.asked++;
        if (bench.caller === undefined) throw new GatewayError('unknown_subject');
        return bench.caller;
      },
      refreshed: () => bench.caller,
      scopesOf: ({ scope }) => (typeof scope === 'string' ? scope.split(' ') : []),
      now: () => bench.clock.ms,
    },
    {
      ...{ issuer: ISSUER, audience: [], jwksUrl: undefined, algorithms: ['ES256'], scopes: [] },
      claims: { user: undefined, labels: {}, rules: [] },
      ...config,
    },
  );
  return { ...bench, bench, issuer };
}

test('a token is checked once in five minutes, and who it is asked once', async () => {
  const { bench, issuer, sign } = await createBench();
  const token = await sign({ client_id: 'c', scope: 'a b' });
  const verdict = await issuer.verify(token, RESOURCE);
  assert.deepEqual(verdict, {
    ...{ type: 'valid', caller: CALLER, scopes: ['a', 'b'], clientId: 'c' },
    expiresAtMs: bench.clock.ms + 600_000,
  });
  bench.clock.ms += 299_999;
  for (let i = 0; i < 5; i++) await issuer.verify(token, RESOURCE);
  assert.deepEqual([bench.looked, bench.asked], [1, 1]);
  bench.clock.ms += 1;
  await issuer.verify(token, RESOURCE);
  assert.equal(bench.looked, 2);
  issuer.forget();
  await issuer.verify(token, RESOURCE);
  assert.equal(bench.looked, 3);
});

test('what was checked is not believed for longer than the token lasts, nor at another resource, nor of somebody who is gone', async () => {
  const { bench, issuer, sign } = await createBench();
  const token = await sign({ exp: bench.clock.ms / 1_000 + 10 });
  assert.equal((await issuer.verify(token, RESOURCE)).type, 'valid');
  assert.equal((await issuer.verify(token, `${RESOURCE}/wiki`)).type, 'invalid');
  bench.caller = undefined;
  await assert.rejects(issuer.verify(token, RESOURCE), { code: 'unknown_subject' });
  bench.caller = { ...CALLER };
  const again = await issuer.verify(token, RESOURCE);
  assert.ok(again.type === 'valid' && again.caller === bench.caller);
  bench.clock.ms += 69_999;
  assert.equal((await issuer.verify(token, RESOURCE)).type, 'valid', 'clocks may differ by a minute');
  bench.clock.ms += 1;
  assert.deepEqual(await issuer.verify(token, RESOURCE), { type: 'invalid', reason: 'it has expired' });
});

test('where keys have no names, each that could be it is tried', async () => {
  const { issuer, sign, privateKeys } = await createBench({}, 3);
  for (const key of privateKeys) assert.equal((await issuer.verify(await sign({}, key), RESOURCE)).type, 'valid');
  const { privateKey } = await generateKeyPair('ES256');
  assert.deepEqual(await issuer.verify(await sign({}, privateKey), RESOURCE), {
    ...{ type: 'invalid', reason: 'its signature is wrong' },
  });
});

test('a configured audience is good at each resource, and scopes of all tokens are added to their own', async () => {
  const { issuer, sign } = await createBench({ audience: ['api://gateway'], scopes: ['mcp'] });
  const token = await sign({ aud: ['x', 'api://gateway'], scope: 'models mcp' });
  for (const resource of [RESOURCE, `${RESOURCE}/wiki`]) {
    const verdict = await issuer.verify(token, resource);
    assert.deepEqual(verdict.type === 'valid' && verdict.scopes, ['models', 'mcp']);
  }
});

test('what is no JWT, or of another issuer, is left to others without a look at any key', async () => {
  const { bench, issuer, sign } = await createBench();
  const others = [
    '',
    'pck_0123456789',
    'a.b.c',
    '..',
    await sign({ iss: 'https://other.example' }),
    await sign({ iss: undefined }),
  ];
  for (const token of others) assert.deepEqual(await issuer.verify(token, RESOURCE), { type: 'foreign' }, token);
  assert.equal(bench.looked, 0);
});

test('an algorithm that is not configured is not taken, even if the key would fit', async () => {
  const { issuer, sign } = await createBench({ algorithms: ['RS256'] });
  const verdict = await issuer.verify(await sign(), RESOURCE);
  assert.deepEqual(verdict, { type: 'invalid', reason: 'its signature is of a kind that is not taken here' });
});
