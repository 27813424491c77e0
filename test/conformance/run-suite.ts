/** Runs the official conformance suite against the server at one URL and reads what it found. */

import { describeFailures, listScenarios, type Revision, readChecks, runCommand, type SuiteResult } from './suite.ts';

export interface SuiteOptions {
  readonly url: string;
  readonly revision: Revision;
  /** Node that runs the suite. */
  readonly referee: string;
  /** Where the suite writes its findings; must not exist yet. */
  readonly outputDir: string;
  readonly expectedFailures: string;
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
  const listed = await listScenarios(referee, revision, 'server');
  const { code, output } = await runCommand(referee, [
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
  const scenarios = await Promise.all(
    listed.map(async ({ name, scored }) => ({
      name,
      scored,
      passed: summary.get(name) === true,
      failures: summary.has(name)
        ? describeFailures((await readChecks(outputDir, name, 'server')) ?? [])
        : ['the suite did not run it'],
    })),
  );
  const complaints = findStaleEntries(output).map((entry) => `${entry} is expected to fail, but passes`);
  if (code !== 0 && complaints.length === 0 && scenarios.every(({ scored, passed }) => passed || !scored))
    complaints.push(`the suite exited with ${code}`);
  return { revision, scenarios, complaints };
}
