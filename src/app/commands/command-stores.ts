/** The stores that a command works on without a gateway: those of the data folder, or of the database the configuration names. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Log } from '../../contracts/log.ts';
import { readEnvironment } from '../../platform/config/environment.ts';
import { loadDatabase } from '../../platform/config/load-database.ts';
import { renderProblems } from '../../platform/config/render-problems.ts';
import { createLog } from '../../platform/telemetry/log.ts';
import { openStores, type Stores } from '../open-stores.ts';
import { CommandError, EXIT, messageOf } from './command-error.ts';
import { type DataOptions, DEFAULT_CONFIG, requireDataDir, resolveDataDir } from './shared-options.ts';

/** What goes wrong a command says by itself. */
export function commandLog(): Log {
  return createLog({ level: 'error', write: (line) => process.stderr.write(`${line}\n`) });
}

/** Opens them for `use`, and closes them. Without `mayCreate` the data folder must exist, unless everything is in a database. */
export async function withStores<T>(
  options: DataOptions,
  use: (stores: Stores) => Promise<T>,
  { mayCreate = false }: { readonly mayCreate?: boolean } = {},
): Promise<T> {
  const stores = await openCommandStores(options, mayCreate);
  try {
    return await use(stores);
  } finally {
    await stores[Symbol.asyncDispose]();
  }
}

async function openCommandStores(options: DataOptions, mayCreate: boolean): Promise<Stores> {
  const file = resolve(options.config ?? DEFAULT_CONFIG);
  const found = await loadDatabase({ file, env: readEnvironment() });
  if ('problems' in found)
    throw new CommandError(
      EXIT.failed,
      `${file} names a database, but is not valid\n${renderProblems(found.problems, file)}`,
      existsSync(file) ? 'Mend it, or name another file with --config.' : undefined,
    );
  const { database } = found;
  const dataDir = mayCreate || database !== undefined ? resolveDataDir(options) : requireDataDir(options);
  try {
    return await openStores({ dataDir, database, log: commandLog() });
  } catch (error) {
    throw new CommandError(EXIT.failed, messageOf(error), database && `It is named in ${file}, section "database".`);
  }
}
