/** Results as Markdown tables: the same in the terminal and in docs/performance.md. */

import type { BookkeepingFigures } from '../bookkeeping.ts';
import type { RateRow, Row } from '../harness/rounds.ts';
import { isNoisy, type RunFile, referenceSpread } from '../harness/run-file.ts';
import type { Quartiles } from '../harness/statistics.ts';
import type { ModelBookkeepingFigures } from '../model-bookkeeping.ts';
import type { Growth } from '../scenarios/growth.ts';
import type { Result } from '../scenarios/scenario.ts';
import type { Soak } from '../scenarios/soak.ts';
import type { Streams } from '../scenarios/streams.ts';
import type { StreamLoadFigures } from '../stream-load.ts';
import type { Spread } from '../time-calls.ts';
import { loadText } from './load-tables.ts';
import { ms, table, times, whole } from './table.ts';
import { judge, wordOf } from './targets.ts';

const spread = ({ q1, median, q3 }: Quartiles): string => `${times(median)} (${times(q1)}–${times(q3)})`;

function rowsTable(rows: readonly Row[], rates: readonly RateRow[]): string {
  const hasRates = rates.length > 0;
  const head = ['', 'CPU µs/call', '× reference', '× portcullis', 'calls/s', 'failed', 'peak MB'];
  if (hasRates) head.push(`+p50 ms @${rates[0]?.rate}/s`, '+p99 ms');
  return table(
    head,
    rows.map((row) => {
      const rate = rates.find(({ name }) => name === row.name);
      const cells = [
        row.name,
        whole(row.us.median),
        spread(row.ratio),
        row.timesOurs === undefined ? '' : times(row.timesOurs.median),
        whole(row.maxRps),
        whole(row.failed),
        whole(row.memory.peak),
      ];
      if (hasRates) cells.push(...latencyCells(rate, ['p50', 'p99']));
      return cells;
    }),
  );
}

function latencyCells(rate: RateRow | undefined, keys: readonly ('p50' | 'p90' | 'p99')[]): string[] {
  if (rate === undefined) return keys.map(() => '');
  return keys.map((key) => (rate.isOverloaded ? 'cannot hold' : ms((rate.addedMs ?? rate.latencyMs)[key])));
}

function ratesTable(rates: readonly RateRow[]): string {
  return table(
    ['', 'calls/s', '+p50 ms', '+p90 ms', '+p99 ms', 'CPU µs/call', 'failed', 'unanswered'],
    rates.map((rate) => [
      rate.addedMs === undefined ? `${rate.name} (absolute)` : rate.name,
      whole(rate.rate),
      ...latencyCells(rate, ['p50', 'p90', 'p99']),
      rate.addedMs === undefined ? '' : whole(rate.usPerCall),
      whole(rate.failed),
      whole(rate.unanswered),
    ]),
  );
}

function growthTable({ of, points, kbPerItem }: Growth): string {
  const text = table(
    [of, 'CPU µs/call', '× reference', '+p50 ms @500/s', 'heap + external MB', 'RSS MB', 'ready ms', 'failed'],
    points.map((point) => [
      whole(point.count),
      whole(point.us),
      times(point.ratio),
      ms(point.addedP50Ms),
      (point.heapMb + point.externalMb).toFixed(1),
      whole(point.rssMb),
      whole(point.readyMs),
      whole(point.failed),
    ]),
  );
  return `${text}\n\nMemory per item, after garbage collection: ${kbPerItem.toFixed(2)} KB.`;
}

const spreadCells = ({ p50, p99, mean }: Spread): string[] => [p50, p99, mean].map((value) => value.toFixed(1));
const SPREAD_HEAD = ['µs per call', 'p50', 'p99', 'mean'];

function modelBookkeepingText({ together, withTools, alone }: ModelBookkeepingFigures): string {
  return table(SPREAD_HEAD, [
    ['32 at once, as at full load', ...spreadCells(together)],
    ['the same, 100 tools added to each', ...spreadCells(withTools)],
    ['one after the other', ...spreadCells(alone)],
  ]);
}

function bookkeepingText(figures: BookkeepingFigures): string {
  return table(SPREAD_HEAD, [
    ['32 at once, as at full load', ...spreadCells(figures.together)],
    ['the same, tools that only read (nothing written ahead)', ...spreadCells(figures.readOnly)],
    ['one after the other', ...spreadCells(figures.alone)],
    ['one after the other, 5,000 a second', ...spreadCells(figures.paced)],
  ]);
}

function soakText(soak: Soak): string {
  const { before, after } = soak.heap;
  const rows: readonly (readonly [string, string])[] = [
    ['length', `${soak.seconds} s at ${whole(soak.rate)} calls/s`],
    ['calls made, warm-up included', whole(soak.calls)],
    ['failed, unanswered', `${whole(soak.failed)}, ${whole(soak.unanswered)}`],
    ['rows in the trail, not ok among them', `${whole(soak.trailRows)}, ${whole(soak.trailNotOk)}`],
    ['latency p50, p99, max', `${ms(soak.p50Ms)}, ${ms(soak.p99Ms)}, ${ms(soak.maxMs)} ms`],
    ['CPU per call', `${whole(soak.usPerCall)} µs`],
    [
      'heap + external after garbage collection',
      `${(before.heapMb + before.externalMb).toFixed(1)} → ${(after.heapMb + after.externalMb).toFixed(1)} MB`,
    ],
    ['resident memory, slope over the second half', `${soak.rssMbPerMinute.toFixed(2)} MB/min`],
    ['event loop delay p99', `${ms(after.loopDelayP99Ms)} ms`],
  ];
  return table(['', ''], rows);
}

function streamsText(streams: Streams): string {
  const { before, after } = streams.heap;
  const { few, trail } = streams;
  const row = (name: string, { finished, broken, firstMs, wholeMs }: StreamLoadFigures): readonly string[] => [
    ...[name, whole(finished), whole(broken)],
    ...[ms(firstMs.p50), ms(firstMs.p99), ms(wholeMs.p50), ms(wholeMs.p99)],
  ];
  const head = ['', 'finished', 'broken', 'first piece p50 ms', 'p99 ms', 'whole p50 ms', 'p99 ms'];
  const ratio = (of: { readonly direct: StreamLoadFigures; readonly gateway: StreamLoadFigures }): string =>
    times(of.gateway.firstMs.p50 / of.direct.firstMs.p50);
  const facts: readonly (readonly [string, string])[] = [
    ['a stream', `${streams.chunks} pieces, one each ${streams.everyMs} ms`],
    [
      'first piece (p50), times direct',
      `${ratio(few)} at ${few.atOnce}, ${ratio(streams)} at ${whole(streams.atOnce)}`,
    ],
    ['CPU of the gateway per piece', `${streams.usPerChunk.toFixed(1)} µs`],
    [
      'streams begun; rows in the trail, not ok among them',
      `${whole(streams.made)}; ${whole(trail.rows)}, ${whole(trail.notOk)}`,
    ],
    ['output tokens in the trail', whole(trail.outputTokens)],
    [
      'heap + external after garbage collection',
      `${(before.heapMb + before.externalMb).toFixed(1)} → ${(after.heapMb + after.externalMb).toFixed(1)} MB`,
    ],
    ['event loop delay p99', `${ms(after.loopDelayP99Ms)} ms`],
  ];
  const rows = [
    row(`direct, ${few.atOnce} at once`, few.direct),
    row(`gateway, ${few.atOnce} at once`, few.gateway),
    row(`direct, ${whole(streams.atOnce)} at once`, streams.direct),
    row(`gateway, ${whole(streams.atOnce)} at once`, streams.gateway),
  ];
  return `${table(head, rows)}\n\n${table(['', ''], facts)}`;
}

function warnings(result: Result): string[] {
  const found = [...(result.notes ?? [])];
  const apart = referenceSpread(result);
  if (apart !== undefined && isNoisy(result))
    found.push(`**noisy**: the reference's own quartiles lie ${Math.round(apart * 100)} % apart`);
  const late = Math.max(0, ...(result.rates ?? []).map(({ lateP99Ms }) => lateP99Ms));
  if (late > 2) found.push(`the generator itself was up to ${ms(late)} ms late (p99): added p99 is an upper bound`);
  for (const row of result.rows ?? []) {
    if (row.failed > 0)
      found.push(`${row.name}: ${row.failed} of ${row.calls} failed: ${row.firstFailure ?? 'unanswered'}`);
    const phases = Object.entries(row.phasesP50Ms).map(([phase, value]) => `${phase} ${(value * 1_000).toFixed(1)} µs`);
    if (phases.length > 0) found.push(`${row.name} says of itself (p50): ${phases.join(', ')}`);
  }
  return found;
}

export function renderResult(result: Result): string {
  const parts = [`### ${result.title}`];
  if (result.rows !== undefined) parts.push(rowsTable(result.rows, result.rates ?? []));
  else if (result.rates !== undefined) parts.push(ratesTable(result.rates));
  if (result.growth !== undefined) parts.push(growthTable(result.growth));
  if (result.bookkeeping !== undefined) parts.push(bookkeepingText(result.bookkeeping));
  if (result.modelBookkeeping !== undefined) parts.push(modelBookkeepingText(result.modelBookkeeping));
  if (result.soak !== undefined) parts.push(soakText(result.soak));
  if (result.streams !== undefined) parts.push(streamsText(result.streams));
  if (result.load !== undefined) parts.push(loadText(result.load));
  if (result.wrk !== undefined)
    parts.push(
      table(
        ['', 'calls/s by wrk', 'by ours', 'CPU µs/call by wrk', 'by ours'],
        result.wrk.map((check) => [
          check.name,
          whole(check.wrkRps),
          whole(check.ownRps),
          whole(check.wrkUs),
          whole(check.ownUs),
        ]),
      ),
    );
  const notes = warnings(result);
  if (notes.length > 0) parts.push(notes.map((note) => `- ${note}`).join('\n'));
  return parts.join('\n\n');
}

export function renderProvenance({ provenance: p }: RunFile): string {
  return [
    `${p.date.slice(0, 16).replace('T', ' ')} UTC, commit ${p.commit}${p.isDirty ? ' with changes' : ''}, ${p.form} form, gateway from the ${p.build}.`,
    `${p.machine}, ${p.cores} cores, ${p.memoryGb} GB, Linux ${p.kernel}, Node ${p.node}, undici ${p.undici}; ${p.placement}.`,
    `Load average ${p.loadBefore.toFixed(1)} before, ${p.loadAfter.toFixed(1)} after. SDK ${p.sdks}; ${p.peers}.`,
  ].join('\n');
}

export function renderTargets(results: readonly Result[]): string {
  const verdicts = judge(results);
  if (verdicts.length === 0) return '';
  return table(
    ['goal', 'found', 'target', 'verdict'],
    verdicts.map((verdict) => [verdict.what, verdict.found, verdict.target, wordOf(verdict)]),
  );
}
