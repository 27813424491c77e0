import assert from 'node:assert/strict';
import test from 'node:test';
import { createSeats } from './seats.ts';

test('no more work at once than there are seats, in the order it came, also after some of it failed', async () => {
  const inTurn = createSeats(3);
  let running = 0;
  let most = 0;
  const begun: number[] = [];
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) =>
      inTurn(async () => {
        begun.push(i);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        if (i % 4 === 0) throw new Error('no');
        return i;
      }),
    ),
  );
  assert.equal(most, 3);
  assert.deepEqual(
    begun,
    Array.from({ length: 20 }, (_, i) => i),
  );
  assert.equal(results.filter(({ status }) => status === 'rejected').length, 5);
});
