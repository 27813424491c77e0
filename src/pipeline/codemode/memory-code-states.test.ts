import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testCodeStateStore } from '../../../test/support/code-state-store-suite.ts';
import { createMemoryCodeStates } from './memory-code-states.ts';

testCodeStateStore('memory', async () => {
  const store = createMemoryCodeStates();
  return async () => store;
});

test('beyond its bound the oldest are forgotten, and what is written anew is the newest', async () => {
  const store = createMemoryCodeStates(100);
  const put = (id: string, chars: number) =>
    store.put({ id, kind: 'session', keyId: 'k', sealed: 'x'.repeat(chars), expiresAtMs: 9 });
  const kept = async (...ids: string[]) =>
    (await Promise.all(ids.map((id) => store.find(id, 'session', 'k', 1)))).map((state) => state?.sealed.length);
  await put('a', 40);
  await put('b', 40);
  await put('a', 30);
  assert.deepEqual(await kept('a', 'b'), [30, 40]);
  await put('c', 60);
  assert.deepEqual(await kept('a', 'b', 'c'), [30, undefined, 60]);
  await put('d', 101);
  assert.deepEqual(await kept('a', 'b', 'c', 'd'), [undefined, undefined, undefined, undefined]);
  await put('e', 100);
  assert.deepEqual(await kept('e'), [100]);
});
