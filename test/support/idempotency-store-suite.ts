/** What every store of answered requests has to keep to, whichever engine carries it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IdempotencyStore } from '../../src/contracts/admin.ts';
import type { Cleanup } from './temp-dir.ts';

/** `place` prepares an empty place; its function opens a store on it, as often as wanted. What is opened is closed by the suite. */
export function testIdempotencyStore(
  engine: string,
  place: (cleanup: Cleanup) => Promise<() => Promise<IdempotencyStore>>,
): void {
  const prepare = async (cleanup: Cleanup): Promise<() => Promise<IdempotencyStore>> => {
    const open = await place(cleanup);
    return async () => {
      const store = await open();
      cleanup.after(() => store[Symbol.asyncDispose]());
      return store;
    };
  };

  test(`${engine}: of many who begin the same request exactly one is told to do it`, async (t) => {
    const open = await prepare(t);
    const stores = await Promise.all([open(), open()]);
    const verdicts = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => stores[i % 2]?.begin('k', 'f', 1_000, 500)),
    );
    const types = verdicts.map((verdict) => verdict?.type).sort();
    assert.deepEqual(types, ['begun', ...Array.from({ length: 19 }, () => 'running')]);
  });

  test(`${engine}: what was answered is answered again until its time is over, and to no other request`, async (t) => {
    const store = await (await prepare(t))();
    await store.begin('k', 'f', 1_000, 500);
    await store.finish('k', 'sealed', 9_000);
    assert.deepEqual(await store.begin('k', 'f', 8_999, 500), { type: 'done', sealed: 'sealed' });
    assert.deepEqual(await store.begin('k', 'other', 8_999, 500), { type: 'other-request' });
    assert.deepEqual(await store.begin('k', 'other', 9_000, 500), { type: 'begun' });
  });

  test(`${engine}: who gives up, or never comes back, makes room for another try`, async (t) => {
    const store = await (await prepare(t))();
    await store.begin('a', 'f', 1_000, 500);
    await store.giveUp('a');
    assert.deepEqual(await store.begin('a', 'g', 1_001, 500), { type: 'begun' });
    assert.deepEqual(await store.begin('a', 'g', 1_500, 500), { type: 'running' });
    assert.deepEqual(await store.begin('a', 'g', 1_501, 500), { type: 'begun' });
  });

  test(`${engine}: an answer that is kept is not given up`, async (t) => {
    const store = await (await prepare(t))();
    await store.begin('k', 'f', 1_000, 500);
    await store.finish('k', 'sealed', 9_000);
    await store.giveUp('k');
    assert.deepEqual(await store.begin('k', 'f', 2_000, 500), { type: 'done', sealed: 'sealed' });
  });
}
