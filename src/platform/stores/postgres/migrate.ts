/** Brings a database to the newest schema, forwards only, whichever of several replicas comes first. */

import type { Database, Query } from './open-database.ts';

/** One step forward. Its place in the list is its version; a step that was ever released is never changed. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

export interface MigrationState {
  /** Steps applied; 0: the database is empty. */
  readonly version: number;
  /** Names of the steps it lacks. */
  readonly missing: readonly string[];
}

/** A step may have to rewrite large tables. */
const STEP_TIMEOUT_MS = 600_000;

const VERSIONS =
  'CREATE TABLE IF NOT EXISTS schema_version (version int PRIMARY KEY, name text NOT NULL, applied_at_ms bigint NOT NULL)';

/** Throws if the database was made by a newer version of the program. */
export async function readMigrationState(
  { schema, query }: Pick<Database, 'schema' | 'query'>,
  migrations: readonly Migration[],
): Promise<MigrationState> {
  const version = await readVersion(query, schema);
  if (version > migrations.length)
    throw new Error(
      `the database has schema version ${version}, this program knows ${migrations.length}: it was used by a newer Portcullis; run that one, or restore a backup from before`,
    );
  return { version, missing: migrations.slice(version).map(({ name }) => name) };
}

/** Applies what is missing, all in one transaction; others wait meanwhile. Returns what was applied. */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
  nowMs: number,
): Promise<readonly string[]> {
  if ((await readMigrationState(database, migrations)).missing.length === 0) return [];
  return database.transaction(
    async (query) => {
      await query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`portcullis/${database.schema}/migrate`]);
      await query(`CREATE SCHEMA IF NOT EXISTS ${database.schema}`);
      await query(VERSIONS);
      const { version, missing } = await readMigrationState({ schema: database.schema, query }, migrations);
      await applySteps(query, migrations, version, nowMs);
      return missing;
    },
    { statementTimeoutMs: STEP_TIMEOUT_MS },
  );
}

/** Within the caller's transaction: the steps after `version`. */
export async function applySteps(
  query: Query,
  migrations: readonly Migration[],
  version: number,
  nowMs: number,
): Promise<void> {
  for (const [index, { name, sql }] of migrations.slice(version).entries()) {
    await query(sql);
    await query('INSERT INTO schema_version VALUES ($1, $2, $3)', [version + index + 1, name, nowMs]);
  }
}

/** Within the caller's transaction: takes away everything in the schema, and makes it as it was at `version`, empty. */
export async function remakeAt(
  query: Query,
  schema: string,
  migrations: readonly Migration[],
  nowMs: number,
): Promise<void> {
  const { rows: tables } = await query(
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = $1",
    [schema],
  );
  for (const { name } of tables) await query(`DROP TABLE ${name} CASCADE`);
  // Not those of extensions that were put into the same schema.
  const { rows: functions } = await query(
    `SELECT p.oid::regprocedure::text AS name FROM pg_proc p WHERE p.pronamespace = $1::regnamespace
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')`,
    [schema],
  );
  for (const { name } of functions) await query(`DROP FUNCTION ${name}`);
  await query(VERSIONS);
  await applySteps(query, migrations, 0, nowMs);
}

async function readVersion(query: Query, schema: string): Promise<number> {
  const table = await query('SELECT to_regclass($1) AS name', [`${schema}.schema_version`]);
  if (table.rows[0]?.name === null) return 0;
  const { rows } = await query('SELECT coalesce(max(version), 0) AS version FROM schema_version');
  return Number(rows[0]?.version);
}
