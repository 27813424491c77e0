import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRateWindow } from './rate-window.ts';

const taking = fc.record({ waitMs: fc.integer({ min: 0, max: 400 }), amount: fc.integer({ min: 1, max: 4 }) });

test('no span of the length ever holds more than the most, whatever comes when', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), fc.array(taking, { maxLength: 200 }), (max, takings) => {
      const window = createRateWindow(max, 1_000);
      const taken: { atMs: number; amount: number }[] = [];
      let nowMs = 123_456;
      for (const { waitMs, amount } of takings) {
        nowMs += waitMs;
        if (window.take(amount, nowMs).ok) taken.push({ atMs: nowMs, amount });
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
      const window = createRateWindow(max, 1_000);
      let nowMs = 0;
      for (const { waitMs, amount } of takings) {
        nowMs += waitMs;
        const verdict = window.take(amount, nowMs);
        if (verdict.ok || amount > max) continue;
        assert.ok(verdict.retryAfterMs <= 1_050);
        nowMs += verdict.retryAfterMs;
        assert.ok(window.take(amount, nowMs).ok);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('a quiet time forgets everything', () => {
  const window = createRateWindow(2, 1_000);
  assert.ok(window.take(2, 10).ok);
  assert.equal(window.used(10), 2);
  assert.equal(window.used(100_000), 0);
  assert.ok(window.take(2, 100_000).ok);
});

test('what was used beyond what was taken counts, and what was not used is given back', () => {
  const window = createRateWindow(10, 1_000);
  assert.ok(window.take(4, 0).ok);
  window.correct(5, 10);
  assert.equal(window.used(10), 9);
  assert.ok(!window.take(2, 10).ok);
  window.correct(-5, 20);
  assert.ok(window.take(2, 20).ok);
});

test('an amount that can never fit is refused for the whole span', () => {
  assert.deepEqual(createRateWindow(3, 1_000).take(4, 0), { ok: false, retryAfterMs: 1_000 });
});
