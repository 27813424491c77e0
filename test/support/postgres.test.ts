import assert from 'node:assert/strict';
import { test } from 'node:test';
import { query, startPostgres, withoutPostgres } from './postgres.ts';

test('a database is empty at first, and still there after its server broke off and came back', {
  skip: withoutPostgres(),
}, async (t) => {
  const server = await startPostgres(t);
  const url = await server.newDatabase();
  await query(url, 'CREATE TABLE t (a int)');
  await query(url, 'INSERT INTO t VALUES ($1)', [7]);
  await server.stop();
  await assert.rejects(query(url, 'SELECT 1'));
  await server.start();
  assert.deepEqual(await query(url, 'SELECT a FROM t'), [{ a: 7 }]);
  assert.deepEqual(await query(await server.newDatabase(), "SELECT 1 FROM pg_tables WHERE schemaname = 'public'"), []);
});
