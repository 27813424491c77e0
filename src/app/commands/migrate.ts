/** `portcullis migrate`: shows how far the database is, brings it forward, and moves from SQLite to PostgreSQL. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { DatabaseConfig } from '../../contracts/config-sections.ts';
import { migrate, readMigrationState } from '../../platform/stores/postgres/migrate.ts';
import { MIGRATIONS } from '../../platform/stores/postgres/migrations.ts';
import { type Database, openDatabase } from '../../platform/stores/postgres/open-database.ts';
import { newerSchema, readSchemaVersion } from '../../platform/stores/sqlite/migrate.ts';
import { MIGRATIONS as SQLITE_MIGRATIONS } from '../../platform/stores/sqlite/migrations.ts';
import { explainDamage, openDatabase as openSqlite } from '../../platform/stores/sqlite/open-database.ts';
import { openStore } from '../../platform/stores/sqlite/open-store.ts';
import { copyDataDir } from '../transfer.ts';
import { CommandError, EXIT } from './command-error.ts';
import { commandLog, findDatabase, findTrailKeys } from './command-stores.ts';
import { explainTransfer, printCounts } from './render-counts.ts';
import { type DataOptions, requireDataDir, withDataOptions } from './shared-options.ts';
import { print, printJson, printNote } from './terminal.ts';

interface MigrateOptions extends DataOptions {
  readonly check?: boolean;
  readonly fromData?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

interface State {
  readonly engine: 'PostgreSQL' | 'SQLite';
  readonly version: number;
  readonly missing: readonly string[];
}

async function runMigrate(options: MigrateOptions): Promise<void> {
  const config = await findDatabase(options);
  if (options.fromData !== undefined) return runCopy(resolve(options.fromData), config, options);
  const state = config === undefined ? migrateLocal(options) : await migrateShared(config, options);
  if (options.json) printJson({ ...state, applied: options.check ? [] : state.missing });
  else if (state.missing.length === 0) print(`${state.engine}: version ${state.version}, nothing to do`);
  else {
    print(
      `${state.engine}: version ${state.version}, ${options.check ? 'to do' : 'done'}: ${state.missing.join(', ')}`,
    );
    if (options.check) printNote('`portcullis migrate`, or the next start of a gateway, does it.');
  }
  if (options.check && state.missing.length > 0) process.exitCode = EXIT.failed;
}

async function migrateShared(config: DatabaseConfig, { check }: MigrateOptions): Promise<State> {
  return withDatabase(config, async (database) => {
    const state = await readMigrationState(database, MIGRATIONS);
    if (!check) await migrate(database, MIGRATIONS, Date.now());
    return { engine: 'PostgreSQL', ...state };
  });
}

function migrateLocal(options: MigrateOptions): State {
  const dataDir = requireDataDir(options);
  const file = join(dataDir, 'portcullis.db');
  let version = 0;
  if (existsSync(file)) {
    const db = openSqlite(file);
    try {
      version = readSchemaVersion(db);
    } catch (error) {
      throw explainDamage(file, error);
    } finally {
      db.close();
    }
  }
  if (version > SQLITE_MIGRATIONS.length) throw newerSchema(version, SQLITE_MIGRATIONS.length);
  const state = {
    engine: 'SQLite',
    version,
    missing: SQLITE_MIGRATIONS.slice(version).map(({ name }) => name),
  } as const;
  if (!options.check) openStore(dataDir).close();
  return state;
}

async function runCopy(dataDir: string, config: DatabaseConfig | undefined, options: MigrateOptions): Promise<void> {
  if (config === undefined)
    throw new CommandError(
      EXIT.usage,
      'there is no PostgreSQL to move to',
      'Name one in the configuration file, section "database".',
    );
  if (!existsSync(join(dataDir, 'portcullis.db')))
    throw new CommandError(EXIT.failed, `there is nothing in ${dataDir}`);
  const keys = await findTrailKeys(options, dataDir);
  const counts = await withDatabase(config, (database) =>
    copyDataDir(dataDir, database, { replaces: options.force ?? false, nowMs: Date.now(), keys }).catch(
      explainTransfer,
    ),
  );
  if (options.json) printJson(counts);
  else printCounts(counts);
  printNote(`Everything of ${dataDir} is in PostgreSQL, each row counted there. The folder was left as it is.`);
}

async function withDatabase<T>(config: DatabaseConfig, use: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase({ ...config, url: config.url.open() }, commandLog());
  try {
    return await use(database);
  } finally {
    await database[Symbol.asyncDispose]();
  }
}

/** Adds the command. */
export function migrateCommand(program: Command): void {
  withDataOptions(program.command('migrate'))
    .description('Bring the database forward, or move from SQLite to PostgreSQL')
    .option('--check', 'only show what is missing; exit code 1 if something is')
    .option('--from-data <dir>', 'copy everything of this data folder (SQLite) into the empty PostgreSQL database')
    .option('--force', 'with --from-data: even if the database is not empty; what is there is deleted')
    .option('--json', 'print as one JSON object')
    .action(runMigrate);
}
