import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usePostgres } from '../../../../test/support/postgres.ts';
import { type DumpedRow, dump, load, schemaVersionOf } from './dump.ts';
import { migrate, readMigrationState } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { openDatabase } from './open-database.ts';
import { openForTest } from './testing/open-for-test.ts';

const { skip, server } = usePostgres();

const KEEP = { replaces: false, nowMs: 1 };
const COUNTED = "INSERT INTO change_counter VALUES ('test', 7)";

test('what was dumped at any version of the schema comes back, brought forward; what was there stays out of it', {
  skip,
  timeout: 60_000,
}, async (t) => {
  const target = await openForTest(t, await server.newDatabase());
  for (let version = 1; version <= MIGRATIONS.length; version++) {
    const url = await server.newDatabase();
    const source = await openDatabase({ url, schema: 'portcullis' }, { warn: () => undefined });
    t.after(() => source[Symbol.asyncDispose]());
    await migrate(source, MIGRATIONS.slice(0, version), 1);
    await source.query(COUNTED);
    const rows: DumpedRow[] = [];
    const counts = await dump(source, (row) => void rows.push(row));
    assert.equal(await schemaVersionOf(source), version);
    await target.query("UPDATE change_counter SET last = 99 WHERE topic = 'test'");
    assert.deepEqual(await load(target, { version, rows }, { ...KEEP, replaces: true }), counts);
    assert.deepEqual((await target.query("SELECT last FROM change_counter WHERE topic = 'test'")).rows, [{ last: 7 }]);
    assert.deepEqual((await readMigrationState(target, MIGRATIONS)).missing, []);
    // Tables, triggers and functions are those of the newest schema.
    await target.query(`INSERT INTO trail (id, seq, replica_id, run_id, trace_id, kind, surface, name, at_ms, key_id, price_micro_usd)
      VALUES ('new', 1, 'r', 'r', 't', 'tools.call', 'mcp', 'x', 5, 'k', 10)`);
    assert.deepEqual((await target.query("SELECT micro_usd FROM spend_by_level WHERE level_id = 'k'")).rows, [
      { micro_usd: 10 },
    ]);
    await target.query('SELECT limit_now()');
  }
});

test('a backup of a newer program, and one that is broken, change nothing and say why', { skip }, async (t) => {
  const target = await openForTest(t, await server.newDatabase());
  await target.query(COUNTED);
  const replacing = { ...KEEP, replaces: true };
  await assert.rejects(load(target, { version: MIGRATIONS.length + 1, rows: [] }, replacing), /newer Portcullis/);
  await assert.rejects(load(target, { version: Number.NaN, rows: [] }, replacing), /does not say which schema/);
  const broken = [{ table: 'accounts_of_mars', row: '{}' }];
  await assert.rejects(load(target, { version: 1, rows: broken }, replacing), /no table accounts_of_mars/);
  assert.deepEqual((await target.query("SELECT last FROM change_counter WHERE topic = 'test'")).rows, [{ last: 7 }]);
  assert.deepEqual((await readMigrationState(target, MIGRATIONS)).missing, []);
});
