/** Finds the database section in a configuration file of which nothing else is needed. */

import { existsSync, readFileSync } from 'node:fs';
import type { ConfigProblem } from '../../contracts/config.ts';
import type { DatabaseConfig } from '../../contracts/config-sections.ts';
import { parseJsonc } from '../../lib/jsonc.ts';
import type { Environment } from './environment.ts';
import { loadConfig } from './load-config.ts';
import { nodeAt } from './report.ts';

/**
 * The database that a configuration file names, for commands that need nothing else of it; undefined: none, or no such file.
 * Only a file that has the section has to be without problems.
 */
export async function loadDatabase(options: {
  readonly file: string;
  readonly env: Environment;
}): Promise<{ readonly database: DatabaseConfig | undefined } | { readonly problems: readonly ConfigProblem[] }> {
  if (!existsSync(options.file) || !namesDatabase(options.file)) return { database: undefined };
  const result = await loadConfig(options);
  return result.ok ? { database: result.config.database } : { problems: result.problems };
}

function namesDatabase(file: string): boolean {
  try {
    return nodeAt(parseJsonc(readFileSync(file, 'utf8')), ['database']) !== undefined;
  } catch {
    // It is no configuration at all, as far as this can tell; whoever needs one will say so.
    return false;
  }
}
