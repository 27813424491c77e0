/** Runs the suite's client scenarios: each starts our driver, which puts a gateway between itself and the scenario's server. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  describeFailures,
  listScenarios,
  type Revision,
  readChecks,
  runCommand,
  type ScenarioResult,
  type SuiteResult,
} from './suite.ts';

const DRIVER = new URL('client-driver.ts', import.meta.url).pathname;
/** The suite itself would start all at once, each with a gateway of its own. */
const AT_ONCE = 2;

export interface ClientSuiteOptions {
  readonly revision: Revision;
  /** Node that runs the suite. */
  readonly referee: string;
  readonly outputDir: string;
  /** YAML with a list `client` of scenarios that may fail. */
  readonly expectedFailures: string;
  /** Leaves out what is known to fail. Default: runs all. */
  readonly skipsExpected?: boolean;
}

/** Runs every scenario to its end. Rejects only if the suite cannot be run at all. */
export async function runClientSuite(options: ClientSuiteOptions): Promise<SuiteResult> {
  const { referee, revision, outputDir, skipsExpected = false } = options;
  const { client = [] } = parse(await readFile(options.expectedFailures, 'utf8')) as { client?: readonly string[] };
  const all = await listScenarios(referee, revision, 'client');
  const listed = skipsExpected ? all.filter(({ name }) => !client.includes(name)) : all;
  const expected = new Set(skipsExpected ? client.filter((name) => !all.some((each) => each.name === name)) : client);

  const scenarios: ScenarioResult[] = [];
  const left = listed.entries();
  const work = async (): Promise<void> => {
    for (const [index, { name, scored }] of left) {
      await runCommand(referee, [
        'client',
        ...['--command', `"${process.execPath}" "${DRIVER}"`],
        ...['--scenario', name, '--spec-version', revision, '--force'],
        ...['--output-dir', outputDir],
      ]);
      const checks = (await readChecks(outputDir, name, 'client')) ?? [];
      const failures = describeFailures(checks);
      // A warning is a SHOULD that was not followed: the suite counts it, too.
      const passed =
        checks.some(({ status }) => status === 'SUCCESS') &&
        checks.every(({ status }) => status !== 'FAILURE' && status !== 'WARNING');
      scenarios[index] = { name, scored, passed, failures };
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));

  const complaints = scenarios.flatMap(({ name, passed }) =>
    passed && expected.has(name) ? [`${name} is expected to fail, but passes`] : [],
  );
  for (const name of expected)
    if (!scenarios.some((scenario) => scenario.name === name)) complaints.push(`${name} is expected, but unknown`);
  for (const { name, scored, passed } of scenarios)
    if (scored && !passed && !expected.has(name)) complaints.push(`${name} fails`);
  return { revision, scenarios, complaints };
}

/** Where the failures stand that are known. */
export function expectedClientFailures(revision: Revision): string {
  return join(new URL('expected/', import.meta.url).pathname, `client-${revision}.yml`);
}
