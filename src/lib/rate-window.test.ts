import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRateWindow } from './rate-window.ts';

const taking = fc.record({ waitMs: fc.integer({ min: 0, max: 400 }), amount: fc.integer({ min: 1, max: 4 }) });

/** A window with one bound: takes, or says how long to wait. */
function startWindow(max: number) {
  const window = createRateWindow(1_000);
  return {
    ...window,
    take(amount: number, nowMs: number): number {
      const waitMs = window.waitMs(amount, max, nowMs);
      if (waitMs === 0) window.add(amount, nowMs);
      return waitMs;
    },
  };
}

test('no span of the length ever holds more than the most, whatever comes when', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), fc.array(taking, { maxLength: 200 }), (max, takings) => {
      const window = startWindow(max);
      const taken: { atMs: number; amount: number }[] = [];
      let nowMs = 123_456;
      for (const { waitMs, amount } of takings) {
        nowMs += waitMs;
        if (window.take(amount, nowMs) === 0) taken.push({ atMs: nowMs, amount });
      }
      for (const { atMs } of taken) {
        const inSpan = taken.filter((each) => each.atMs >= atMs && each.atMs < atMs + 1_000);
        assert.ok(inSpan.reduce((sum, { amount }) => sum + amount, 0) <= max);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('whoever waits as long as told gets in, and nobody waits longer than the span and one slot', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), fc.array(taking, { maxLength: 100 }), (max, takings) => {
      const window = startWindow(max);
      let nowMs = 0;
      for (const { waitMs, amount } of takings) {
        nowMs += waitMs;
        const told = window.take(amount, nowMs);
        if (told === 0 || amount > max) continue;
        assert.ok(told <= 1_050);
        nowMs += told;
        assert.equal(window.take(amount, nowMs), 0);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('a quiet time forgets everything', () => {
  const window = startWindow(2);
  assert.equal(window.take(2, 10), 0);
  assert.equal(window.used(10), 2);
  assert.equal(window.used(100_000), 0);
  assert.equal(window.take(2, 100_000), 0);
});

test('what was not used is taken out of the slot it was put in, and out of no other', () => {
  const window = createRateWindow(1_000);
  const slot = window.add(4, 0);
  window.add(3, 500);
  window.giveBack(slot, 3, 600);
  assert.equal(window.used(600), 4);
  // The first slot is gone: nothing is left to give back, and what came later stays.
  window.giveBack(slot, 1, 1_100);
  assert.equal(window.used(1_100), 3);
});

test('what was used before this window was made leaves it when its time has come', () => {
  const window = createRateWindow(1_000);
  window.addPast(5, 9_500, 10_000);
  window.addPast(7, 8_000, 10_000);
  assert.equal(window.used(10_000), 5);
  assert.equal(window.used(10_600), 0);
});

test('a clock that is set back frees nothing', () => {
  const window = startWindow(2);
  assert.equal(window.take(2, 5_000), 0);
  assert.ok(window.take(1, 1_000) > 0);
  assert.equal(window.take(1, 6_050), 0);
});

test('an amount that can never fit is told to wait for the whole span', () => {
  assert.equal(createRateWindow(1_000).waitMs(4, 3, 0), 1_000);
});
