import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Provenance } from '../harness/provenance.ts';
import type { Row } from '../harness/rounds.ts';
import type { Result } from '../scenarios/scenario.ts';
import { plannedRate, renderCapacity } from './capacity.ts';
import { mergeRun, readPublished } from './published.ts';
import { renderDocs } from './write-docs.ts';

const ROOT = join(import.meta.dirname, '../..');

const rowOf = (name: string, us: number): Row => ({
  ...{ name, us: { q1: us, median: us, q3: us }, ratio: { q1: 1, median: 1, q3: 1 }, timesOurs: undefined },
  ...{ maxRps: 12_345, calls: 1, failed: 0, firstFailure: undefined, memory: { rss: 1, peak: 1 }, phasesP50Ms: {} },
});
const resultOf = (name: string, us: number): Result => ({
  ...{ name, title: `Title of ${name}`, rows: [rowOf('reference', 1), rowOf('portcullis', us)] },
});
const runOf = (date: string, results: readonly Result[]) => ({ provenance: { date } as Provenance, results });

test('a core is planned with 60 % of what it can do', () => {
  assert.equal(plannedRate(60), 10_000);
  assert.equal(plannedRate(600_000), 1);
});

test('the capacity of a core comes from our own row, and what was not measured has no line', () => {
  const text = renderCapacity([resultOf('chat-plain', 80)]);
  assert.match(text, /chat, same dialect, answered whole +\| +80 \| +12,345 \| +7,500 \|/);
  assert.doesNotMatch(text, /tools\/call|Stores|Memory|Disk/);
});

test('stores and disk are planned from what each call takes of them', () => {
  const row = { stores: 'PostgreSQL', kind: 'chat', rate: 100, ms: { p50: 1, p99: 2 } };
  const calls = { failed: 0, unanswered: 0, firstFailure: undefined };
  const stores = {
    rows: [{ ...row, ...calls, gatewayUs: 500, postgresUs: 300, redisUs: 0 }],
    trails: [{ stores: 'PostgreSQL', made: 10, rows: 10, bytesPerRow: 1_000 }],
  };
  const text = renderCapacity([{ name: 'load-stores', title: '', load: { stores } }]);
  assert.match(text, /PostgreSQL \| chat \| +500 \| +300 \| +0 \| +1\.00 \| +2\.00 \| +2,000 \| +\|/);
  assert.match(text, /PostgreSQL +\| +1,000 \| +0\.09 \|/);
});

test('a run takes the place of an earlier one of the same scenario, leaves the others, and keeps their order', () => {
  const order = ['call-modern', 'chat-plain', 'load-chat'];
  const first = mergeRun([], runOf('1', [resultOf('load-chat', 1), resultOf('call-modern', 2)]), order);
  const second = mergeRun(first, runOf('2', [resultOf('chat-plain', 3), resultOf('load-chat', 4)]), order);
  assert.deepEqual(
    second.map(({ result: { name, rows }, provenance: { date } }) => [name, rows?.[1]?.us.median, date]),
    [
      ['call-modern', 2, '1'],
      ['chat-plain', 3, '2'],
      ['load-chat', 4, '2'],
    ],
  );
  assert.deepEqual(mergeRun(second, runOf('3', []), ['chat-plain']).length, 1);
});

test('the tables in the documents are those of the published results', async () => {
  const { readFileSync } = await import('node:fs');
  for (const [path, text] of Object.entries(renderDocs(readPublished(ROOT), ROOT)))
    assert.equal(readFileSync(join(ROOT, path), 'utf8'), text, path);
});
