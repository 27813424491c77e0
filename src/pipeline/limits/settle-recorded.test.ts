/** When shared accounts hear of the end of a call. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitLine, LimitStore, LimitUse } from '../../contracts/limits.ts';
import { createRecordedSettlement } from './settle-recorded.ts';

function use(what: 'money' | 'calls'): LimitUse {
  const level = { type: 'key', id: 'key_1', name: 'k' } as const;
  const line = { id: what, level, what, max: 10, span: { type: 'total' }, alertAt: [] } as unknown as LimitLine;
  return { line, amount: 1 };
}

function setUp() {
  const seen: string[] = [];
  const store: LimitStore = {
    enter(callId) {
      seen.push(`enter ${callId}`);
      const leave = (): void => void seen.push(`leave ${callId}`);
      return Promise.resolve({ type: 'admitted', used: [1], leave });
    },
    used: () => undefined,
    async [Symbol.asyncDispose]() {
      seen.push('closed');
    },
  };
  const limits = createRecordedSettlement({ store, persist: () => void seen.push('persist') });
  const enter = async (callId: string, what: 'money' | 'calls') => {
    const verdict = await limits.enter(callId, [use(what)]);
    assert.ok(verdict.type === 'admitted');
    return verdict;
  };
  return { seen, limits, enter };
}

test('money is settled when the line of its call is written, that of several calls with one write', async () => {
  const { seen, limits, enter } = setUp();
  const [one, two] = [await enter('1', 'money'), await enter('2', 'money')];
  one.leave([1]);
  two.leave([1]);
  seen.push('recorded');
  assert.deepEqual(seen, ['enter 1', 'enter 2', 'recorded']);
  await limits[Symbol.asyncDispose]();
  assert.deepEqual(seen.slice(3), ['persist', 'leave 1', 'leave 2', 'closed']);
});

test('rates are settled at once', async () => {
  const { seen, enter } = setUp();
  (await enter('1', 'calls')).leave([1]);
  assert.deepEqual(seen, ['enter 1', 'leave 1']);
});

test('no call of the process overtakes the end of one before it', async () => {
  const { seen, enter } = setUp();
  const one = await enter('1', 'money');
  one.leave([1]);
  await enter('2', 'money');
  assert.deepEqual(seen, ['enter 1', 'persist', 'leave 1', 'enter 2']);
});
