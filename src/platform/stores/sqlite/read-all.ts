/** Everything in a SQLite database as rows by table, for PostgreSQL to take in; and copies of the whole file. */

import type { DatabaseSync } from 'node:sqlite';

export interface ReadRow {
  readonly table: string;
  /** JSON text of an object by columns, in the words of PostgreSQL. */
  readonly row: string;
}

/** Columns that hold JSON as text, and are JSON there. */
const JSON_COLUMNS: { readonly [table: string]: readonly string[] } = {
  objects: ['body'],
  object_changes: ['before', 'after'],
};
/** Their last numbers become counters. */
const COUNTED = ['objects', 'trail', 'approvals', 'runs'];
/** Of the schema itself, or of the journal, which is folded before. */
const NOT_READ = ['schema_version', 'trail_segment', 'sqlite_sequence', ...COUNTED.map((topic) => `${topic}_seq`)];

/** `replicaId`: whose journals the trail was made of. Read in one transaction of the caller. */
export function* readAll(db: DatabaseSync, replicaId: string): Generator<ReadRow> {
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => String(name))
    .filter((name) => !NOT_READ.includes(name));
  for (const table of tables)
    for (const row of db.prepare(`SELECT * FROM ${table === 'trail_chain' ? 'trail_entry' : table}`).iterate())
      yield { table, row: toJson(table, table === 'trail' ? trailRow(row, replicaId) : row) };
  for (const topic of COUNTED) {
    const last = Number(db.prepare(`SELECT last FROM ${topic}_seq`).get()?.last ?? 0);
    yield { table: 'change_counter', row: JSON.stringify({ topic, last }) };
  }
  // Nobody has seen any of theirs.
  for (const topic of ['definitions', 'credentials'])
    yield { table: 'change_counter', row: JSON.stringify({ topic, last: 0 }) };
}

/** There all entries of the chain stand in a table of their own. */
function trailRow({ digest: _, ...row }: { readonly [column: string]: unknown }, replicaId: string) {
  return { ...row, replica_id: replicaId };
}

function toJson(table: string, row: { readonly [column: string]: unknown }): string {
  const parsed = JSON_COLUMNS[table] ?? [];
  const entries = Object.entries(row).map(([column, value]) =>
    parsed.includes(column) && typeof value === 'string' ? [column, JSON.parse(value) as unknown] : [column, value],
  );
  // What a text of PostgreSQL cannot hold.
  return JSON.stringify(Object.fromEntries(entries), (_, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('\0', '\ufffd') : value,
  );
}
