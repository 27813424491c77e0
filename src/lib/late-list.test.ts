import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LateList } from './late-list.ts';

/** Runs until `count` were late, whatever the timer takes. */
function collect(afterMs: number, count: number): { list: LateList<number>; late: number[]; done: Promise<void> } {
  const late: number[] = [];
  const { promise: done, resolve } = Promise.withResolvers<void>();
  // The list's own timer keeps no process alive.
  const alive = setInterval(() => {}, 1_000);
  const list = new LateList<number>(afterMs, (item) => {
    late.push(item);
    if (late.length === count) {
      clearInterval(alive);
      resolve();
    }
  });
  return { list, late, done };
}

test('what is late is told of once, in the order it came; what is over before is not', async () => {
  const { list, late, done } = collect(20, 3);
  const entries = [0, 1, 2, 3, 4].map((item) => list.add(item));
  for (const at of [0, 3]) if (entries[at] !== undefined) list.remove(entries[at]);
  await done;
  assert.deepEqual(late, [1, 2, 4]);
  // Late already, and over twice: both harmless.
  for (const entry of entries) list.remove(entry);
  assert.deepEqual(late, [1, 2, 4]);
});

test('one that is added while others are told of has its own time', async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const alive = setInterval(() => {}, 1_000);
  const times: number[] = [];
  const list: LateList<number> = new LateList(10, (item) => {
    times.push(performance.now());
    if (item === 2) resolve(item);
    else list.add(item + 1);
  });
  list.add(0);
  await promise;
  clearInterval(alive);
  const [first = 0, second = 0, third = 0] = times;
  assert.ok(second - first >= 8 && third - second >= 8, String(times));
});

test('whatever is added and removed in whatever order, exactly what is left becomes late', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
      fc.infiniteStream(fc.nat()),
      async (stays, order) => {
        const left = stays.flatMap((stay, at) => (stay ? [at] : []));
        const { list, late, done } = collect(1, left.length + 1);
        const entries = stays.map((_, at) => list.add(at));
        const removals = entries
          .filter((_, at) => stays[at] === false)
          .map((entry) => ({ entry, rank: order.next().value ?? 0 }))
          .sort((a, b) => a.rank - b.rank);
        for (const { entry } of removals) list.remove(entry);
        list.add(-1);
        await done;
        assert.deepEqual(late, [...left, -1]);
      },
    ),
    { numRuns: 30 },
  );
});
