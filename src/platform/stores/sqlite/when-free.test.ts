import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suggestion } from '../../../../test/support/suggestion-store-suite.ts';
import { createTempDir } from '../../../../test/support/temp-dir.ts';
import { openStore } from './open-store.ts';
import { openSuggestionStore } from './suggestions.ts';

test('while somebody else writes, the process goes on, and what it wants to write is written afterwards', async (t) => {
  const dataDir = await createTempDir(t);
  const store = openSuggestionStore({ dataDir, now: () => 2_000 });
  t.after(() => store[Symbol.asyncDispose]());
  assert.equal(store.add([suggestion('sug_a')]), undefined, 'at once where nobody writes');
  const other = openStore(dataDir);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const order: string[] = [];
  const writes = [
    Promise.resolve(store.add([suggestion('sug_b')])).then(() => order.push('added')),
    store.claim('sug_a', 'exec-a', 2_000).then(({ type }) => order.push(type)),
  ];
  assert.equal((await store.find('sug_a'))?.state, 'open', 'who reads does not wait');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(order.length, 0);
  order.push('the other one is done');
  other.exec('COMMIT');
  await Promise.all(writes);
  assert.equal(order[0], 'the other one is done');
  assert.deepEqual(order.slice(1).sort(), ['added', 'claimed']);
  assert.deepEqual([(await store.find('sug_a'))?.state, (await store.find('sug_b'))?.state], ['running', 'open']);
});
