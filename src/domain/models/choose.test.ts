import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { choose, chooseSteadily, sharesOf } from './choose.ts';
import { errorRate, HEALTH_HALF_LIFE_MS, noteAnswer, noteFailure, noteLatency, UNKNOWN_HEALTH } from './health.ts';

const weighing = (...weights: number[]) => weights.map((weight) => ({ weight, health: UNKNOWN_HEALTH }));

test('while all are well, weights alone say who is asked', () => {
  assert.deepEqual(sharesOf(weighing(3, 1, 0), 0), [3, 1, 0]);
  assert.equal(choose(weighing(3, 1), 0, 0.74), 0);
  assert.equal(choose(weighing(3, 1), 0, 0.76), 1);
  assert.equal(choose([], 0, 0.5), -1);
});

test('one of weight 0 is chosen only where there is no other', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
      assert.equal(choose(weighing(0, 2, 0), 0, random), 1);
      assert.ok([0, 1].includes(choose(weighing(0, 0), 0, random)));
    }),
  );
});

test('what fails loses its share, and has it back when that is long ago', () => {
  let ill = UNKNOWN_HEALTH;
  for (let i = 0; i < 10; i++) ill = noteFailure(ill, 0);
  const share = (nowMs: number) => sharesOf([...weighing(1), { weight: 1, health: ill }], nowMs)[1] ?? 0;
  assert.ok(share(0) < 0.03 && share(0) > 0, String(share(0)));
  assert.ok(share(20 * HEALTH_HALF_LIFE_MS) > 0.99);
  assert.ok(errorRate(noteAnswer(ill, 0), 0) < errorRate(ill, 0));
});

test('a single failure does not condemn', () => {
  assert.equal(errorRate(noteFailure(UNKNOWN_HEALTH, 0), 0), 0.5);
});

test('slowness costs a part of the share, but only where it is marked, and never all', () => {
  const after = (ms: number) => ({ weight: 1, health: noteLatency(UNKNOWN_HEALTH, 0, ms) });
  assert.deepEqual(
    sharesOf([after(100), after(199), after(400), after(100_000), ...weighing(1)], 0),
    [1, 1, 0.5, 0.25, 1],
  );
});

test('a steady choice stays when another is added or taken away, unless it is the one concerned, and follows weights', () => {
  const names = ['a', 'b', 'c'];
  const counts = [0, 0, 0];
  for (let i = 0; i < 3_000; i++) {
    const who = `key-${i}`;
    const chosen = chooseSteadily(who, names, [2, 1, 1]);
    counts[chosen] = (counts[chosen] ?? 0) + 1;
    const without = names.filter((_, at) => at !== 2);
    if (chosen !== 2) assert.equal(chooseSteadily(who, without, [2, 1]), chosen);
  }
  const [a = 0, b = 0, c = 0] = counts;
  assert.ok(a > 1_350 && a < 1_650 && b > 600 && b < 900 && c > 600, counts.join());
  assert.equal(chooseSteadily('x', names, [0, 1, 0]), 1);
  assert.equal(chooseSteadily('x', [], []), -1);
});
