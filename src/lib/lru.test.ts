import assert from 'node:assert/strict';
import { test } from 'node:test';
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
