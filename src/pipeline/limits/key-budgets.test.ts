import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Caller } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Budget, UsageLimits } from '../../contracts/limits.ts';
import { createKeyBudgets, type Reservation } from './key-budgets.ts';

const DAY: Budget = { maxMicroUsd: 1_000, per: 'day', timeZone: 'UTC' };
const limitsOf = (...budgets: Budget[]): UsageLimits => ({ requests: [], tokens: [], toolCalls: [], budgets });
const caller: Caller = { keyId: 'a', keyName: 'a', grant: { allow: ['*'], deny: [] } };
const NOON = Date.parse('2026-11-22T12:00:00Z');

function start(spent = 0) {
  const clock = { nowMs: NOON };
  const asked: number[] = [];
  const spend = {
    spentSince(_keyId: string, sinceMs: number) {
      asked.push(sinceMs);
      return spent;
    },
  };
  return { clock, asked, budgets: createKeyBudgets({ spend, now: () => clock.nowMs }) };
}

const refused = (error: unknown): boolean => error instanceof GatewayError && error.code === 'budget_exceeded';

test('what is reserved is not there for others, and what was not used comes back', () => {
  const { budgets } = start();
  const limits = limitsOf(DAY);
  const one = budgets.reserve(caller, limits, 600);
  assert.throws(() => budgets.reserve(caller, limits, 500), refused);
  one.settle(100);
  budgets.reserve(caller, limits, 900).settle(900);
  assert.throws(() => budgets.reserve(caller, limits, 0), refused);
});

test('the ledger is asked once for what was spent in the window before this process began', () => {
  const { budgets, asked } = start(950);
  const limits = limitsOf(DAY);
  budgets.reserve(caller, limits, 50).settle(50);
  assert.throws(() => budgets.reserve(caller, limits, 1), refused);
  assert.deepEqual(asked, [Date.parse('2026-11-22T00:00:00Z')]);
});

test('a new window begins with nothing spent, but with what is still under way', () => {
  const { budgets, clock } = start(0);
  const limits = limitsOf(DAY);
  budgets.reserve(caller, limits, 400).settle(400);
  const running = budgets.reserve(caller, limits, 500);
  clock.nowMs = Date.parse('2026-11-23T00:00:00Z');
  assert.throws(() => budgets.reserve(caller, limits, 501), refused);
  running.settle(300);
  budgets.reserve(caller, limits, 700);
});

test('a clock that is set back gives nobody a budget twice', () => {
  const { budgets, clock } = start();
  const limits = limitsOf(DAY);
  budgets.reserve(caller, limits, 1_000).settle(1_000);
  clock.nowMs -= 86_400_000;
  assert.throws(() => budgets.reserve(caller, limits, 1), refused);
});

test('all budgets of a key hold, and the refusal tells of the one that is full', () => {
  const { budgets } = start();
  const limits = limitsOf(DAY, { maxMicroUsd: 300, per: 'total', timeZone: 'UTC' });
  budgets.reserve(caller, limits, 300).settle(300);
  assert.throws(
    () => budgets.reserve(caller, limits, 1),
    (error: unknown) =>
      error instanceof GatewayError && error.data?.budget === 'total' && error.data.retryAfterMs === undefined,
  );
  assert.equal(budgets.shareUsed(caller, limits), 1);
});

test('a raised budget keeps what was spent and what is reserved', () => {
  const { budgets } = start();
  const before = limitsOf(DAY);
  const running = budgets.reserve(caller, before, 1_000);
  const after = limitsOf({ ...DAY, maxMicroUsd: 2_000 });
  assert.throws(() => budgets.reserve(caller, after, 1_001), refused);
  budgets.reserve(caller, after, 1_000).settle(1_000);
  running.settle(1_000);
  assert.throws(() => budgets.reserve(caller, after, 1), refused);
});

test('whatever comes in whatever order: never more is spent than allowed and what estimates were too low by', () => {
  const step = fc.record({
    estimate: fc.integer({ min: 0, max: 300 }),
    over: fc.integer({ min: 0, max: 50 }),
    settlesFirst: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 64 }), (steps) => {
      const { budgets } = start();
      const limits = limitsOf(DAY);
      const running: { reservation: Reservation; cost: number; over: number }[] = [];
      let spent = 0;
      let over = 0;
      const settle = (): void => {
        const one = running.shift();
        if (one === undefined) return;
        one.reservation.settle(one.cost);
        spent += one.cost;
        over += one.over;
      };
      for (const { estimate, over: more, settlesFirst } of steps) {
        if (settlesFirst) settle();
        try {
          running.push({ reservation: budgets.reserve(caller, limits, estimate), cost: estimate + more, over: more });
        } catch (error) {
          if (!refused(error)) throw error;
        }
      }
      while (running.length > 0) settle();
      assert.ok(spent - over <= DAY.maxMicroUsd, `${spent} spent, estimates too low by ${over}`);
    }),
    { numRuns: 1_000 },
  );
});
