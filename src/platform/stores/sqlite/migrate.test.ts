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

test('a trail of before calls of models keeps its rows, which have no figures of models', () => {
  const db = new (loadSqlite().DatabaseSync)(':memory:');
  const before = MIGRATIONS.findIndex(({ name }) => name === 'trail-models');
  migrate(db, MIGRATIONS.slice(0, before), 1);
  db.exec(
    "INSERT INTO trail (seq, id, run_id, trace_id, at_ms, kind, surface, name) VALUES (1, 'x', 'r', 't', 1, 'tools.call', 'mcp', 'n')",
  );
  migrate(db, MIGRATIONS, 2);
  assert.deepEqual(
    { ...db.prepare('SELECT id, input_tokens, model FROM trail').get() },
    { id: 'x', input_tokens: null, model: null },
  );
});
