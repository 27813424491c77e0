import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testAccountStore } from '../../../../test/support/account-store-suite.ts';
import { createTempDir } from '../../../../test/support/temp-dir.ts';
import { openAccountStore } from './accounts.ts';

testAccountStore('SQLite', async (t) => {
  const store = openAccountStore({ dataDir: await createTempDir(t) });
  t.after(() => store[Symbol.asyncDispose]());
  return store;
});

test('what was kept is there after opening again, also for another process meanwhile', async (t) => {
  const dataDir = await createTempDir(t);
  const [one, other] = [openAccountStore({ dataDir }), openAccountStore({ dataDir })];
  t.after(() => other[Symbol.asyncDispose]());
  await one.setPassword('user_1', 'a-hash', 1);
  assert.equal(await other.password('user_1'), 'a-hash');
  await one[Symbol.asyncDispose]();
  const again = openAccountStore({ dataDir });
  t.after(() => again[Symbol.asyncDispose]());
  assert.equal(await again.password('user_1'), 'a-hash');
  assert.ok(readdirSync(dataDir).some((file) => readFileSync(join(dataDir, file)).includes('a-hash')));
});
