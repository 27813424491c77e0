/** Everything in the database as lines of JSON, as it was at one moment; and back into an empty one. */

import { applySteps, migrate, remakeAt } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { type Database, listenerName, type Query } from './open-database.ts';

/** A row of a table: JSON text of an object by columns. */
export interface DumpedRow {
  readonly table: string;
  readonly row: string;
}

/** Rows of each table, by its name. */
export type RowCounts = { readonly [table: string]: number };

const MAX_PIECE_ROWS = 500;
/** Of rows read or written at once: a waiting script may be a megabyte, an entry of the ledger is some hundred bytes. In UTF-16 units. */
const MAX_PIECE_CHARS = 8_388_608;
/** Rows of a table nobody has seen yet. */
const FIRST_FETCH_ROWS = 8;
const TIMEOUT_MS = 3_600_000;
/** Of the schema itself, not of what is in it. */
const NOT_DUMPED = ['schema_version'];
/** Whoever restores over these loses something. The others hold figures that an empty database has, too. */
const PRECIOUS = [
  ...['objects', 'trail', 'definitions', 'server_credentials', 'suggestions', 'approvals', 'runs'],
  'code_states',
];

/** Hands every row to `take`, one consistent picture beside running gateways. */
export async function dump(database: Database, take: (row: DumpedRow) => void | Promise<void>): Promise<RowCounts> {
  return database.transaction(
    async (query) => {
      const counts: Record<string, number> = {};
      for (const { name: table } of await readTables(query, database.schema)) {
        counts[table] = 0;
        await query(`DECLARE dumped NO SCROLL CURSOR FOR SELECT row_to_json(t)::text AS row FROM ${table} t`);
        for (let wanted = FIRST_FETCH_ROWS; ; ) {
          const { rows } = await query(`FETCH ${wanted} FROM dumped`);
          let chars = 0;
          for (const { row } of rows) {
            const text = String(row);
            chars += text.length;
            await take({ table, row: text });
          }
          counts[table] += rows.length;
          if (rows.length < wanted) break;
          wanted = nextFetchRows(wanted, chars);
        }
        await query('CLOSE dumped');
      }
      return counts;
    },
    { isSnapshot: true, statementTimeoutMs: TIMEOUT_MS },
  );
}

/** Grows while rows are small: a piece of rows as long as the last ones stays within its bound. */
function nextFetchRows(rows: number, chars: number): number {
  const fitting = Math.floor((MAX_PIECE_CHARS * rows) / Math.max(1, chars));
  return Math.max(1, Math.min(MAX_PIECE_ROWS, rows * 4, fitting));
}

/** The version of the schema, of which a dump has to be told. */
export async function schemaVersionOf({ query }: Pick<Database, 'query'>): Promise<number> {
  const { rows } = await query('SELECT max(version) AS version FROM schema_version');
  return Number(rows[0]?.version);
}

export class NotEmpty extends Error {
  override readonly name = 'NotEmpty';
}

/**
 * Puts rows that were dumped at `version` of the schema into the database, all or none, and brings it forward. Returns what is
 * there then, which was counted anew. `replaces`: what was there is deleted. Throws NotEmpty.
 */
export async function load(
  database: Database,
  dumped: { readonly version: number; readonly rows: AsyncIterable<DumpedRow> | Iterable<DumpedRow> },
  options: { readonly replaces: boolean; readonly nowMs: number },
): Promise<RowCounts> {
  const { version } = dumped;
  if (!Number.isInteger(version) || version < 1) throw new Error('the backup does not say which schema version it has');
  if (version > MIGRATIONS.length)
    throw new Error(
      `the backup has schema version ${version}, this program knows ${MIGRATIONS.length}: it was made by a newer Portcullis; restore it with that one`,
    );
  await migrate(database, MIGRATIONS, options.nowMs);
  return database.transaction(
    async (query) => {
      let tables = await readTables(query, database.schema);
      await refuseWhileFollowed(query, database.schema);
      await query(`LOCK TABLE ${namesOf(tables)} IN ACCESS EXCLUSIVE MODE NOWAIT`);
      if (!options.replaces) await refuseUnlessEmpty(query);
      if (version < MIGRATIONS.length) {
        await remakeAt(query, database.schema, MIGRATIONS.slice(0, version), options.nowMs);
        tables = await readTables(query, database.schema);
      }
      const hasTrail = tables.some(({ name }) => name === 'trail');
      if (hasTrail) await query('ALTER TABLE trail DISABLE TRIGGER USER');
      await query(`TRUNCATE ${namesOf(tables)}`);
      const counts = await insertAll(query, tables, dumped.rows);
      if (hasTrail) await query('ALTER TABLE trail ENABLE TRIGGER USER');
      await moveIdentitiesOn(query, database.schema);
      for (const { name } of tables) {
        const { rows } = await query(`SELECT count(*) AS n FROM ${name}`);
        if (rows[0]?.n !== counts[name])
          throw new Error(`${name}: ${counts[name]} rows were read, ${rows[0]?.n} are there; nothing was changed`);
      }
      await applySteps(query, MIGRATIONS, version, options.nowMs);
      return counts;
    },
    { statementTimeoutMs: TIMEOUT_MS },
  );
}

interface Table {
  readonly name: string;
  readonly columns: ReadonlySet<string>;
}

async function readTables(query: Query, schema: string): Promise<readonly Table[]> {
  const { rows } = await query(
    `SELECT t.table_name AS name, array_agg(c.column_name::text) AS columns
     FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name)
     WHERE t.table_schema = $1 AND t.table_type = 'BASE TABLE' AND t.table_name <> ALL ($2) GROUP BY 1 ORDER BY 1`,
    [schema, NOT_DUMPED],
  );
  return rows.map(({ name, columns }) => ({ name: String(name), columns: new Set(columns as string[]) }));
}

/** What is written from now on gets numbers after those that were loaded. */
async function moveIdentitiesOn(query: Query, schema: string): Promise<void> {
  const { rows } = await query(
    `SELECT table_name AS name, column_name AS "column" FROM information_schema.columns
     WHERE table_schema = $1 AND is_identity = 'YES'`,
    [schema],
  );
  for (const { name, column } of rows)
    await query(
      `SELECT setval(pg_get_serial_sequence('${name}', '${column}'), (SELECT coalesce(max("${column}"), 0) + 1 FROM ${name}), false)`,
    );
}

function namesOf(tables: readonly Table[]): string {
  return tables.map(({ name }) => name).join(', ');
}

/** A gateway that is running would not notice that everything is another now. */
async function refuseWhileFollowed(query: Query, schema: string): Promise<void> {
  const { rows } = await query(
    'SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1',
    [listenerName(schema)],
  );
  if (rows[0]?.n !== 0) throw new Error(`${rows[0]?.n} gateways or commands are using the database: stop them first`);
}

async function refuseUnlessEmpty(query: Query): Promise<void> {
  for (const table of PRECIOUS) {
    const { rows } = await query(`SELECT 1 FROM ${table} LIMIT 1`);
    if (rows.length > 0) throw new NotEmpty(`there is something in the database already (table ${table})`);
  }
}

async function insertAll(
  query: Query,
  tables: readonly Table[],
  rows: AsyncIterable<DumpedRow> | Iterable<DumpedRow>,
): Promise<RowCounts> {
  const counts: Record<string, number> = Object.fromEntries(tables.map(({ name }) => [name, 0]));
  let piece: string[] = [];
  let chars = 0;
  let table: Table | undefined;
  const flush = async (): Promise<void> => {
    if (table === undefined || piece.length === 0) return;
    const { name, columns } = table;
    const list = [...columns].join(', ');
    await query(
      `INSERT INTO ${name} (${list}) OVERRIDING SYSTEM VALUE SELECT ${list} FROM json_populate_recordset(NULL::${name}, $1::json)`,
      [`[${piece.join(',')}]`],
    );
    counts[name] = (counts[name] ?? 0) + piece.length;
    piece = [];
    chars = 0;
  };
  for await (const { table: name, row } of rows) {
    if (name !== table?.name) {
      await flush();
      table = tables.find((each) => each.name === name);
      if (table === undefined) throw new Error(`there is no table ${name}`);
    }
    if (chars + row.length > MAX_PIECE_CHARS) await flush();
    piece.push(row);
    chars += row.length;
    if (piece.length === MAX_PIECE_ROWS) await flush();
  }
  await flush();
  return counts;
}
