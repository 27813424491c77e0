import assert from 'node:assert/strict';
import type { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { loadSqlite } from './open-database.ts';

/** Tables that hold figures of the program's own, with one row from the beginning. */
const COUNTERS = /_version$|_seq$|^sqlite_|^spend_rows_gone$/;
/** Sums that triggers keep; a row of them comes from a row of the trail. */
const SUMS = /^spend/;
const PRICE = 70;
/** What a column has to hold to mean something. */
const VALUES: { readonly [column: string]: string | number | null } = {
  allow_json: '["files"]',
  deny_json: '["files/write"]',
  toolsets_json: '["triage"]',
  limits_json:
    '{"requests":[{"max":5,"per":"minute"}],"tokens":[],"toolCalls":[],"budgets":[{"maxMicroUsd":1500000,"per":"day","timeZone":"UTC"}]}',
  findings_json: '[]',
  hash: 'ab'.repeat(32),
  key_id: 'key_1',
  // Set when the row is there: new rows do not come with their sums in every version.
  price_micro_usd: null,
  at_ms: 1_000_000,
  body: '{"name":"x"}',
  kind: 'team',
  deleted: 0,
};

interface Column {
  readonly name: string;
  readonly type: string;
}

const tablesOf = (db: DatabaseSync): string[] =>
  db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map(({ name }) => String(name))
    .filter((name) => !COUNTERS.test(name));

const columnsOf = (db: DatabaseSync, table: string): Column[] =>
  db
    .prepare(`SELECT name, type FROM pragma_table_info('${table}')`)
    .all()
    .map(({ name, type }) => ({ name: String(name), type: String(type) }));

/** A row that has something in every column. */
function fill(db: DatabaseSync, table: string): { readonly [column: string]: unknown } {
  const columns = columnsOf(db, table);
  const values = columns.map(({ name, type }, place) =>
    name in VALUES ? (VALUES[name] ?? null) : type === 'TEXT' ? `${table}.${name}` : place + 3,
  );
  const marks = columns.map(() => '?').join(', ');
  db.prepare(`INSERT INTO ${table} VALUES (${marks})`).run(...values);
  if (!columns.some(({ name }) => name === 'price_micro_usd'))
    return Object.fromEntries(columns.map(({ name }, at) => [name, values[at]]));
  db.prepare(`UPDATE ${table} SET price_micro_usd = ?`).run(PRICE);
  return Object.fromEntries(columns.map(({ name }, at) => [name, name === 'price_micro_usd' ? PRICE : values[at]]));
}

for (const [index, { name }] of MIGRATIONS.entries()) {
  test(`a database of version ${index + 1} (${name}) comes to the newest one with everything in it`, () => {
    const db = new (loadSqlite().DatabaseSync)(':memory:');
    migrate(db, MIGRATIONS.slice(0, index + 1), 1);
    const before = new Map(
      tablesOf(db)
        .filter((table) => !SUMS.test(table))
        .map((table) => [table, fill(db, table)]),
    );
    migrate(db, MIGRATIONS, 2);

    const after = tablesOf(db);
    const moved: string[] = [];
    for (const [table, row] of before) {
      if (!after.includes(table)) {
        moved.push(table);
        continue;
      }
      const columns = columnsOf(db, table).map((column) => column.name);
      const kept = Object.entries(row).filter(([column]) => columns.includes(column));
      assert.equal(kept.length, Object.keys(row).length, `${table} lost a column`);
      const found = db.prepare(`SELECT * FROM ${table}`).all();
      assert.ok(
        found.some((each) => kept.every(([column, value]) => each[column] === value)),
        `${table} lost its row`,
      );
    }
    // The only table that ever went away: keys are objects now.
    assert.deepEqual(moved, before.has('keys') ? ['keys'] : []);
    const key = before.get('keys');
    if (key !== undefined) {
      const body = JSON.parse(String(db.prepare("SELECT body FROM objects WHERE kind = 'key'").get()?.body));
      assert.equal(body.name, key.name);
      assert.deepEqual(body.grant.allow, ['files']);
      assert.deepEqual(body.grant.deny, ['files/write']);
      assert.deepEqual(body.grant.toolsets, 'toolsets_json' in key ? ['triage'] : []);
      assert.equal(body.secrets[0].hash, key.hash);
      assert.equal(body.revokedAtMs, key.revoked_at_ms);
      assert.equal(body.limits?.budgets[0].maxUsd, 'limits_json' in key ? 1.5 : undefined);
    }
    const priced = before.get('trail')?.price_micro_usd;
    if (priced !== undefined) {
      const [sums] = tablesOf(db).filter((table) => /^spend(_by_level)?$/.test(table));
      const ofKeys = sums === 'spend_by_level' ? " WHERE level_type = 'key'" : '';
      assert.equal(db.prepare(`SELECT sum(micro_usd) AS spent FROM ${sums}${ofKeys}`).get()?.spent, priced);
    }
  });
}
