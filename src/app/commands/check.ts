/** `portcullis check`: everything that is wrong with a configuration, at once, without starting anything. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ConfigProblem, ConfigResult } from '../../contracts/config.ts';
import { readEnvironment } from '../../platform/config/environment.ts';
import { loadConfig } from '../../platform/config/load-config.ts';
import { renderProblems } from '../../platform/config/render-problems.ts';
import { withSecretKeeper } from '../open-secret-keeper.ts';
import { EXIT } from './command-error.ts';
import { DEFAULT_CONFIG } from './shared-options.ts';
import { paint, print, printJson } from './terminal.ts';

const count = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`;

function report(file: string, problems: readonly ConfigProblem[], result: ConfigResult): void {
  if (!result.ok) {
    print(renderProblems(problems, file));
    print(paint('red', `${file}: ${count(problems.length, 'problem')}`));
    return;
  }
  if (result.warnings.length > 0) print(renderProblems(result.warnings, file));
  const { servers, keys, providers = [] } = result.config;
  const offered = providers.length > 0 ? `, ${count(providers.length, 'provider')}` : '';
  const warned = result.warnings.length > 0 ? `, ${count(result.warnings.length, 'warning')}` : '';
  print(
    `${paint('green', 'ok')} ${file}: ${count(servers.length, 'server')}${offered}, ${count(keys.length, 'key')}${warned}`,
  );
}

interface CheckOptions {
  readonly config: string;
  readonly offline?: boolean;
  readonly json?: boolean;
}

async function runCheck(options: CheckOptions): Promise<void> {
  const file = resolve(options.config);
  const result = await withSecretKeeper((secrets) =>
    loadConfig({ file, env: readEnvironment(), secrets: options.offline ? undefined : secrets }),
  );
  const problems = result.ok ? [] : result.problems;
  const warnings = result.ok ? result.warnings : [];
  if (options.json) printJson({ ok: result.ok, file, problems, warnings });
  else report(file, problems, result);
  if (!result.ok) process.exitCode = EXIT.failed;
}

/** Adds the command. */
export function checkCommand(program: Command): void {
  program
    .command('check')
    .description('Check a configuration file and print every problem in it')
    .option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('--offline', 'fetch no secrets: references to files and secret managers are not followed')
    .option('--json', 'print { ok, file, problems, warnings } as JSON')
    .addHelpText(
      'after',
      '\nThe exit code is 1 if there are problems; warnings alone leave it 0. Secrets that references name are fetched, and not shown.',
    )
    .action(runCheck);
}
