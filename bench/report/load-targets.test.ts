import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatLoad, IdleLoad, LoadFigures, MixedLoad, StartFigures } from '../scenarios/load/figures.ts';
import { loadText } from './load-tables.ts';
import { judge } from './targets.ts';
import type { Verdict } from './verdict.ts';

const judged = (name: string, load: LoadFigures): Verdict[] => judge([{ name, title: '', load }]);
const missed = (verdicts: readonly Verdict[]): string[] =>
  verdicts.filter(({ isMet }) => !isMet).map(({ what, isGross }) => `${what}${isGross ? ' (gross)' : ''}`);

const chat: ChatLoad = {
  ...{ rate: 1_000, modelMs: 1_000, seconds: 20, failed: 0, unanswered: 0, firstFailure: undefined, usPerCall: 300 },
  ...{ directMs: { p50: 1_000, p99: 1_003 }, addedMs: { p50: 0.4, p99: 40 }, memory: { rss: 300, peak: 320 } },
  ...{ lateP99Ms: 1, made: 32_000, trailRows: 32_000 },
};

test('a slow model: latency that is added misses, a failed chat or a lost record is gross', () => {
  const of = (changes: Partial<ChatLoad>): string[] => missed(judged('load-chat', { chat: { ...chat, ...changes } }));
  assert.deepEqual(of({}), []);
  assert.deepEqual(of({ addedMs: { p50: 5, p99: 51 } }), [
    'load-chat: added p50 at 1000/s',
    'load-chat: added p99 at 1000/s',
  ]);
  assert.deepEqual(of({ failed: 1 }), ['load-chat: failed, unanswered (gross)']);
  assert.deepEqual(of({ trailRows: 31_999 }), ['load-chat: missing in the trail (gross)']);
  assert.deepEqual(of({ trailRows: 32_001 }), ['load-chat: missing in the trail (gross)']);
  assert.deepEqual(of({ unanswered: 1, trailRows: 31_999 }), [
    'load-chat: failed, unanswered',
    'load-chat: missing in the trail',
  ]);
});

const idle: IdleLoad = {
  ...{ sessions: 10_000, keys: 10, kbPerSession: 0.7, listening: 1_000, kbPerListener: 7 },
  ...{ restRssMb: 190, sessionsRssMb: 240 },
  full: {
    ...{ streams: 2_000, broken: 0, firstBroken: undefined, mostAtOnce: 2_000, rssMb: 440, rate: 200 },
    ...{ callMs: { p50: 1, p99: 20 }, failed: 0, unanswered: 0, cores: 0.5 },
  },
};

test('idle sessions: memory of one is gross at twice its bound, also where no streams ran beside them', () => {
  const of = (kbPerSession: number): string[] =>
    missed(judged('load-idle', { idle: { ...idle, kbPerSession, full: undefined } }));
  assert.deepEqual(of(2), []);
  assert.deepEqual(of(3), ['load-idle: memory of one of 10000 idle sessions']);
  assert.deepEqual(of(5), ['load-idle: memory of one of 10000 idle sessions (gross)']);
});

test('idle sessions: too much memory misses, a broken stream is gross', () => {
  const of = (changes: Partial<NonNullable<IdleLoad['full']>>): string[] =>
    missed(judged('load-idle', { idle: { ...idle, full: idle.full && { ...idle.full, ...changes } } }));
  assert.deepEqual(of({}), []);
  assert.deepEqual(of({ rssMb: 1_500 }), ['load-idle: resident with 10000 sessions and 2000 streams']);
  assert.deepEqual(of({ broken: 1 }), ['load-idle: failed, unanswered, broken streams (gross)']);
});

const mixed: MixedLoad = {
  ...{ seconds: 60, usPerCall: 300, loopDelayP99Ms: 12, heapMb: { before: 60, after: 61 } },
  kinds: [
    { name: 'chat', rate: 1, made: 60, failed: 0, unanswered: 0, firstFailure: undefined, ms: { p50: 1, p99: 1 } },
  ],
  trail: [{ kind: 'chat', made: 60, rows: 60, notOk: 0 }],
  ...{ spent: { expected: 600, trail: 600, ledger: 600 }, verified: { figures: 1, differences: 0 } },
};

test('a mixed soak: a lost or doubled record and money that does not add up are gross', () => {
  const of = (changes: Partial<MixedLoad>): string[] =>
    missed(judged('load-mixed', { mixed: { ...mixed, ...changes } }));
  const rows = 'load-mixed: missing in the trail (chat) (gross)';
  const money = 'load-mixed: microdollars: prices − trail, trail − ledger; verify-spend (gross)';
  assert.deepEqual(of({}), []);
  for (const count of [59, 61])
    assert.deepEqual(of({ trail: [{ kind: 'chat', made: 60, rows: count, notOk: 0 }] }), [rows]);
  assert.deepEqual(of({ spent: { expected: 600, trail: 590, ledger: 590 } }), [money]);
  assert.deepEqual(of({ spent: { expected: 600, trail: 600, ledger: 610 } }), [money]);
  assert.deepEqual(of({ verified: { figures: 1, differences: 1 } }), [money]);
});

const start: StartFigures = {
  bareMs: 40,
  timesBare: 10,
  empty: { name: 'no servers', starts: 3, listeningMs: 380, readyMs: 400, firstCallMs: undefined, restMb: 100 },
  rows: [
    { name: 'portcullis', starts: 3, listeningMs: 400, readyMs: 500, firstCallMs: 510, restMb: 120 },
    { name: 'mcp-hub', starts: 3, listeningMs: undefined, readyMs: undefined, firstCallMs: 900, restMb: 110 },
    { name: 'mcp-proxy', starts: 3, listeningMs: undefined, readyMs: undefined, firstCallMs: 600, restMb: 130 },
  ],
  sizes: [
    { name: 'portcullis', packedMb: 4, installedMb: 60, packages: 100 },
    { name: 'mcp-hub', packedMb: 1, installedMb: 90, packages: 200 },
  ],
};

test('start and size are held against whichever peer is best at each; only the ratio to a bare start can be gross', () => {
  const of = (changes: Partial<StartFigures>): string[] => missed(judged('start', { start: { ...start, ...changes } }));
  const always = ['start: memory at rest, against the best peer', 'start: download, against the best peer'];
  assert.deepEqual(of({}), always);
  assert.deepEqual(of({ rows: start.rows.slice(0, 1), sizes: [] }), []);
  assert.deepEqual(of({ timesBare: 31 }), ['start: × a bare start of node (gross)', ...always]);
});

test('what was not measured is neither judged nor shown', () => {
  assert.deepEqual(judged('load-chat', {}), []);
  assert.equal(loadText({}), '');
  const text = loadText({ chat, mixed });
  assert.match(text, /added by the gateway: p50, p99 +\| +0\.40, 40\.0 ms/);
  assert.match(text, /in the trail/);
});
