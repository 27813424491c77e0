import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timingHeader } from './server-timing.ts';

test('the two phases of a call sum to the whole, with at most three decimals', () => {
  const table: readonly (readonly [number, number, number | undefined, string])[] = [
    [10, 12.007, 2, 'gw;dur=0.007, upstream;dur=2'],
    [10, 12.5, 2, 'gw;dur=0.500, upstream;dur=2'],
    [0.1, 0.4, 0.2, 'gw;dur=0.100, upstream;dur=0.200'],
    [1000.0001, 1001.2346, 1.0004, 'gw;dur=0.235, upstream;dur=1'],
    [5, 5.25, undefined, 'gw;dur=0.250, upstream;dur=0'],
    // Clocks that were read in another order must not make our share negative.
    [5, 6, 1.0004, 'gw;dur=0, upstream;dur=1'],
    [5, 6, 1.5, 'gw;dur=0, upstream;dur=1'],
  ];
  for (const [startedMs, nowMs, upstreamMs, expected] of table)
    assert.deepEqual(timingHeader({ startedMs, facts: upstreamMs === undefined ? {} : { upstreamMs } }, nowMs), {
      'Server-Timing': expected,
    });
});

test('a call that is recorded says what its record says, however late it is asked', () => {
  const call = { startedMs: performance.now() - 60_000, facts: { totalMs: 3.25, upstreamMs: 2 } };
  assert.deepEqual(timingHeader(call), { 'Server-Timing': 'gw;dur=1.250, upstream;dur=2' });
});
