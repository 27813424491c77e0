/** The keys over what is stored, as a command beside the gateway gets them: from the same file and the same environment. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SealingConfig } from '../../contracts/config-sections.ts';
import { readEnvironment } from '../../platform/config/environment.ts';
import { loadSealing } from '../../platform/config/load-config.ts';
import { parseSealing } from '../../platform/config/parse-sealing.ts';
import { renderProblems } from '../../platform/config/render-problems.ts';
import { withSecretKeeper } from '../open-secret-keeper.ts';
import { CommandError, EXIT } from './command-error.ts';
import { type DataOptions, DEFAULT_CONFIG } from './shared-options.ts';

/** Undefined: none are configured. Throws CommandError. */
export async function readSealingConfig(options: DataOptions): Promise<SealingConfig | undefined> {
  const file = resolve(options.config ?? DEFAULT_CONFIG);
  const env = readEnvironment();
  const result = existsSync(file)
    ? await withSecretKeeper((secrets) => loadSealing({ file, env, secrets }))
    : parseSealing('{}', { file, env });
  if (result.ok) return result.sealing;
  throw new CommandError(EXIT.failed, `the master key cannot be had\n${renderProblems(result.problems, file)}`);
}
