import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { TEST_CERTIFICATE } from '../../../test/support/secrets/test-certificate.ts';
import { startFakeVault } from '../../../test/support/secrets/vault.ts';
import type { Cleanup } from '../../../test/support/temp-dir.ts';
import { createTempDir } from '../../../test/support/temp-dir.ts';
import { Secret } from '../../contracts/secret.ts';
import { SecretFailure, type VaultAuth, type VaultConfig } from '../../contracts/secret-managers.ts';
import { createVaultSource } from './vault-source.ts';

function open(cleanup: Cleanup, address: string, auth: VaultAuth, more: Partial<VaultConfig> = {}, now = Date.now) {
  const source = createVaultSource(
    {
      ...{ type: 'vault', address, auth, kvVersion: 'auto', namespace: undefined, ca: undefined },
      ...{ cacheMs: 60_000, timeoutMs: 5_000, fingerprint: 'f', ...more },
    },
    now,
  );
  cleanup.after(() => source[Symbol.asyncDispose]());
  return async (path: string) => (await source.read(path, AbortSignal.timeout(5_000))).value;
}
const withToken = (token: string): VaultAuth => ({ type: 'token', token: new Secret(token) });
const APP_ROLE: VaultAuth = {
  ...{ type: 'appRole', mount: 'approle' },
  ...{ roleId: new Secret('role-1'), secretId: new Secret('s3cret-id') },
};
const kindOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'fine',
    (error: unknown) => (error instanceof SecretFailure ? error.kind : String(error)),
  );

test('both versions of the key-value engine are read, and mounts within mounts found', async (t) => {
  const vault = await startFakeVault(t, { mounts: { secret: 2, old: 1, 'team/kv': 2 } });
  vault.write('secret/app/openai', { key: 'v2' });
  vault.write('old/openai', { key: 'v1' });
  vault.write('team/kv/a b', { key: 'nested' });
  const read = open(t, vault.origin, withToken(vault.issue()));
  assert.equal(await read('secret/app/openai'), '{"key":"v2"}');
  assert.equal(await read('old/openai'), '{"key":"v1"}');
  assert.equal(await read('team/kv/a b'), '{"key":"nested"}');
  assert.equal(await kindOf(read('secret/none')), 'missing');
  for (const path of ['secret', 'secret/../sys/x', '/secret/x', 'secret//x', 'secret/./x'])
    assert.equal(await kindOf(read(path)), 'misused', path);
});

test('a token that may not ask which mount it is reads version 2, or the version it was told', async (t) => {
  const vault = await startFakeVault(t, { hidesMounts: true });
  vault.write('secret/a', { key: 'two' });
  vault.write('old/a', { key: 'one' });
  assert.equal(await open(t, vault.origin, withToken(vault.issue()))('secret/a'), '{"key":"two"}');
  assert.equal(await open(t, vault.origin, withToken(vault.issue()), { kvVersion: 1 })('old/a'), '{"key":"one"}');
});

test('a namespace goes with every request', async (t) => {
  const vault = await startFakeVault(t, { namespace: 'team-a' });
  vault.write('secret/a', { key: 'x' });
  const auth = withToken(vault.issue());
  assert.equal(await open(t, vault.origin, auth, { namespace: 'team-a' })('secret/a'), '{"key":"x"}');
  assert.equal(await kindOf(open(t, vault.origin, auth)('secret/a')), 'refused');
});

test('a token from a login is renewed before it ends, and got anew when it cannot be', async (t) => {
  const vault = await startFakeVault(t, { roleId: 'role-1', secretId: 's3cret-id', ttlS: 60, maxRenewals: 2 });
  vault.write('secret/a', { key: 'x' });
  const read = open(t, vault.origin, APP_ROLE, {}, () => Date.now() + vault.skewMs);
  const count = (path: RegExp) => vault.calls.filter((call) => path.test(call.path)).length;
  for (let minute = 0; minute < 8; minute++) {
    assert.equal(await read('secret/a'), '{"key":"x"}');
    vault.skewMs += 45_000;
  }
  // Two thirds of a minute have gone by at each reading: login, two renewals, login, …
  assert.equal(count(/approle\/login$/), 3);
  assert.ok(count(/renew-self$/) >= 5, String(count(/renew-self$/)));
});

test('a token that was revoked, or ran out while nobody looked, is replaced by another', async (t) => {
  const vault = await startFakeVault(t, { roleId: 'role-1', secretId: 's3cret-id' });
  vault.write('secret/a', { key: 'x' });
  const read = open(t, vault.origin, APP_ROLE);
  await read('secret/a');
  for (const token of vault.tokens()) vault.revoke(token);
  assert.equal(await read('secret/a'), '{"key":"x"}');
  assert.equal(
    await kindOf(open(t, vault.origin, { ...APP_ROLE, secretId: new Secret('wrong') })('secret/a')),
    'refused',
  );
});

test('the token of a Kubernetes service account is read anew at each login', async (t) => {
  const tokenFile = `${await createTempDir(t)}/token`;
  let jwt = 'jwt-1';
  const vault = await startFakeVault(t, { kubernetes: { role: 'gateway', jwt: () => jwt } });
  vault.write('secret/a', { key: 'x' });
  const read = open(t, vault.origin, { type: 'kubernetes', mount: 'kubernetes', role: 'gateway', tokenFile });
  assert.equal(await kindOf(read('secret/a')), 'missing');
  await writeFile(tokenFile, `${jwt}\n`);
  assert.equal(await read('secret/a'), '{"key":"x"}');
  jwt = 'jwt-2';
  await writeFile(tokenFile, jwt);
  for (const token of vault.tokens()) vault.revoke(token);
  assert.equal(await read('secret/a'), '{"key":"x"}');
});

test('a token that was given to us is renewed as long as Vault lets it', async (t) => {
  const vault = await startFakeVault(t);
  vault.write('secret/a', { key: 'x' });
  const read = open(t, vault.origin, withToken(vault.issue(60)), {}, () => Date.now() + vault.skewMs);
  for (let minute = 0; minute < 4; minute++) {
    assert.equal(await read('secret/a'), '{"key":"x"}', `at ${vault.skewMs}`);
    vault.skewMs += 45_000;
  }
});

test('a certificate of an authority of its own is believed if that is named, and else not', async (t) => {
  const vault = await startFakeVault(t, { isSecure: true });
  vault.write('secret/a', { key: 'x' });
  const auth = withToken(vault.issue());
  assert.equal(await kindOf(open(t, vault.origin, auth)('secret/a')), 'unreachable');
  assert.equal(vault.calls.length, 0, 'no token was sent');
  assert.equal(await open(t, vault.origin, auth, { ca: TEST_CERTIFICATE })('secret/a'), '{"key":"x"}');
});

test('many who want a secret at the same time are one login', async (t) => {
  const vault = await startFakeVault(t, { roleId: 'role-1', secretId: 's3cret-id' });
  vault.write('secret/a', { key: 'x' });
  const read = open(t, vault.origin, APP_ROLE);
  await Promise.all(Array.from({ length: 10 }, () => read('secret/a')));
  assert.equal(vault.calls.filter((call) => /login$/.test(call.path)).length, 1);
});
