import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usePostgres } from '../../../../test/support/postgres.ts';
import { migrate, readMigrationState } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { openDatabase } from './open-database.ts';
import { openForTest } from './testing/open-for-test.ts';

const { skip, server } = usePostgres();

const steps = [
  { name: 'one', sql: "CREATE TABLE t (a text); INSERT INTO t VALUES ('kept')" },
  { name: 'two', sql: 'ALTER TABLE t ADD COLUMN b text' },
];

test('replicas that start at once bring a database forward together, each step once, and rows stay', {
  skip,
}, async (t) => {
  const url = await server.newDatabase();
  const opened = Array.from({ length: 4 }, async () => {
    const database = await openDatabase({ url, schema: 'portcullis' }, { warn: () => undefined });
    t.after(() => database[Symbol.asyncDispose]());
    return database;
  });
  const replicas = await Promise.all(opened);
  const [first] = replicas;
  assert.ok(first);
  await migrate(first, steps.slice(0, 1), 1);
  assert.deepEqual(await readMigrationState(first, steps), { version: 1, missing: ['two'] });
  const applied = await Promise.all(replicas.map((database) => migrate(database, steps, 2)));
  assert.deepEqual(applied.flat(), ['two']);
  assert.deepEqual((await first.query('SELECT a, b FROM t')).rows, [{ a: 'kept', b: null }]);
  assert.deepEqual((await first.query('SELECT version, name, applied_at_ms FROM schema_version ORDER BY 1')).rows, [
    { version: 1, name: 'one', applied_at_ms: 1 },
    { version: 2, name: 'two', applied_at_ms: 2 },
  ]);
});

test('a step that fails changes nothing, and a database of a newer program is refused', { skip }, async (t) => {
  const database = await openForTest(t, await server.newDatabase());
  const all = [...MIGRATIONS, { name: 'good', sql: 'CREATE TABLE u (a int)' }, { name: 'bad', sql: 'NONSENSE' }];
  await assert.rejects(migrate(database, all, 1), /syntax error/);
  assert.deepEqual((await database.query("SELECT to_regclass('portcullis.u') AS name")).rows, [{ name: null }]);
  await assert.rejects(migrate(database, MIGRATIONS.slice(1), 1), /newer Portcullis/);
});

test('two gateways that are not one may share a database, each in its schema', { skip }, async (t) => {
  const url = await server.newDatabase();
  const a = await openForTest(t, url, 'team_a');
  const b = await openForTest(t, url, 'team_b');
  await a.query("UPDATE change_counter SET last = 7 WHERE topic = 'objects'");
  assert.deepEqual((await b.query("SELECT last FROM change_counter WHERE topic = 'objects'")).rows, [{ last: 0 }]);
});

test('a statement that takes too long is given up, and the connection is good for the next', { skip }, async (t) => {
  const url = await server.newDatabase();
  const database = await openDatabase(
    { url, schema: 'portcullis', poolSize: 1, statementTimeoutMs: 100 },
    { warn: () => undefined },
  );
  t.after(() => database[Symbol.asyncDispose]());
  await assert.rejects(
    database.transaction((query) => query('SELECT pg_sleep(30)')),
    /statement timeout/,
  );
  assert.deepEqual((await database.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
});
