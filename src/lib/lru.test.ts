import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLru } from './lru.ts';

test('the least recently used value leaves first, and the bound holds', () => {
  const lru = createLru<number>(10);
  lru.set('a', 1, 4);
  lru.set('b', 2, 4);
  assert.equal(lru.get('a'), 1);
  lru.set('c', 3, 4);
  assert.deepEqual([lru.get('a'), lru.get('b'), lru.get('c')], [1, undefined, 3]);
});

test('a value heavier than the whole bound is not kept, and replacing a value frees its weight', () => {
  const lru = createLru<string>(10);
  lru.set('big', 'x', 11);
  assert.equal(lru.get('big'), undefined);
  for (let i = 0; i < 5; i++) lru.set('same', String(i), 9);
  lru.set('other', 'o', 1);
  assert.deepEqual([lru.get('same'), lru.get('other')], ['4', 'o']);
});

test('whatever is read and written in whatever order, it keeps what a list that is sorted by use would keep', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const act = fc.record({ key, bytes: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const lru = createLru<number>(10);
      /** Newest last. */
      let model: { key: string; value: number; bytes: number }[] = [];
      acts.forEach(({ key, bytes }, value) => {
        const known = model.find((each) => each.key === key);
        const others = model.filter((each) => each !== known);
        if (bytes === undefined) {
          assert.equal(lru.get(key), known?.value);
          if (known !== undefined) model = [...others, known];
          return;
        }
        lru.set(key, value, bytes);
        model = [...others, { key, value, bytes }];
        while (model.reduce((sum, each) => sum + each.bytes, 0) > 10) model.shift();
      });
      for (const each of model) assert.equal(lru.get(each.key), each.value);
    }),
  );
});
