/**
 * `npm run conformance`: the official MCP conformance suite against our fixture, directly and through Portcullis, as one
 * table. Exits 1 where a cell is short of its goal, where the gateway loses what the fixture can do, or where an expected failure
 * passes. Without options it leaves out what says nothing about the gateway: cells of the fixture that have no goal, and
 * client scenarios that are known to fail.
 *
 * Failures a cell is allowed to have stand in test/conformance/expected/<route>-<revision>-<upstream>.yml; they excuse the suite's
 * exit code, but not a missed goal. Those of the client scenarios stand in client-<revision>.yml. Of our authorization server none
 * is allowed.
 *
 *   --matrix            everything
 *   --write-docs        with --matrix: writes docs/reference/conformance.md
 *   --direct-only       only the fixture itself
 *   --only 2025|2026    only one revision's suite
 *   --referee NODE      Node.js that runs the suite (>= 22); default: this one
 *   --keep DIR          where to leave the suite's findings; default: nowhere
 */

import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { judge, nameOf, planCells } from '../test/conformance/cells.ts';
import { type CellReport, type ClientReport, renderPage, renderTerminal } from '../test/conformance/render-report.ts';
import { runAuthorizationSuite } from '../test/conformance/run-authorization-suite.ts';
import { expectedClientFailures, runClientSuite } from '../test/conformance/run-client-suite.ts';
import { runSuite } from '../test/conformance/run-suite.ts';
import { startSubjects } from '../test/conformance/start-subjects.ts';
import type { Revision, SuiteResult } from '../test/conformance/suite.ts';
import { ROOT } from '../test/support/gateway.ts';
import { createCleanup, createTempDir } from '../test/support/temp-dir.ts';

const EXPECTED = join(ROOT, 'test/conformance/expected');
const PAGE = join(ROOT, 'docs/reference/conformance.md');

const { values: options } = parseArgs({
  options: {
    matrix: { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
    'direct-only': { type: 'boolean', default: false },
    only: { type: 'string' },
    referee: { type: 'string', default: process.execPath },
    keep: { type: 'string' },
  },
});
const misuse =
  options.only !== undefined && options.only !== '2025' && options.only !== '2026'
    ? '--only takes 2025 or 2026'
    : options['write-docs'] && (!options.matrix || options.only !== undefined || options['direct-only'])
      ? '--write-docs goes with --matrix, and the whole of it'
      : undefined;
if (misuse !== undefined) {
  process.stderr.write(`conformance: ${misuse}\n`);
  process.exit(2);
}

const cleanup = createCleanup();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void cleanup.run().finally(() => process.exit(130)));

const isWanted = (revision: Revision): boolean => options.only === undefined || revision.startsWith(options.only);

async function runCells(folder: string): Promise<CellReport[]> {
  const urlOf = await startSubjects(cleanup, { gateway: !options['direct-only'] });
  const alone = new Map<string, SuiteResult>();
  const reports: CellReport[] = [];
  for (const cell of planCells()) {
    if (!isWanted(cell.revision) || (options['direct-only'] && cell.route !== 'direct')) continue;
    if (!options.matrix && cell.goal === undefined) continue;
    const name = nameOf(cell);
    process.stderr.write(`running ${name} …\n`);
    const expected = join(EXPECTED, `${name}.yml`);
    const result = await runSuite({
      url: urlOf(cell),
      revision: cell.revision,
      referee: options.referee,
      outputDir: join(folder, name),
      expectedFailures: existsSync(expected) ? expected : join(EXPECTED, 'none.yml'),
    });
    if (cell.route === 'direct') alone.set(`${cell.revision} ${cell.upstream}`, result);
    const direct = alone.get(`${cell.revision} ${cell.upstream}`);
    reports.push({ cell, result, verdict: judge(cell, result, direct) });
  }
  return reports;
}

async function runClients(folder: string): Promise<ClientReport[]> {
  const reports: ClientReport[] = [];
  for (const revision of ['2025-11-25', '2026-07-28'] as const) {
    if (!isWanted(revision) || options['direct-only']) continue;
    process.stderr.write(`running client-${revision} …\n`);
    const result = await runClientSuite({
      revision,
      referee: options.referee,
      outputDir: join(folder, `client-${revision}`),
      expectedFailures: expectedClientFailures(revision),
      skipsExpected: !options.matrix,
    });
    reports.push({ revision, result });
  }
  return reports;
}

/** Of our own authorization server; true where nothing was asked for of it. */
async function runAuthorization(): Promise<boolean> {
  if (options['direct-only'] || options.only !== undefined) return true;
  process.stderr.write('running authorization …\n');
  const { passed, summary } = await runAuthorizationSuite(cleanup, options.referee);
  process.stdout.write(`Authorization server\n${summary}\n`);
  return passed;
}

async function readSuiteVersion(): Promise<string> {
  const { devDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    devDependencies: { [name: string]: string };
  };
  return devDependencies['@modelcontextprotocol/conformance'] ?? 'unknown';
}

async function main(): Promise<boolean> {
  const folder = await createTempDir(cleanup);
  const cells = await runCells(folder);
  const clients = await runClients(folder);
  const isAuthorizationGreen = await runAuthorization();
  if (options.keep !== undefined) await cp(folder, options.keep, { recursive: true });
  process.stdout.write(renderTerminal(cells, clients));
  const isGreen =
    isAuthorizationGreen &&
    cells.every(({ verdict }) => verdict.ok) &&
    clients.every(({ result }) => result.complaints.length === 0);
  if (options['write-docs']) {
    const facts = { suiteVersion: await readSuiteVersion(), date: new Date().toISOString().slice(0, 10) };
    await writeFile(PAGE, renderPage(cells, clients, facts));
  }
  return isGreen;
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`conformance: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await cleanup.run();
}
