import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Level } from '../contracts/caller.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import { GatewayError } from '../contracts/errors.ts';
import type { LimitStore, LimitVerdict, UsageLimits } from '../contracts/limits.ts';
import { Secret } from '../contracts/secret.ts';
import type { WebhookEvent } from '../contracts/webhooks.ts';
import { createHarness, offerOf } from './fixtures/harness.ts';
import { createMemoryLimitStore } from './limits/memory-limit-store.ts';
import { createOwnLimitStore } from './limits/own-limit-store.ts';

const NONE: UsageLimits = { requests: [], tokens: [], toolCalls: [], budgets: [] };
const ALL = { allow: ['*'], deny: [] };
const PRICES: GatewayConfig['prices'] = {
  tools: [{ source: '*', server: '*', tool: '*', value: { perCallMicroUsd: 100 } }],
};
const budget = (maxMicroUsd: number, more: object = {}): UsageLimits => ({
  ...NONE,
  budgets: [{ maxMicroUsd, per: 'day', timeZone: 'UTC', ...more }],
});
const level = (type: Level['type'], name: string, limits: UsageLimits): Level => ({
  ...{ type, id: `${type}_1`, name, grant: undefined, limits },
});

const spend = { spent: () => 0 };
const LOST: LimitStore = {
  enter: () => Promise.resolve<LimitVerdict>({ type: 'unavailable' }),
  used: () => Promise.resolve(undefined),
  async [Symbol.asyncDispose]() {},
};

function start(options: Parameters<typeof createHarness>[1] = {}) {
  const offer = offerOf({ tools: [{ name: 'read', readOnly: true }, { name: 'write' }] });
  const h = createHarness({ a: offer, b: offer }, { ...options, config: { prices: PRICES, ...options.config } });
  h.keys.nowMs = Date.parse('2026-11-25T12:00:00Z');
  const call = (key: string, name = 'a__read') => {
    h.gateway.refreshKeys();
    return h.call('tools.call', { name, key });
  };
  const refusal = async (key: string, name = 'a__read'): Promise<GatewayError> => {
    try {
      await call(key, name);
    } catch (error) {
      assert.ok(error instanceof GatewayError);
      return error;
    }
    throw new Error('was let through');
  };
  return { h, call, refusal, made: () => h.servers.get('a')?.requests.length ?? 0 };
}

test('what a team may use is shared by its keys, and whoever meets it is told whose it is but not what others did', async () => {
  const { h, call, refusal } = start();
  const team = level('team', 'research', {
    ...budget(250),
    requests: [{ max: 3, per: 'hour', on: ['a/*'] }],
  });
  h.keys.add('anna', ALL, { levels: [team] });
  h.keys.add('ben', ALL, { levels: [team], limits: budget(100) });
  await call('anna');
  await call('anna');
  const poor = await refusal('ben');
  assert.equal(poor.message, 'A budget has no room for this call: team research: 0.00025 USD per day');
  assert.deepEqual(poor.data, {
    ...{ budget: 'day', maxMicroUsd: 250, level: { type: 'team', name: 'research' } },
    ...{ estimateMicroUsd: 100, retryAfterMs: 12 * 3_600_000 },
  });
  const slow = await refusal('ben');
  assert.equal(slow.message, 'A limit is used up: team research: 3 requests per hour on a/*');
  assert.deepEqual(
    { ...slow.data, retryAfterMs: 0 },
    {
      ...{
        limit: 'requests',
        max: 3,
        per: 'hour',
        level: { type: 'team', name: 'research' },
        on: ['a/*'],
        retryAfterMs: 0,
      },
    },
  );
});

test('of its own budget a key is told everything', async () => {
  const { h, call, refusal } = start();
  h.keys.add('ben', ALL, { limits: budget(150) });
  await call('ben');
  const { message, data } = await refusal('ben');
  assert.equal(message, 'A budget has no room for this call: key ben: 0.00015 USD per day');
  assert.equal(data?.spentMicroUsd, 100);
  assert.equal(data?.reservedMicroUsd, 0);
});

test('a budget on some targets leaves the others alone', async () => {
  const { h, call, refusal } = start();
  h.keys.add('ben', ALL, { limits: budget(100, { on: ['a/write', 'b'] }) });
  await call('ben', 'a__read');
  await call('ben', 'a__write');
  assert.equal((await refusal('ben', 'b__read')).code, 'budget_exceeded');
  await call('ben', 'a__read');
});

test('every level that a call counts for is in its row', async () => {
  const { h, call } = start();
  const levels = [level('user', 'anna', NONE), level('team', 't', NONE), level('organization', 'o', NONE)];
  h.keys.add('anna', ALL, { levels, labels: { customer: 'x' } });
  await call('anna');
  const { userId, teamId, organizationId, labels } = h.trail.events.at(-1) ?? {};
  assert.deepEqual([userId, teamId, organizationId, labels], ['user_1', 'team_1', 'organization_1', { customer: 'x' }]);
});

test('a store that answers later is waited for, and settled', async () => {
  const clocks = { now: () => 0, monotonicMs: () => 0 };
  const memory = createMemoryLimitStore({ spend, ...clocks });
  const later: LimitStore = {
    ...memory,
    enter: async (callId, uses) => memory.enter(callId, uses),
    used: async (line) => memory.used(line),
  };
  const { h, call, refusal } = start({ limitStore: later });
  h.keys.add('ben', ALL, { limits: { ...budget(1_000), maxConcurrent: 1 } });
  for (let i = 0; i < 3; i++) await call('ben');
  assert.equal(h.trail.events.at(-1)?.result, 'ok');
  const [first, second] = [call('ben'), refusal('ben')];
  await first;
  assert.equal((await second).code, 'rate_limited');
  await call('ben');
});

test('while limits cannot be counted, calls that have any are refused, and the others are made', async () => {
  const { h, call, refusal, made } = start({ limitStore: LOST });
  h.keys.add('ben', ALL, { limits: budget(1_000) });
  h.keys.add('free', ALL);
  const error = await refusal('ben');
  assert.equal(error.code, 'limits_unavailable');
  assert.equal(made(), 0);
  await call('free');
  assert.equal(made(), 1);
});

test('if the operator prefers, each process counts for itself meanwhile, also without the ledger', async () => {
  const clocks = { now: () => 0, monotonicMs: () => 0 };
  const own = createOwnLimitStore({ ...clocks, spend: { spent: () => Promise.reject(new Error('lost')) } });
  const { h, call, refusal } = start({ limitStore: LOST, ownLimitStore: own });
  h.gateway.swap(h.config({ limits: { ...h.config().limits, onStoreLoss: 'allow' } }));
  h.keys.add('ben', ALL, { limits: budget(250) });
  await call('ben');
  await call('ben');
  assert.equal((await refusal('ben')).code, 'budget_exceeded');
});

const HOOKS: Partial<GatewayConfig> = {
  webhooks: [{ name: 'ops', url: 'https://example.com', secret: new Secret('s'), events: ['budget.threshold'] }],
};

/** What was told by the time nothing more is to come. */
async function told(events: readonly WebhookEvent[]): Promise<string[]> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
  return events.map(({ type, data }) => `${type} ${data.share ?? ''} of ${data.budget}`);
}

test('each threshold of a budget is told once in a window, and so is that it refused a call', async () => {
  const events: WebhookEvent[] = [];
  const { h, call, refusal } = start({ config: HOOKS, tell: (event) => void events.push(event) });
  const team = level('team', 'research', budget(450, { alertAt: [0.8, 0.2] }));
  for (const key of ['anna', 'ben']) h.keys.add(key, ALL, { levels: [team] });
  const name = 'team research: 0.00045 USD per day';
  await call('anna');
  assert.deepEqual(await told(events), [`budget.threshold 0.2 of ${name}`]);
  await call('ben');
  await call('anna');
  assert.equal((await told(events)).length, 1);
  await call('ben');
  assert.deepEqual((await told(events)).slice(1), [`budget.threshold 0.8 of ${name}`]);
  for (let i = 0; i < 3; i++) await refusal('anna');
  assert.deepEqual((await told(events)).slice(2), [`budget.exceeded  of ${name}`]);
  const [first] = events;
  assert.deepEqual(first?.data, {
    ...{ budget: name, level: { type: 'team', id: 'team_1', name: 'research' }, per: 'day', maxMicroUsd: 450 },
    ...{ usedMicroUsd: 100, share: 0.2, windowStart: '2026-11-25T00:00:00.000Z' },
  });
  h.keys.nowMs += 86_400_000;
  await call('anna');
  assert.equal((await told(events)).length, 4, 'and again in the next window');
  assert.notEqual(events[3]?.id, first?.id);
});

test('two processes name the same fact alike', async () => {
  const ids = await Promise.all(
    [1, 2].map(async () => {
      const events: WebhookEvent[] = [];
      const { h, call } = start({ config: HOOKS, tell: (event) => void events.push(event) });
      h.keys.add('anna', ALL, { levels: [level('team', 'research', budget(100, { alertAt: [1] }))] });
      await call('anna');
      await told(events);
      return events.map(({ id }) => id);
    }),
  );
  assert.equal(ids[0]?.length, 1);
  assert.deepEqual(ids[0], ids[1]);
});

test('a call waits where its limits have a queue, in place of being refused, and goes when its client does', async () => {
  const { h, call } = start();
  const queue = { maxWaiting: 1, maxWaitMs: 60_000 };
  h.keys.add('patient', ALL, { limits: { ...NONE, maxConcurrent: 1, queue } });
  const a = h.servers.get('a');
  assert.ok(a);
  const gates = [1, 2].map(() => Promise.withResolvers<void>());
  let asked = 0;
  a.answer = async () => {
    await gates[asked++]?.promise;
    return { type: 'result', text: '{"content":[]}' };
  };
  const first = call('patient');
  const second = call('patient');
  const third = call('patient');
  await assert.rejects(third, { code: 'rate_limited' });
  assert.deepEqual([asked, h.gateway.queueFigures().waiting], [1, 1]);
  gates[0]?.resolve();
  await first;
  gates[1]?.resolve();
  await second;
  assert.deepEqual([asked, h.gateway.queueFigures().waiting, h.gateway.queueFigures().waited], [2, 0, 1]);
});
