import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exportJWK, generateKeyPair } from 'jose';
import { createIssuerKeys } from './issuer-keys.ts';

const ISSUER = 'https://id.example/realms/main';
const TOKEN = { payload: '', signature: '' };

async function makeKey(kid: string) {
  const { publicKey } = await generateKeyPair('ES256');
  return { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' };
}

/** An issuer whose documents the test writes, and a clock that it turns. */
async function createBench(options: { readonly issuer?: string; readonly jwksUrl?: string } = {}) {
  const bench = {
    clock: { ms: 0 },
    asked: [] as string[],
    changes: 0,
    failures: [] as unknown[],
    documents: new Map<string, unknown>(),
    /** The next answers wait for it. */
    gate: undefined as Promise<void> | undefined,
    find: async (kid: string) => keys.find({ alg: 'ES256', kid }, TOKEN),
  };
  const keys = createIssuerKeys(
    {
      monotonicMs: () => bench.clock.ms,
      onChange: () => void bench.changes++,
      onFailure: (error) => void bench.failures.push(error),
      createFetch: () => async (url) => {
        bench.asked.push(String(url));
        await bench.gate;
        const found = bench.documents.get(String(url));
        if (found === 'down') throw new TypeError('connection refused');
        return found === undefined ? new Response(null, { status: 404 }) : Response.json(found);
      },
    },
    { issuer: ISSUER, jwksUrl: undefined, ...options },
  );
  bench.documents.set('https://id.example/.well-known/oauth-authorization-server/realms/main', {
    issuer: ISSUER,
    jwks_uri: 'https://id.example/keys',
  });
  bench.documents.set('https://id.example/keys', { keys: [await makeKey('one')] });
  return bench;
}

test('keys are found by the metadata of the issuer, once for all tokens that come meanwhile', async () => {
  const bench = await createBench();
  await Promise.all([bench.find('one'), bench.find('one'), bench.find('one')]);
  assert.deepEqual(bench.asked, [
    'https://id.example/.well-known/oauth-authorization-server/realms/main',
    'https://id.example/keys',
  ]);
});

test('an issuer that only speaks OpenID Connect is found at either of its places', async () => {
  for (const place of [
    'https://id.example/realms/main/.well-known/openid-configuration',
    'https://id.example/.well-known/openid-configuration/realms/main',
  ]) {
    const bench = await createBench();
    bench.documents.delete('https://id.example/.well-known/oauth-authorization-server/realms/main');
    bench.documents.set(place, { issuer: ISSUER, jwks_uri: 'https://id.example/keys' });
    await bench.find('one');
    assert.deepEqual(bench.failures, []);
  }
});

test('metadata of another issuer, and keys on a plain address, are not believed', async () => {
  const place = 'https://id.example/.well-known/oauth-authorization-server/realms/main';
  for (const metadata of [
    { issuer: 'https://id.example/realms/other', jwks_uri: 'https://id.example/keys' },
    { issuer: `${ISSUER}/`, jwks_uri: 'https://id.example/keys' },
    { issuer: ISSUER, jwks_uri: 'http://id.example/keys' },
    { issuer: ISSUER, jwks_uri: 'file:///etc/passwd' },
    { issuer: ISSUER },
    [],
  ]) {
    const bench = await createBench();
    bench.documents.set(place, metadata);
    await assert.rejects(bench.find('one'), { code: 'issuer_unavailable' }, JSON.stringify(metadata));
    assert.ok(!bench.asked.some((url) => url.endsWith('/keys')));
    assert.equal(bench.failures.length, 1);
  }
});

test('a configured address of keys needs no metadata', async () => {
  const bench = await createBench({ jwksUrl: 'https://id.example/keys' });
  await bench.find('one');
  assert.deepEqual(bench.asked, ['https://id.example/keys']);
});

test('a key that is not there makes the gateway look once in half a minute, however many tokens name one', async () => {
  const bench = await createBench({ jwksUrl: 'https://id.example/keys' });
  await bench.find('one');
  for (let i = 0; i < 100; i++) await assert.rejects(bench.find(`made-up-${i}`), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
  assert.equal(bench.asked.length, 1);
  bench.clock.ms += 30_000;
  await Promise.all(Array.from({ length: 50 }, (_, i) => assert.rejects(bench.find(`made-up-${i}`))));
  assert.equal(bench.asked.length, 2);
  await bench.find('one');
});

test('a new key is found with the first token that names it, and what the old one had signed is looked at again', async () => {
  const bench = await createBench({ jwksUrl: 'https://id.example/keys' });
  await bench.find('one');
  bench.clock.ms += 30_000;
  bench.documents.set('https://id.example/keys', { keys: [await makeKey('two')] });
  await bench.find('two');
  assert.equal(bench.changes, 1);
  await assert.rejects(bench.find('one'), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
});

test('keys are fetched anew in time, without anybody waiting for it', async () => {
  const bench = await createBench({ jwksUrl: 'https://id.example/keys' });
  await bench.find('one');
  bench.clock.ms += 300_000;
  await bench.find('one');
  assert.equal(bench.asked.length, 1);
  bench.clock.ms += 1;
  const gate = Promise.withResolvers<void>();
  bench.gate = gate.promise;
  await bench.find('one');
  assert.equal(bench.asked.length, 2, 'asked, and not waited for');
  gate.resolve();
});

test('old keys go on while the issuer is down, for a day', async () => {
  const bench = await createBench({ jwksUrl: 'https://id.example/keys' });
  await bench.find('one');
  bench.documents.set('https://id.example/keys', 'down');
  bench.clock.ms += 86_400_000;
  await bench.find('one');
  assert.equal(bench.failures.length, 1);
  bench.clock.ms += 1;
  await assert.rejects(bench.find('one'), { code: 'issuer_unavailable' });
  bench.documents.set('https://id.example/keys', { keys: [await makeKey('one')] });
  bench.clock.ms += 30_000;
  await bench.find('one');
});

test('an issuer that never gave keys is asked again after five seconds, not with each token', async () => {
  const bench = await createBench({ jwksUrl: 'https://id.example/keys' });
  bench.documents.set('https://id.example/keys', 'down');
  for (let i = 0; i < 20; i++) await assert.rejects(bench.find('one'), { code: 'issuer_unavailable' });
  assert.equal(bench.asked.length, 1);
  bench.clock.ms += 5_000;
  await assert.rejects(bench.find('one'), { code: 'issuer_unavailable' });
  assert.equal(bench.asked.length, 2);
});

test('what is no set of keys is not taken for one, nor are shared secrets', async () => {
  for (const document of [{}, { keys: [] }, { keys: 'one' }, { keys: ['one'] }, { keys: Array(101).fill({}) }]) {
    const bench = await createBench({ jwksUrl: 'https://id.example/keys' });
    bench.documents.set('https://id.example/keys', document);
    await assert.rejects(bench.find('one'), { code: 'issuer_unavailable' }, JSON.stringify(document).slice(0, 40));
  }
  const bench = await createBench({ jwksUrl: 'https://id.example/keys' });
  bench.documents.set('https://id.example/keys', { keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'one' }] });
  await assert.rejects(bench.find('one'), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
});
