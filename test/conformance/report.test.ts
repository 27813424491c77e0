/** What the conformance run makes of its findings, and the page in docs/reference it wrote: its shape, not its figures. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ROOT } from '../support/gateway.ts';
import { type Cell, CLIENT_SCORED, judge, planCells, ROUTES } from './cells.ts';
import { COLUMNS, renderPage } from './render-report.ts';
import type { ScenarioResult, SuiteResult } from './suite.ts';

const scenario = (name: string, passed: boolean, scored = true): ScenarioResult => ({
  ...{ name, scored, passed },
  failures: [],
});
const found = (...scenarios: ScenarioResult[]): SuiteResult => ({ revision: '2025-11-25', scenarios, complaints: [] });
const cell = (goal: number | undefined): Cell => ({
  ...{ route: 'server', revision: '2025-11-25', upstream: 'legacy' },
  goal,
});

describe('a cell', () => {
  test('is short of its goal if a scored scenario fails, or one less is scored', () => {
    assert.equal(judge(cell(2), found(scenario('a', true), scenario('b', true)), undefined).ok, true);
    assert.equal(judge(cell(2), found(scenario('a', true), scenario('b', false)), undefined).ok, false);
    assert.equal(judge(cell(2), found(scenario('a', true)), undefined).ok, false);
  });

  test('loses what the fixture passes alone, also where it is not scored', () => {
    const through = found(scenario('a', true), scenario('b', false, false), scenario('c', false, false));
    const alone = found(scenario('a', true), scenario('b', true, false), scenario('c', false, false));
    assert.deepEqual(judge(cell(1), through, alone), { ok: false, lost: ['b'], complaints: [] });
  });

  test('with a stale expected failure is not ok', () => {
    const result = { ...found(scenario('a', true)), complaints: ['a is expected to fail, but passes'] };
    assert.equal(judge(cell(1), result, undefined).ok, false);
  });

  test('without a goal can be nothing but compared with', () => {
    assert.equal(judge(cell(undefined), found(scenario('a', false)), undefined).ok, true);
  });
});

/** Rows of each table of a page, by the heading above it. */
function readTables(page: string): Map<string, string[][]> {
  const tables = new Map<string, string[][]>();
  let heading = '';
  for (const line of page.split('\n')) {
    if (line.startsWith('#')) heading = line;
    else if (line.startsWith('| ')) {
      const row = line
        .slice(1, -1)
        .split('|')
        .map((text) => text.trim());
      tables.set(heading, [...(tables.get(heading) ?? []), row]);
    }
  }
  return tables;
}

/** Figures and names of scenarios taken out: what is left is the shape. */
const shapeOf = (page: string): unknown =>
  [...readTables(page)].map(([heading, rows]) => [
    heading,
    rows.map((row) => row.slice(0, 2).map((text) => text.replace(/^\d+\/\d+$/, 'n/n'))),
  ]);

test('docs/reference/conformance.md has the cells there are, and in each what has to be reached', async () => {
  const page = await readFile(join(ROOT, 'docs/reference/conformance.md'), 'utf8');
  const cells = planCells().map((planned) => ({
    ...{ cell: planned, result: found(), verdict: { ok: true, lost: [], complaints: [] } },
  }));
  const clients = Object.keys(CLIENT_SCORED).map((revision) => ({
    revision: revision as '2025-11-25',
    result: found(),
  }));
  const fresh = renderPage(cells, clients, { suiteVersion: '0', date: '2000-01-01' });
  assert.deepEqual(shapeOf(page), shapeOf(fresh), 'npm run conformance -- --matrix --write-docs');

  const tables = [...readTables(page).values()];
  for (const [index, route] of ROUTES.entries()) {
    const [head, , ...rows] = tables[index] ?? [];
    assert.deepEqual(head, [...COLUMNS]);
    const planned = planCells().filter((one) => one.route === route);
    for (const [at, { goal }] of planned.entries())
      if (goal !== undefined) assert.equal(rows[at]?.[2], `${goal}/${goal}`, `${route}: ${rows[at]?.join(' ')}`);
    if (route !== 'direct') for (const row of rows) assert.equal(row[4], 'nothing', row.join(' '));
  }
  for (const [revision, scored] of Object.entries(CLIENT_SCORED)) {
    const row = tables.at(-1)?.find(([name]) => name === revision);
    assert.match(row?.[1] ?? '', new RegExp(`^\\d+/${scored}$`));
  }
});
