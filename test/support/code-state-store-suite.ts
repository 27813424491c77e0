/** What every store of what scripts keep has to keep to, whichever engine carries it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CodeState, CodeStateStore } from '../../src/contracts/codemode.ts';
import type { Cleanup } from './temp-dir.ts';

const state = (id: string, change: Partial<CodeState> = {}): CodeState => ({
  ...{ id, kind: 'session', keyId: 'key_1', sealed: `sealed ${id}`, expiresAtMs: 5_000 },
  ...change,
});

/** `place` gives a function that opens the same states again, as another process would. */
export function testCodeStateStore(
  engine: string,
  place: (cleanup: Cleanup) => Promise<() => Promise<CodeStateStore>>,
): void {
  const check = (name: string, body: (one: CodeStateStore, other: CodeStateStore) => Promise<void>): void => {
    test(`${engine}: ${name}`, async (t) => {
      const open = await place(t);
      const [one, other] = [await open(), await open()];
      t.after(() => one[Symbol.asyncDispose]());
      t.after(() => other[Symbol.asyncDispose]());
      await body(one, other);
    });
  };

  check(
    'what was put is found by its key, in its kind, until it expires, also by another process',
    async (one, other) => {
      assert.equal(await one.put(state('a')), true);
      assert.deepEqual(await other.find('a', 'session', 'key_1', 4_999), state('a'));
      assert.equal(await other.find('a', 'session', 'key_1', 5_000), undefined);
      assert.equal(await other.find('a', 'suspended', 'key_1', 1), undefined);
      assert.equal(await other.find('a', 'session', 'key_2', 1), undefined);
      assert.equal(await other.find('b', 'session', 'key_1', 1), undefined);
    },
  );

  check('a newer state takes the place of the same key and kind, and of nobody else', async (one, other) => {
    await one.put(state('a'));
    assert.equal(await other.put(state('a', { sealed: 'newer', expiresAtMs: 9_000 })), true);
    assert.equal(await one.put(state('a', { keyId: 'key_2', sealed: 'theirs' })), false);
    assert.equal(await one.put(state('a', { kind: 'suspended', sealed: 'other' })), false);
    assert.deepEqual(
      await one.find('a', 'session', 'key_1', 8_000),
      state('a', { sealed: 'newer', expiresAtMs: 9_000 }),
    );
  });

  check('of twenty who take it at once, in two processes, exactly one has it', async (one, other) => {
    await one.put(state('a', { kind: 'suspended' }));
    assert.equal(await one.take('a', 'suspended', 'key_2', 1), undefined);
    assert.equal(await one.take('a', 'suspended', 'key_1', 5_000), undefined);
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? one : other).take('a', 'suspended', 'key_1', 1)),
    );
    assert.deepEqual(
      taken.filter((each) => each !== undefined),
      [state('a', { kind: 'suspended' })],
    );
    assert.equal(await other.find('a', 'suspended', 'key_1', 1), undefined);
    assert.equal(await other.put(state('a', { keyId: 'key_2' })), true);
  });

  check('what has expired goes, so many at once, and nothing else does', async (one, other) => {
    for (let i = 0; i < 5; i++) await one.put(state(`old-${i}`, { expiresAtMs: 1_000 + i }));
    await one.put(state('young'));
    assert.equal(await other.dropExpired(1_003, 3), 3);
    assert.equal(await other.dropExpired(1_003, 3), 1);
    assert.equal(await other.dropExpired(1_003, 3), 0);
    assert.notEqual(await one.find('young', 'session', 'key_1', 1), undefined);
    assert.notEqual(await one.find('old-4', 'session', 'key_1', 1), undefined);
  });
}
