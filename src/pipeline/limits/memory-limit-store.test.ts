import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testLimitStore } from '../../../test/support/limit-store-suite.ts';
import type { LimitLine } from '../../contracts/limits.ts';
import { createMemoryLimitStore } from './memory-limit-store.ts';

testLimitStore('memory', () => createMemoryLimitStore);

const line = (id: string, more: Partial<LimitLine> = {}): LimitLine => ({
  ...{ id, level: { type: 'key', id, name: id }, what: 'requests', max: 2, on: undefined, alertAt: [] },
  span: { type: 'sliding', spanMs: 60_000 },
  ...more,
});

function start(maxIdleAccounts?: number) {
  const clock = { nowMs: 1_000_000 };
  const now = (): number => clock.nowMs;
  return {
    clock,
    store: createMemoryLimitStore({ now, monotonicMs: now, spend: { spent: () => 0 }, maxIdleAccounts }),
  };
}

test('nothing is a promise while nothing is waited for', () => {
  const { store } = start();
  assert.ok(!(store.enter('a', [{ line: line('a'), amount: 1 }]) instanceof Promise));
  assert.ok(!(store.used(line('a')) instanceof Promise));
});

test('accounts that count nothing are forgotten when there are many, and those that count something are not', () => {
  const { store, clock } = start(10);
  const kept = line('kept', { max: 1, span: { type: 'sliding', spanMs: 86_400_000 } });
  store.enter('a', [{ line: kept, amount: 1 }]);
  const open = store.enter('b', [{ line: line('tokens', { what: 'tokens', max: 50 }), amount: 0 }]);
  for (let i = 0; i < 100; i++) {
    clock.nowMs += 120_000;
    store.enter(`c${i}`, [{ line: line(`k${i}`), amount: 1 }]);
  }
  assert.equal(store.used(kept), 1);
  // Its account went while it was under way: what it used counts all the same.
  assert.ok(!(open instanceof Promise) && open.type === 'admitted');
  open.leave([40]);
  assert.equal(store.used(line('tokens', { what: 'tokens', max: 50 })), 40);
});

test('how long until something is free again is known', () => {
  const { store, clock } = start();
  const limited = line('a', { max: 1 });
  const verdict = store.enter('a', [{ line: limited, amount: 1 }]);
  assert.ok(!(verdict instanceof Promise) && verdict.type === 'admitted');
  const resetMs = verdict.resetMs?.(0) ?? 0;
  assert.ok(resetMs > 55_000 && resetMs <= 63_000);
  clock.nowMs += resetMs;
  assert.ok(!(store.enter('b', [{ line: limited, amount: 1 }]) instanceof Promise));
});
