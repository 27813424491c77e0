import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { restoreDatabase } from './backup.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { loadSqlite, openDatabase } from './open-database.ts';
import { openStore } from './open-store.ts';

function freshDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-backup-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const versionIn = (dataDir: string): unknown => {
  const db = openStore(dataDir);
  try {
    return db.prepare('SELECT max(version) AS version FROM schema_version').get()?.version;
  } finally {
    db.close();
  }
};

test('a backup of any version of the schema is restored and brought forward', (t) => {
  for (let version = 1; version <= MIGRATIONS.length; version++) {
    const dir = freshDir(t);
    const file = join(dir, 'old.db');
    const old = new (loadSqlite().DatabaseSync)(file);
    migrate(old, MIGRATIONS.slice(0, version), 1);
    old.close();
    restoreDatabase(dir, file);
    assert.equal(versionIn(dir), MIGRATIONS.length);
  }
});

test('a backup of a newer program is refused, and what was there stays', (t) => {
  const dir = freshDir(t);
  openStore(dir).close();
  const file = join(dir, 'new.db');
  const db = openDatabase(file);
  migrate(db, [...MIGRATIONS, { name: 'later', sql: 'CREATE TABLE later (a)' }], 1);
  db.close();
  assert.throws(() => restoreDatabase(dir, file), /newer Portcullis/);
  assert.equal(versionIn(dir), MIGRATIONS.length);
});
