import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantile, quartiles, slope } from './statistics.ts';

test('quantiles lie between the values, and order of the input does not matter', () => {
  assert.deepEqual(quartiles([4, 1, 3, 2, 5]), { q1: 2, median: 3, q3: 4 });
  assert.equal(quartiles([1, 2]).median, 1.5);
  assert.equal(quantile([], 0.5), 0);
  assert.equal(quantile([1, 2, 3], 1), 3);
});

test('the slope is that of the line through the points', () => {
  assert.equal(
    slope([
      [0, 1],
      [1, 3],
      [2, 5],
    ]),
    2,
  );
  assert.equal(slope([[5, 1]]), 0);
});
