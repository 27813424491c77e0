/** Runs the official conformance suite against one URL and reads what it found. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export type Revision = '2025-11-25' | '2026-07-28';

const ROOT = new URL('../../', import.meta.url).pathname;
const SUITE = join(ROOT, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');
/** One scenario may take 30 s; a whole run of a healthy server takes about ten. */
const RUN_TIMEOUT_MS = 300_000;

export interface ScenarioResult {
  readonly name: string;
  readonly scored: boolean;
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

export interface SuiteOptions {
  readonly url: string;
  readonly revision: Revision;
  /** Node that runs the suite. */
  readonly referee: string;
  /** Where the suite writes its findings; must not exist yet. */
  readonly outputDir: string;
  readonly expectedFailures: string;
}

function run(node: string, args: readonly string[]): Promise<{ code: number; output: string }> {
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

/** Names of the server scenarios of a revision, as the suite lists them. */
async function listScenarios(referee: string, revision: Revision): Promise<{ name: string; scored: boolean }[]> {
  const { output } = await run(referee, ['list', '--server', '--requirements', revision]);
  const scenarios: { name: string; scored: boolean }[] = [];
  let section: 'other' | 'server' | 'unscored' = 'other';
  for (const line of output.split('\n')) {
    if (line.startsWith('Server scenarios')) section = 'server';
    else if (line.startsWith('Client scenarios')) section = 'other';
    else if (line.startsWith('Run and reported')) section = 'unscored';
    const name = /^\s+- (\S+)/.exec(line)?.[1];
    if (name === undefined || section === 'other') continue;
    if (section === 'server') scenarios.push({ name, scored: true });
    else if (line.includes('[server]')) scenarios.push({ name, scored: false });
  }
  if (scenarios.length === 0) throw new Error(`the suite lists no scenarios of ${revision}:\n${output}`);
  return scenarios;
}

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

/** Failed checks of one scenario, from the folder the suite wrote for it. */
async function readFailures(outputDir: string, folders: readonly string[], scenario: string): Promise<string[]> {
  const folder = folders.find((name) => name.replace(/-\d{4}-\d{2}-\d{2}T.*$/, '') === `server-${scenario}`);
  const file = join(outputDir, folder ?? '', 'checks.json');
  if (folder === undefined || !existsSync(file)) return [];
  const checks = JSON.parse(await readFile(file, 'utf8')) as readonly Check[];
  return checks
    .filter(({ status }) => status === 'FAILURE')
    .map(({ id, errorMessage }) => `${id}: ${errorMessage ?? 'failed'}`);
}

/** Entries of the expected-failures file that passed: the suite lists them under a heading of their own. */
function findStaleEntries(output: string): string[] {
  const lines = output.split('\n');
  const start = lines.findIndex((line) => line.includes('Stale baseline entries'));
  if (start === -1) return [];
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('  ✓ '));
  return lines.slice(start + 1, end).map((line) => line.slice('  ✓ '.length));
}

/** Runs the suite to its end. Rejects only if the suite itself cannot be run. */
export async function runSuite(options: SuiteOptions): Promise<SuiteResult> {
  const { referee, revision, outputDir } = options;
  const listed = await listScenarios(referee, revision);
  const { code, output } = await run(referee, [
    'server',
    '--url',
    options.url,
    '--requirements',
    revision,
    '--output-dir',
    outputDir,
    '--expected-failures',
    options.expectedFailures,
  ]);
  const summary = new Map<string, boolean>();
  for (const line of output.split('\n')) {
    const match = /^([✓✗]) (\S+): \d+ passed, \d+ failed/.exec(line);
    if (match?.[2] !== undefined) summary.set(match[2], match[1] === '✓');
  }
  if (summary.size === 0) throw new Error(`the suite ran nothing (exit ${code}):\n${output.slice(-4000)}`);
  const folders = existsSync(outputDir) ? await readdir(outputDir) : [];
  const scenarios = await Promise.all(
    listed.map(async ({ name, scored }) => ({
      name,
      scored,
      passed: summary.get(name) === true,
      failures: summary.has(name) ? await readFailures(outputDir, folders, name) : ['the suite did not run it'],
    })),
  );
  const complaints = findStaleEntries(output).map((entry) => `${entry} is expected to fail, but passes`);
  if (code !== 0 && complaints.length === 0 && scenarios.every(({ scored, passed }) => passed || !scored))
    complaints.push(`the suite exited with ${code}`);
  return { revision, scenarios, complaints };
}
