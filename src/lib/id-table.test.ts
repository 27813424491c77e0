import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IdTable } from './id-table.ts';

const id = fc.oneof(
  fc.nat(200),
  fc.nat(3).map((n) => n * 64),
  fc.maxSafeNat(),
);
const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), id, value: fc.string() }),
  fc.record({ do: fc.constant('delete' as const), id }),
  fc.record({ do: fc.constant('clear' as const), chance: fc.nat(20) }),
);

test('whatever is done to it, it says what a Map would say, in ascending order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
      const table = new IdTable<string>();
      const map = new Map<number, string>();
      for (const s of steps) {
        if (s.do === 'set') {
          table.set(s.id, s.value);
          map.set(s.id, s.value);
        } else if (s.do === 'delete') assert.equal(table.delete(s.id), map.delete(s.id));
        else if (s.chance === 0) {
          table.clear();
          map.clear();
        }
      }
      const expected = [...map].sort((a, b) => a[0] - b[0]);
      assert.deepEqual([...table], expected);
      assert.deepEqual(
        [...table.keys()],
        expected.map(([key]) => key),
      );
      assert.deepEqual(
        [...table.values()],
        expected.map(([, value]) => value),
      );
      assert.equal(table.size, map.size);
      for (const [key, value] of map) assert.deepEqual([table.has(key), table.get(key)], [true, value]);
    }),
  );
});

test('numbers nobody put in are not there, however odd, and cannot be put in', () => {
  const table = new IdTable<string>();
  table.set(0, 'zero');
  for (const odd of [-1, -64, 0.5, 64, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.deepEqual([table.has(odd), table.get(odd), table.delete(odd)], [false, undefined, false], String(odd));
    if (odd !== 64) assert.throws(() => table.set(odd, 'x'), RangeError, String(odd));
  }
});

test('entries deleted while walking do not come any more', () => {
  const table = new IdTable<string>();
  for (let i = 0; i < 100; i++) table.set(i, String(i));
  const seen: string[] = [];
  for (const value of table.values()) {
    seen.push(value);
    for (let i = 0; i < 100; i += 2) table.delete(i);
  }
  assert.deepEqual(seen.slice(0, 3), ['0', '1', '3']);
  assert.equal(seen.length, 51);
});
