/**
 * `npm run conformance`: the official MCP conformance suite against our fixture, directly and through Portcullis, as one
 * table. Exits 1 where a cell is short of its goal or an expected failure passes.
 *
 * Failures a cell is allowed to have stand in test/conformance/expected/<route>-<revision>-<upstream>.yml; they excuse the suite's
 * exit code, but not a missed goal.
 *
 *   --direct-only       only the fixture itself
 *   --only 2025|2026    only one revision's suite
 *   --cross             also the cells across eras
 *   --referee NODE      Node.js that runs the suite (>= 22); default: this one
 *   --keep DIR          where to leave the suite's findings; default: nowhere
 */

import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Revision, runSuite, type SuiteResult } from '../test/conformance/run-suite.ts';
import { ROOT, startGateway } from '../test/support/gateway.ts';
import { startProcess } from '../test/support/start-process.ts';
import { createCleanup, createTempDir } from '../test/support/temp-dir.ts';

type Era = 'legacy' | 'modern';

interface Cell {
  readonly route: 'direct' | 'portcullis';
  readonly revision: Revision;
  readonly upstream: Era;
  /** Scored scenarios that have to pass; undefined: reported only. */
  readonly goal: number | undefined;
}

const SUITES = { '2025': { revision: '2025-11-25', goal: 30 }, '2026': { revision: '2026-07-28', goal: 37 } } as const;

const { values: options } = parseArgs({
  options: {
    'direct-only': { type: 'boolean', default: false },
    only: { type: 'string' },
    cross: { type: 'boolean', default: false },
    referee: { type: 'string', default: process.execPath },
    keep: { type: 'string' },
  },
});
if (options.only !== undefined && options.only !== '2025' && options.only !== '2026') {
  process.stderr.write('conformance: --only takes 2025 or 2026\n');
  process.exit(2);
}

function planCells(): Cell[] {
  const years = options.only === undefined ? (['2025', '2026'] as const) : [options.only as '2025' | '2026'];
  const cells: Cell[] = [];
  for (const route of options['direct-only'] ? (['direct'] as const) : (['direct', 'portcullis'] as const))
    for (const year of years) {
      const { revision, goal } = SUITES[year];
      const home = year === '2025' ? 'legacy' : 'modern';
      cells.push({ route, revision, upstream: home, goal });
      if (options.cross && route === 'portcullis')
        cells.push({ route, revision, upstream: home === 'legacy' ? 'modern' : 'legacy', goal });
    }
  return cells;
}

const count = (result: SuiteResult, scored: boolean): string => {
  const all = result.scenarios.filter((scenario) => scenario.scored === scored);
  return `${all.filter(({ passed }) => passed).length}/${all.length}`;
};

function meetsGoal(cell: Cell, result: SuiteResult): boolean {
  if (cell.goal === undefined) return true;
  const scored = result.scenarios.filter((scenario) => scenario.scored);
  return scored.length === cell.goal && scored.every(({ passed }) => passed) && result.complaints.length === 0;
}

function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function renderFailures(cell: Cell, result: SuiteResult): string[] {
  const title = `${cell.route}, ${cell.revision}, ${cell.upstream} upstream`;
  const lines = result.scenarios
    .filter(({ passed }) => !passed)
    .map(({ name, scored, failures }) =>
      [`  ✗ ${name}${scored ? '' : ' (not scored)'}`, ...failures.map((failure) => `      ${failure}`)].join('\n'),
    );
  lines.push(...result.complaints.map((complaint) => `  ! ${complaint}`));
  return lines.length === 0 ? [] : [`${title}:`, ...lines, ''];
}

const cleanup = createCleanup();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void cleanup.run().finally(() => process.exit(130)));

async function startFixture(era: Era): Promise<string> {
  const { readyLine } = await startProcess(cleanup, {
    command: process.execPath,
    args: [join(ROOT, 'test/conformance/fixture-server.ts'), '--era', era],
  });
  return (JSON.parse(readyLine) as { url: string }).url;
}

async function main(): Promise<boolean> {
  const folder = await createTempDir(cleanup);
  const fixtures = { legacy: await startFixture('legacy'), modern: await startFixture('modern') };
  let gatewayUrl = '';
  if (!options['direct-only']) {
    const gateway = await startGateway(cleanup, {
      config: {
        mcpServers: {
          legacy: { type: 'http', url: fixtures.legacy },
          modern: { type: 'http', url: fixtures.modern },
        },
        // The suite cannot send a key.
        anonymous: { allow: ['*'] },
      },
    });
    await gateway.healthy('legacy', 'modern');
    // The suite insists on a loopback name, and compares Host with it.
    gatewayUrl = gateway.mcpUrl.replace('127.0.0.1', 'localhost');
  }

  const rows = [['route', 'suite', 'upstream', 'scored', 'goal', 'not scored', '']];
  const details: string[] = [];
  let isGreen = true;
  for (const cell of planCells()) {
    const name = `${cell.route}-${cell.revision}-${cell.upstream}`;
    process.stderr.write(`running ${name} …\n`);
    const expected = join(ROOT, 'test/conformance/expected', `${name}.yml`);
    const result = await runSuite({
      url: cell.route === 'direct' ? fixtures[cell.upstream] : `${gatewayUrl}/${cell.upstream}`,
      revision: cell.revision,
      referee: options.referee,
      outputDir: join(folder, name),
      expectedFailures: existsSync(expected) ? expected : join(ROOT, 'test/conformance/expected/none.yml'),
    });
    const ok = meetsGoal(cell, result);
    isGreen &&= ok;
    rows.push([
      cell.route,
      cell.revision,
      cell.upstream,
      count(result, true),
      cell.goal === undefined ? '–' : `${cell.goal}/${cell.goal}`,
      count(result, false),
      cell.goal === undefined ? '' : ok ? 'ok' : result.complaints.length > 0 ? 'STALE OR BROKEN' : 'SHORT OF GOAL',
    ]);
    details.push(...renderFailures(cell, result));
  }
  if (options.keep !== undefined) await cp(folder, options.keep, { recursive: true });
  process.stdout.write(`${details.join('\n')}\n${renderTable(rows)}\n`);
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
