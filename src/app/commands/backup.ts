/** `portcullis backup` and `portcullis restore`: everything that is stored, in one file. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  backUpDataDir,
  backUpPostgres,
  kindOfBackup,
  restoreDataDir,
  restoreIntoPostgres,
  restorePostgres,
} from '../transfer.ts';
import { CommandError, EXIT } from './command-error.ts';
import { findTrailKeys, withStores } from './command-stores.ts';
import { explainTransfer, printCounts } from './render-counts.ts';
import { type DataOptions, resolveDataDir, withDataOptions } from './shared-options.ts';
import { print, printNote } from './terminal.ts';

interface RestoreOptions extends DataOptions {
  readonly force?: boolean;
}

const ABOUT_KEYS = `Keys of callers are in it as hashes, tokens of servers sealed. What opens the seals is not in it: keep the file
seal.key of the data folder, or the master key, in another safe place.`;

async function runBackup(target: string, options: DataOptions): Promise<void> {
  const file = resolve(target);
  if (existsSync(file)) throw new CommandError(EXIT.failed, `${file} is there already`, 'Name a file that is not.');
  await withStores(options, async ({ database }) => {
    if (database === undefined) {
      const dataDir = resolveDataDir(options);
      backUpDataDir(dataDir, file, await findTrailKeys(options, dataDir));
    } else printCounts(await backUpPostgres(database, file, Date.now()));
  }).catch((error: unknown) => {
    if (error instanceof CommandError) throw error;
    explainTransfer(error);
  });
  print(file);
  printNote(ABOUT_KEYS);
}

async function runRestore(source: string, options: RestoreOptions): Promise<void> {
  const file = resolve(source);
  if (!existsSync(file)) throw new CommandError(EXIT.failed, `there is no file ${file}`);
  const kind = kindOfBackup(file);
  if (kind === undefined) throw new CommandError(EXIT.failed, `${file} is no backup of Portcullis`);
  const replaces = options.force ?? false;
  await withStores(
    options,
    async ({ database }) => {
      const how = { replaces, nowMs: Date.now() };
      if (database !== undefined)
        printCounts(
          await (kind === 'sqlite' ? restoreIntoPostgres(file, database, how) : restorePostgres(database, file, how)),
        );
      else if (kind === 'sqlite') restoreDataDir(resolveDataDir(options), file, replaces);
      else
        throw new CommandError(
          EXIT.failed,
          'a backup of PostgreSQL cannot be put into SQLite',
          'Name a database in the configuration file, section "database".',
        );
    },
    { mayCreate: true },
  ).catch((error: unknown) => {
    if (error instanceof CommandError) throw error;
    explainTransfer(error);
  });
  printNote('Restored. Gateways have to be started anew.');
}

/** Adds both commands. */
export function backupCommand(program: Command): void {
  withDataOptions(program.command('backup <file>'))
    .description('Write everything that is stored into one file, beside running gateways')
    .action(runBackup);
  withDataOptions(program.command('restore <file>'))
    .description('Put a backup back, while no gateway runs')
    .option('--force', 'even if something is there; it is deleted')
    .action(runRestore);
}
