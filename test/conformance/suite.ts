/** The official conformance suite as a program: its scenarios, one run of it, and what it wrote about one scenario. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export type Revision = '2025-11-25' | '2026-07-28';
/** Who is examined. */
export type Side = 'client' | 'server';

const ROOT = new URL('../../', import.meta.url).pathname;
const SUITE = join(ROOT, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');
/** One scenario may take 30 s; a whole run of a healthy server takes about ten. */
const RUN_TIMEOUT_MS = 300_000;

export interface Scenario {
  readonly name: string;
  readonly scored: boolean;
}

export interface ScenarioResult extends Scenario {
  /** False also if the suite never came to it. */
  readonly passed: boolean;
  /** Ids of failed checks with what was wrong. */
  readonly failures: readonly string[];
}

export interface SuiteResult {
  readonly revision: Revision;
  readonly scenarios: readonly ScenarioResult[];
  /** Entries of the expected-failures file that passed, or other reasons for which the suite itself was not content. */
  readonly complaints: readonly string[];
}

export interface Check {
  readonly id: string;
  readonly status: string;
  readonly description?: string;
  readonly errorMessage?: string;
}

/** Runs the suite's CLI to its end with this Node. */
export function runCommand(node: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(
      node,
      [SUITE, ...args],
      { timeout: RUN_TIMEOUT_MS, maxBuffer: 256 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, output: `${stdout}\n${stderr}` });
      },
    );
  });
}

/** The scenarios of a revision for one side, as the suite lists them. */
export async function listScenarios(referee: string, revision: Revision, side: Side): Promise<Scenario[]> {
  const { output } = await runCommand(referee, ['list', `--${side}`, '--requirements', revision]);
  const heading = side === 'server' ? 'Server scenarios' : 'Client scenarios';
  const scenarios: Scenario[] = [];
  let section: 'other' | 'scored' | 'unscored' = 'other';
  for (const line of output.split('\n')) {
    if (line.startsWith(heading)) section = 'scored';
    else if (/^(Server|Client) scenarios/.test(line)) section = 'other';
    else if (line.startsWith('Run and reported')) section = 'unscored';
    const name = /^\s+- (\S+)/.exec(line)?.[1];
    if (name === undefined || section === 'other') continue;
    if (section === 'scored') scenarios.push({ name, scored: true });
    else if (line.includes(`[${side}]`)) scenarios.push({ name, scored: false });
  }
  if (scenarios.length === 0) throw new Error(`the suite lists no ${side} scenarios of ${revision}:\n${output}`);
  return scenarios;
}

/** All checks of one scenario, from the folder the suite wrote for it below `outputDir`; undefined if it wrote none. */
export async function readChecks(
  outputDir: string,
  scenario: string,
  side: Side,
): Promise<readonly Check[] | undefined> {
  // Some names hold a slash, which makes a folder of its own.
  const path = join(outputDir, side === 'server' ? `server-${scenario}` : scenario);
  const folders = existsSync(dirname(path)) ? await readdir(dirname(path)) : [];
  const folder = folders.find((name) => name.replace(/-\d{4}-\d{2}-\d{2}T.*$/, '') === basename(path));
  const file = join(dirname(path), folder ?? '', 'checks.json');
  if (folder === undefined || !existsSync(file)) return undefined;
  return JSON.parse(await readFile(file, 'utf8')) as readonly Check[];
}

/** Failed checks with what was wrong. */
export function describeFailures(checks: readonly Check[]): string[] {
  return checks
    .filter(({ status }) => status === 'FAILURE')
    .map(({ id, description, errorMessage }) => `${id}: ${errorMessage ?? description ?? 'failed'}`);
}
