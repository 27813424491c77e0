import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { testObjectStore } from '../../../../test/support/object-store-suite.ts';
import { createTempDir } from '../../../../test/support/temp-dir.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { openObjectStore } from './objects.ts';
import { openDatabase } from './open-database.ts';

const run = promisify(execFile);

testObjectStore('SQLite', async (t) => {
  const dataDir = await createTempDir(t);
  return async () => openObjectStore({ dataDir });
});

function freshDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-objects-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'data');
}

test('only the owner may read the files of the store', async (t) => {
  const dataDir = freshDir(t);
  const store = openObjectStore({ dataDir });
  t.after(() => store[Symbol.asyncDispose]());
  assert.equal(statSync(dataDir).mode & 0o777, 0o700);
  const files = readdirSync(dataDir);
  assert.ok(files.includes('portcullis.db'));
  for (const file of files) assert.equal(statSync(join(dataDir, file)).mode & 0o777, 0o600, file);
});

test('several processes may create the store and write to it at once', async (t) => {
  const dataDir = freshDir(t);
  const script = join(import.meta.dirname, 'testing/create-objects.ts');
  const outputs = await Promise.all(
    ['a', 'b', 'c', 'd'].map((name) => run(process.execPath, [script, dataDir, name, '50'])),
  );
  const store = openObjectStore({ dataDir });
  t.after(() => store[Symbol.asyncDispose]());
  const { seq, objects } = await store.changedSince(0);
  assert.deepEqual([objects.length, seq, (await store.changes({ limit: 999 })).length], [200, 200, 200]);
  // On Node 22 loading SQLite would print a warning.
  assert.deepEqual(
    outputs.map(({ stdout, stderr }) => stdout + stderr),
    ['', '', '', ''],
  );
});

test('keys that were stored before there were objects become objects, with all they may and their limits', async (t) => {
  const dataDir = await createTempDir(t);
  const db = openDatabase(join(dataDir, 'portcullis.db'));
  const before = MIGRATIONS.findIndex(({ name }) => name === 'objects');
  migrate(db, MIGRATIONS.slice(0, before), 1);
  const insert = db.prepare(
    `INSERT INTO keys (id, name, prefix, hash, allow_json, deny_json, toolsets_json, created_at_ms, expires_at_ms,
       revoked_at_ms, limits_json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const limits = {
    requests: [{ max: 60, per: 'minute' }],
    tokens: [],
    toolCalls: [],
    maxConcurrent: 4,
    budgets: [{ maxMicroUsd: 2_500_001, per: 'day', timeZone: 'Europe/Berlin' }],
  };
  insert.run('key_b', 'later', 'pck_b', 'b'.repeat(64), '[]', '["x"]', '["triage"]', 20, 99, 50, null);
  insert.run('key_a', 'first', 'pck_a', 'a'.repeat(64), '["*"]', '[]', '[]', 10, null, null, JSON.stringify(limits));
  db.close();

  const store = openObjectStore({ dataDir });
  t.after(() => store[Symbol.asyncDispose]());
  const [first, later] = await store.list('key', { limit: 10 });
  assert.deepEqual(first, {
    ...{ kind: 'key', id: 'key_a', name: 'first', version: 1, isDeleted: false, createdAtMs: 10, updatedAtMs: 10 },
    body: {
      ...{ name: 'first', type: 'service', labels: {}, grant: { allow: ['*'], deny: [], toolsets: [] } },
      limits: {
        ...{ requests: [{ max: 60, per: 'minute' }], tokens: [], toolCalls: [], maxConcurrent: 4 },
        budgets: [{ maxUsd: 2.500001, per: 'day', timeZone: 'Europe/Berlin', rolling: false, alertAt: [] }],
      },
      secrets: [{ hash: 'a'.repeat(64), prefix: 'pck_a', createdAtMs: 10 }],
    },
  });
  assert.deepEqual([later?.body.expiresAtMs, later?.body.revokedAtMs, later?.body.limits], [99, 50, undefined]);
  assert.deepEqual(later?.body.grant, { allow: [], deny: ['x'], toolsets: ['triage'] });
  assert.equal((await store.changedSince(0)).seq, 2);
});
