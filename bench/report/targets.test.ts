import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row } from '../harness/rounds.ts';
import type { Result } from '../scenarios/scenario.ts';
import { judge } from './targets.ts';

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

test('twice the target is gross, a little more than the target is not', () => {
  const verdicts = [1.2, 1.3, 2.6].map((ratio) => judge([result(row('portcullis', ratio, 1))])[0]);
  assert.deepEqual(
    verdicts.map((verdict) => [verdict?.isMet, verdict?.isGross]),
    [
      [true, false],
      [false, false],
      [false, true],
    ],
  );
});

test('a peer that needs too little more than we is a miss, gross below half of the target', () => {
  const verdicts = [16, 10, 7].map((times) => judge([result(row('gateway on the SDK v2', 20, times))])[0]);
  assert.deepEqual(
    verdicts.map((verdict) => [verdict?.isMet, verdict?.isGross]),
    [
      [true, false],
      [false, false],
      [false, true],
    ],
  );
});

test('a failed call of ours is always gross', () => {
  assert.ok(judge([result(row('portcullis', 1, 1, 1))]).some(({ isGross }) => isGross));
});
