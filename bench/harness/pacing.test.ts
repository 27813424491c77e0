import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dueAfter, intendedMs } from './pacing.ts';

test('the first request is due at once, and none is late by the time to the next', () => {
  assert.equal(dueAfter(0, 30), 1);
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 60_000, noNaN: true }),
      fc.integer({ min: 1, max: 20_000 }),
      (elapsed, rate) => {
        const due = dueAfter(elapsed, rate);
        const [last, next] = [intendedMs(due - 1, rate), intendedMs(due, rate)];
        // To the rounding of a division.
        assert.ok(last <= elapsed + 1e-6 && elapsed < next + 1e-6, `${due} at ${elapsed} ms`);
      },
    ),
  );
});
