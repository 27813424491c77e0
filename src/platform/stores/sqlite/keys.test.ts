import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { KeyStore } from '../../../contracts/caller.ts';
import { openKeyStore } from './keys.ts';

const run = promisify(execFile);
const grant = { allow: ['files', 'tool:git__*'], deny: ['files/write_*'], toolsets: ['triage'] };

function freshDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-keys-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'data');
}

function open(t: TestContext, dataDir: string): KeyStore {
  const store = openKeyStore({ dataDir });
  t.after(() => store[Symbol.dispose]());
  return store;
}

test('a created key is listed as it was made, also after reopening', (t) => {
  const dataDir = freshDir(t);
  const store = open(t, dataDir);
  const { record, secret } = store.create({ name: 'ci', grant, expiresAtMs: 99 }, 5);
  assert.match(secret, /^pck_[A-Za-z0-9_-]{43}$/);
  assert.equal(record.prefix, secret.slice(0, 8));
  assert.equal(record.hash, createHash('sha256').update(secret).digest('hex'));
  assert.deepEqual(
    { ...record, id: '', prefix: '', hash: '' },
    {
      id: '',
      name: 'ci',
      prefix: '',
      hash: '',
      grant,
      createdAtMs: 5,
      expiresAtMs: 99,
      revokedAtMs: undefined,
      source: 'store',
    },
  );
  store[Symbol.dispose]();
  assert.deepEqual(open(t, dataDir).list(), [record]);
});

test('no file of the store holds the secret, and only the owner may read them', (t) => {
  const dataDir = freshDir(t);
  const { secret } = open(t, dataDir).create({ name: 'a', grant }, 1);
  assert.equal(statSync(dataDir).mode & 0o777, 0o700);
  const files = readdirSync(dataDir);
  assert.ok(files.includes('portcullis.db'));
  for (const file of files) {
    assert.equal(statSync(join(dataDir, file)).mode & 0o777, 0o600, file);
    assert.ok(!readFileSync(join(dataDir, file)).includes(secret.slice(8)), file);
  }
});

test('a key is revoked by id, name or prefix, and stays revoked', (t) => {
  const store = open(t, freshDir(t));
  const [a, b, c] = ['a', 'b', 'c'].map((name) => store.create({ name, grant }, 1).record);
  assert.equal(store.revoke(a?.id ?? '', 10)?.revokedAtMs, 10);
  assert.equal(store.revoke('b', 11)?.id, b?.id);
  assert.equal(store.revoke(c?.prefix ?? '', 12)?.id, c?.id);
  assert.equal(store.revoke('b', 50)?.revokedAtMs, 11);
  assert.deepEqual(
    store.list().map((key) => key.revokedAtMs),
    [10, 11, 12],
  );
  assert.equal(store.revoke('nobody', 1), undefined);
});

test('a name that several living keys have is refused; a revoked namesake does not count', (t) => {
  const store = open(t, freshDir(t));
  const first = store.create({ name: 'x', grant }, 1).record;
  const second = store.create({ name: 'x', grant }, 2).record;
  assert.throws(() => store.revoke('x', 3), RangeError);
  assert.ok(store.list().every((key) => key.revokedAtMs === undefined));
  store.revoke(first.id, 3);
  assert.equal(store.revoke('x', 4)?.id, second.id);
});

test('the version changes when another process changes a key, and not otherwise', async (t) => {
  const dataDir = freshDir(t);
  const store = open(t, dataDir);
  const before = store.version();
  store.list();
  assert.equal(store.version(), before);
  await run(process.execPath, [join(import.meta.dirname, 'testing/create-keys.ts'), dataDir, 'other', '1']);
  const after = store.version();
  assert.notEqual(after, before);
  assert.equal(store.list().length, 1);
  store.revoke('other-0', 1);
  assert.notEqual(store.version(), after);
});

test('several processes may create the store and write to it at once', async (t) => {
  const dataDir = freshDir(t);
  const script = join(import.meta.dirname, 'testing/create-keys.ts');
  const outputs = await Promise.all(
    ['a', 'b', 'c', 'd'].map((name) => run(process.execPath, [script, dataDir, name, '50'])),
  );
  assert.equal(
    new Set(
      open(t, dataDir)
        .list()
        .map((key) => key.name),
    ).size,
    200,
  );
  // On Node 22 loading SQLite would print a warning.
  assert.deepEqual(
    outputs.map(({ stdout, stderr }) => stdout + stderr),
    ['', '', '', ''],
  );
});
