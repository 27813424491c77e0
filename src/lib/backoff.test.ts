import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs, jitterMs } from './backoff.ts';

const middle = () => 0.5;

test('waits double from the first to the ceiling and stay there', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 1000].map((n) => backoffMs(n, { firstMs: 1000, maxMs: 30_000 }, middle));
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

test('jitter spreads by a fifth to both sides and never passes the ceiling', () => {
  const bounds = { firstMs: 1000, maxMs: 30_000 };
  assert.equal(
    backoffMs(0, bounds, () => 0),
    800,
  );
  assert.equal(
    backoffMs(0, bounds, () => 1),
    1200,
  );
  assert.equal(
    backoffMs(9, bounds, () => 1),
    30_000,
  );
  assert.equal(
    jitterMs(600_000, 0.1, () => 0),
    540_000,
  );
});
