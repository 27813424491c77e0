/** The stores that a command works on without a gateway: those of the data folder, or of the database the configuration names. */

import { resolve } from 'node:path';
import type { DatabaseConfig } from '../../contracts/config-sections.ts';
import type { Log } from '../../contracts/log.ts';
import type { SealKeys } from '../../contracts/sealing.ts';
import { readEnvironment } from '../../platform/config/environment.ts';
import { loadDatabase } from '../../platform/config/load-database.ts';
import { renderProblems } from '../../platform/config/render-problems.ts';
import { openSealing } from '../../platform/sealing/open-sealing.ts';
import { createLog } from '../../platform/telemetry/log.ts';
import { openStores, type Stores } from '../open-stores.ts';
import { CommandError, EXIT, messageOf } from './command-error.ts';
import { readSealingConfig } from './open-command-sealing.ts';
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

/** The database that the configuration names; undefined: none. Throws CommandError. */
export async function findDatabase(options: DataOptions): Promise<DatabaseConfig | undefined> {
  const file = configFile(options);
  const found = await loadDatabase({ file, env: readEnvironment() });
  if (!('problems' in found)) return found.database;
  throw new CommandError(
    EXIT.failed,
    `${file} names a database, but is not valid\n${renderProblems(found.problems, file)}`,
    'Mend it, or name another file with --config.',
  );
}

/** What the gateway signs the trail with; undefined: it cannot be had here. */
export async function findTrailKeys(
  options: DataOptions,
  dataDir: string,
  isShared = false,
): Promise<SealKeys | undefined> {
  try {
    const config = await readSealingConfig(options);
    return openSealing({ dataDir, config, isShared, makesNoKey: true }).forTrail;
  } catch {
    // Reading needs none; whoever has to write says what is missing.
    return undefined;
  }
}

const configFile = (options: DataOptions): string => resolve(options.config ?? DEFAULT_CONFIG);

async function openCommandStores(options: DataOptions, mayCreate: boolean): Promise<Stores> {
  const database = await findDatabase(options);
  const dataDir = mayCreate || database !== undefined ? resolveDataDir(options) : requireDataDir(options);
  try {
    const trailKeys = () => findTrailKeys(options, dataDir, database !== undefined);
    return await openStores({ dataDir, database, log: commandLog(), trailKeys });
  } catch (error) {
    throw new CommandError(
      EXIT.failed,
      messageOf(error),
      database && `It is named in ${configFile(options)}, section "database".`,
    );
  }
}
