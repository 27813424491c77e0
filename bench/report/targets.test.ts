import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RateRow, Row } from '../harness/rounds.ts';
import type { Result } from '../scenarios/scenario.ts';
import type { Soak } from '../scenarios/soak.ts';
import { judge, wordOf } from './targets.ts';
import type { Verdict } from './verdict.ts';

const flat = (median: number) => ({ q1: median, median, q3: median });

function row(name: string, ratio: number, timesOurs: number, failed = 0): Row {
  return {
    name,
    us: flat(50 * ratio),
    ratio: flat(ratio),
    timesOurs: flat(timesOurs),
    maxRps: 1,
    calls: 100,
    failed,
    firstFailure: undefined,
    memory: { rss: 1, peak: 1 },
    phasesP50Ms: {},
  };
}
const result = (...rows: Row[]): Result => ({ name: 'call-modern', title: '', rows });
const about = (results: readonly Result[], what: RegExp): Verdict[] =>
  judge(results).filter((verdict) => what.test(verdict.what));

test('twice the target is gross, a little more than the target is not; the table says by how much', () => {
  const verdicts = [1.2, 1.3, 2.6].flatMap((ratio) => about([result(row('portcullis', ratio, 1))], /× the reference/));
  assert.deepEqual(
    verdicts.map((verdict) => [verdict.isMet, verdict.isGross, wordOf(verdict)]),
    [
      [true, false, 'met'],
      [false, false, 'missed by 4 %'],
      [false, true, '**missed 2.1-fold**'],
    ],
  );
});

test('a peer that needs too little more than we is a miss, gross below half of the target', () => {
  const verdicts = [16, 10, 7].flatMap((times) =>
    about([result(row('portcullis', 1, 1), row('gateway on the SDK v2', 20, times))], /less CPU/),
  );
  assert.deepEqual(
    verdicts.map((verdict) => [verdict.isMet, verdict.isGross, wordOf(verdict)]),
    [
      [true, false, 'met'],
      [false, false, 'missed by 50 %'],
      [false, true, '**missed 2.1-fold**'],
    ],
  );
});

function rate(name: string, p50: number, p99: number, isOverloaded = false): RateRow {
  const latencyMs = { p50, p90: p50, p99 };
  return {
    name,
    rate: 200,
    latencyMs,
    addedMs: latencyMs,
    usPerCall: 1,
    failed: 0,
    unanswered: 0,
    isOverloaded,
    lateP99Ms: 0,
  };
}

test('a peer is compared on added latency and memory, too; who cannot hold the rate is behind', () => {
  const rows = [row('portcullis', 1, 1), row('gateway on the SDK v2', 20, 16)];
  const judged = (own: RateRow, theirs: RateRow): boolean[] =>
    about([{ ...result(...rows), rates: [own, theirs] }], /against gateway on the SDK v2/).map(({ isMet }) => isMet);
  const peer = 'gateway on the SDK v2';
  // p50, p99, memory: the last is equal here, and equal is not ahead.
  assert.deepEqual(judged(rate('portcullis', 1, 9), rate(peer, 2, 8)), [true, false, false]);
  assert.deepEqual(judged(rate('portcullis', 1, 9), rate(peer, 0, 0, true)), [true, true, false]);
  assert.deepEqual(judged(rate('portcullis', 0, 0, true), rate(peer, 2, 8)), [false, false, false]);
});

test('a failed call of ours is always gross', () => {
  assert.ok(judge([result(row('portcullis', 1, 1, 1))]).some(({ isGross }) => isGross));
});

const reading = { heapMb: 20, externalMb: 5, rssMb: 100, loopDelayP99Ms: 1 };
const soaked = (changes: Partial<Soak>): Result => ({
  name: 'soak',
  title: '',
  soak: {
    ...{ seconds: 60, rate: 1_000, calls: 60_000, failed: 0, unanswered: 0, trailRows: 60_000, trailNotOk: 0 },
    ...{ p50Ms: 1, p99Ms: 1, maxMs: 1, usPerCall: 1, rssMb: [], rssMbPerMinute: 0 },
    heap: { before: reading, after: reading },
    ...changes,
  },
});

test('a record that is missing in the trail is always gross, and so is one too many', () => {
  const gross = (changes: Partial<Soak>): boolean => judge([soaked(changes)]).some(({ isGross }) => isGross);
  assert.equal(gross({}), false);
  assert.equal(gross({ trailRows: 59_999 }), true);
  assert.equal(gross({ trailRows: 60_001 }), true);
  assert.equal(gross({ failed: 1 }), true);
});

test('the bookkeeping of a chat is held to its goal, that of one with 100 tools to twice as much', () => {
  const spread = (p50: number) => ({ p50, p99: 100, mean: 10 });
  const modelBookkeeping = { together: spread(5.5), withTools: spread(9), alone: spread(20) };
  const verdicts = about([{ name: 'model-bookkeeping', title: '', modelBookkeeping }], /bookkeeping of a chat/);
  assert.deepEqual(
    verdicts.map((verdict) => [verdict.what, wordOf(verdict)]),
    [
      ['bookkeeping of a chat, p50', 'missed by 10 %'],
      ['bookkeeping of a chat, p50, with 100 tools', 'met'],
    ],
  );
});

test('requests to models are held to goals of their own in relation to the reference', () => {
  const most = [
    ['chat-plain', 1.4],
    ['chat-51kb', 1.1],
    ['chat-100-tools', 1.7],
    ['chat-stream', 1.05],
  ] as const;
  for (const [name, ratio] of most) {
    const met = (found: number): boolean[] =>
      about([{ name, title: '', rows: [row('portcullis', found, 1)] }], /× the reference/).map(({ isMet }) => isMet);
    assert.deepEqual([met(ratio), met(ratio + 0.01)], [[true], [false]], name);
  }
});

test('of what Portkey needs for a chat a tenth of the CPU and a quarter of the added p50 is the goal', () => {
  const judged = (times: number, own: number, theirs: number) =>
    about(
      [
        {
          ...{ name: 'chat-plain', title: '' },
          rows: [row('portcullis', 1, 1), row('Portkey', 1, times)],
          rates: [rate('portcullis', own, own), rate('Portkey', theirs, theirs)],
        },
      ],
      /Portkey/,
    ).map(({ isMet }) => isMet);
  // CPU, p50, p99, memory: the last is equal here, and equal is not ahead.
  assert.deepEqual(judged(10, 0.24, 1), [true, true, true, false]);
  assert.deepEqual(judged(9.9, 0.26, 1), [false, false, true, false]);
});
