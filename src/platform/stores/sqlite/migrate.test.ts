import assert from 'node:assert/strict';
import { test } from 'node:test';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { loadSqlite } from './open-database.ts';

const steps = [
  { name: 'one', sql: 'CREATE TABLE t (a TEXT); INSERT INTO t VALUES (1)' },
  { name: 'two', sql: 'ALTER TABLE t ADD COLUMN b TEXT' },
];

test('a database of an earlier version gets only the steps it lacks and keeps its rows', () => {
  const db = new (loadSqlite().DatabaseSync)(':memory:');
  migrate(db, steps.slice(0, 1), 1);
  migrate(db, steps, 2);
  migrate(db, steps, 3);
  assert.deepEqual(
    db
      .prepare('SELECT a, b FROM t')
      .all()
      .map((row) => ({ ...row })),
    [{ a: '1', b: null }],
  );
  assert.deepEqual(
    db
      .prepare('SELECT version, name, applied_at_ms AS at FROM schema_version')
      .all()
      .map((row) => ({ ...row })),
    [
      { version: 1, name: 'one', at: 1 },
      { version: 2, name: 'two', at: 2 },
    ],
  );
});

test('a step that fails changes nothing', () => {
  const db = new (loadSqlite().DatabaseSync)(':memory:');
  assert.throws(() => migrate(db, [...steps, { name: 'bad', sql: 'CREATE TABLE u (a); NONSENSE' }], 1));
  assert.deepEqual(db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all(), []);
});

test('a database of a newer program is refused and left alone', () => {
  const db = new (loadSqlite().DatabaseSync)(':memory:');
  migrate(db, steps, 1);
  assert.throws(() => migrate(db, steps.slice(0, 1), 1), /newer Portcullis/);
});

test('the steps of portcullis.db apply', () => {
  const db = new (loadSqlite().DatabaseSync)(':memory:');
  migrate(db, MIGRATIONS, 1);
  assert.equal(db.prepare('SELECT count(*) AS n FROM trail').get()?.n, 0);
});
