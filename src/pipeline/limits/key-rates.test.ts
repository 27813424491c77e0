import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { UsageLimits } from '../../contracts/limits.ts';
import { createKeyRates } from './key-rates.ts';

const NONE: UsageLimits = { requests: [], tokens: [], toolCalls: [], budgets: [] };
const CALL = { tokens: 0, isToolCall: false };
const caller = (keyId = 'a'): Caller => ({ keyId, keyName: keyId, grant: { allow: ['*'], deny: [] } });

function start() {
  const clock = { nowMs: 1_000_000 };
  return { clock, rates: createKeyRates({ monotonicMs: () => clock.nowMs }) };
}

function refusal(run: () => unknown): { limit: unknown; retryAfterMs: unknown } {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.code === 'rate_limited');
    return { limit: error.data?.limit, retryAfterMs: error.data?.retryAfterMs };
  }
  throw new Error('was let through');
}

test('a key over its requests is refused until told, and others are not', () => {
  const { clock, rates } = start();
  const limits = { ...NONE, requests: [{ max: 2, per: 'minute' as const }] };
  rates.enter(caller(), limits, CALL);
  rates.enter(caller(), limits, CALL);
  const { limit, retryAfterMs } = refusal(() => rates.enter(caller(), limits, CALL));
  assert.equal(limit, 'requests');
  rates.enter(caller('b'), limits, CALL);
  clock.nowMs += Number(retryAfterMs);
  rates.enter(caller(), limits, CALL);
});

test('a refused call counts nowhere', () => {
  const { rates } = start();
  const limits: UsageLimits = {
    ...NONE,
    requests: [{ max: 5, per: 'minute' }],
    toolCalls: [{ max: 1, per: 'minute' }],
  };
  const tool = { tokens: 0, isToolCall: true };
  rates.enter(caller(), limits, tool);
  for (let i = 0; i < 10; i++) assert.equal(refusal(() => rates.enter(caller(), limits, tool)).limit, 'toolCalls');
  for (let i = 0; i < 4; i++) rates.enter(caller(), limits, CALL);
  assert.equal(refusal(() => rates.enter(caller(), limits, CALL)).limit, 'requests');
});

test('as many as allowed are under way, and one that is over makes room', () => {
  const { rates } = start();
  const limits = { ...NONE, maxConcurrent: 2 };
  const first = rates.enter(caller(), limits, CALL);
  rates.enter(caller(), limits, CALL);
  assert.equal(refusal(() => rates.enter(caller(), limits, CALL)).limit, 'maxConcurrent');
  first.leave(0);
  rates.enter(caller(), limits, CALL);
});

test('tokens count as expected first, and as used when the call is over', () => {
  const { rates } = start();
  const limits = { ...NONE, tokens: [{ max: 100, per: 'minute' as const }] };
  const call = rates.enter(caller(), limits, { tokens: 10, isToolCall: false });
  assert.equal(call.standing?.remaining, 90);
  call.leave(95);
  assert.equal(refusal(() => rates.enter(caller(), limits, { tokens: 6, isToolCall: false })).limit, 'tokens');
  rates.enter(caller(), limits, { tokens: 5, isToolCall: false });
});

test('a prompt larger than the whole limit is let through once nothing else is counted: it could never be otherwise', () => {
  const { rates } = start();
  const limits = { ...NONE, tokens: [{ max: 100, per: 'minute' as const }] };
  rates.enter(caller(), limits, { tokens: 1_000, isToolCall: false });
  assert.equal(refusal(() => rates.enter(caller(), limits, { tokens: 1, isToolCall: false })).limit, 'tokens');
});

test('a change of one limit is no amnesty for another', () => {
  const { rates } = start();
  const before: UsageLimits = { ...NONE, requests: [{ max: 1, per: 'hour' }] };
  rates.enter(caller(), before, CALL);
  const after: UsageLimits = { ...NONE, requests: [{ max: 1, per: 'hour' }], maxConcurrent: 9 };
  assert.equal(refusal(() => rates.enter(caller(), after, CALL)).limit, 'requests');
});

test('the standing is that of the limit that is nearest', () => {
  const { rates } = start();
  const limits: UsageLimits = {
    ...NONE,
    requests: [
      { max: 1_000, per: 'hour' },
      { max: 4, per: 'second' },
    ],
  };
  assert.deepEqual(rates.enter(caller(), limits, CALL).standing, { max: 4, remaining: 3, resetMs: 0 });
});
