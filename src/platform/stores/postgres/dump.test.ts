import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usePostgres } from '../../../../test/support/postgres.ts';
import { type DumpedRow, dump, load, schemaVersionOf } from './dump.ts';
import { migrate, readMigrationState } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { type Database, openDatabase } from './open-database.ts';
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

test('rows are read and written in pieces of some megabytes, however long each is', {
  skip,
  timeout: 60_000,
}, async (t) => {
  const source = await openForTest(t, await server.newDatabase());
  const longChars = 1_000_000;
  await source.query(
    `INSERT INTO code_states (id, kind, key_id, sealed, expires_at_ms)
     SELECT 's' || n, 'session', 'k', repeat('x', CASE WHEN n % 2 = 0 THEN ${longChars} ELSE 10 END), 9 FROM generate_series(1, 60) n`,
  );
  const rows: DumpedRow[] = [];
  const pieces: number[] = [];
  type CharsOf = (rows: readonly object[], values: readonly unknown[]) => number;
  const counting = (database: Database, charsOf: CharsOf): Database => ({
    ...database,
    transaction: (work, options) =>
      database.transaction(
        (query) =>
          work(async (sql, values = []) => {
            const answer = await query(sql, values);
            pieces.push(charsOf(answer.rows, values));
            return answer;
          }),
        options,
      ),
  });
  const counts = await dump(
    counting(source, (answer) => JSON.stringify(answer).length),
    (row) => void rows.push(row),
  );
  assert.equal(counts.code_states, 60);
  assert.ok(Math.max(...pieces) < 17 * longChars, `read ${Math.max(...pieces)} at once`);
  pieces.length = 0;

  const target = await openForTest(t, await server.newDatabase());
  const loaded = await load(
    counting(target, (_, [text]) => (typeof text === 'string' ? text.length : 0)),
    { version: MIGRATIONS.length, rows },
    KEEP,
  );
  assert.deepEqual(loaded, counts);
  assert.ok(Math.max(...pieces) < 10 * longChars, `wrote ${Math.max(...pieces)} at once`);
  await assert.rejects(load(target, { version: MIGRATIONS.length, rows }, KEEP), /table code_states/);
});
