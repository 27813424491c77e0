import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testAccountStore } from '../../../../test/support/account-store-suite.ts';
import { testIdempotencyStore } from '../../../../test/support/idempotency-store-suite.ts';
import { testOAuthStore } from '../../../../test/support/oauth-store-suite.ts';
import { usePostgres } from '../../../../test/support/postgres.ts';
import { createAccountStore } from './accounts.ts';
import { createIdempotencyStore } from './idempotency.ts';
import { createOAuthStore } from './oauth.ts';
import { createOutbox } from './outbox.ts';
import { openForTest } from './testing/open-for-test.ts';

const { skip, server } = usePostgres();

if (skip === false) {
  testAccountStore('PostgreSQL', async (t) => createAccountStore(await openForTest(t, await server.newDatabase())));
  testOAuthStore('PostgreSQL', async (t) => {
    const url = await server.newDatabase();
    return async () => createOAuthStore(await openForTest(t, url));
  });
  testIdempotencyStore('PostgreSQL', async (t) => {
    const url = await server.newDatabase();
    return async () => createIdempotencyStore(await openForTest(t, url));
  });
}

test('attempts side by side at two replicas all count', { skip }, async (t) => {
  const url = await server.newDatabase();
  const stores = await Promise.all([1, 2].map(async () => createAccountStore(await openForTest(t, url))));
  const rule = { free: 3, firstWaitMs: 1_000, maxWaitMs: 8_000, forgetMs: 100_000 };
  const waits = await Promise.all(Array.from({ length: 20 }, (_, i) => stores[i % 2]?.beginAttempt('name:x', rule, 5)));
  assert.equal(waits.filter((wait) => wait === 0).length, 4);
});

test('an event that two replicas notice is told once, by one of them; what a dead one took, by the other', {
  skip,
}, async (t) => {
  const url = await server.newDatabase();
  const [one, other] = await Promise.all([1, 2].map(async () => createOutbox(await openForTest(t, url), 4)));
  assert.ok(one && other);
  const event = { id: 'e1', type: 'budget.exceeded', keepUntilMs: 5_000, body: '{}' } as const;
  await Promise.all([one.add(event, ['a', 'b'], 10), other.add(event, ['a', 'b'], 11)]);
  const taken = (await Promise.all([one.take(16, 100, 20), other.take(16, 100, 20)])).flat();
  assert.deepEqual(taken.map(({ hook, attempts }) => [hook, attempts]).sort(), [
    ['a', 0],
    ['b', 0],
  ]);
  const [first] = taken;
  assert.ok(first);
  await one.done(first, 30);
  assert.deepEqual(await other.take(16, 100, 119), []);
  const again = await other.take(16, 100, 120);
  assert.deepEqual(
    again.map(({ hook, attempts }) => [hook, attempts]),
    [[first.hook === 'a' ? 'b' : 'a', 1]],
  );
  assert.equal(await one.add(event, ['a'], 130), 'kept', 'known, and not told again');
  assert.deepEqual(await one.take(16, 100, 131), []);
  assert.equal(await one.add({ ...event, id: 'e2' }, ['a', 'b', 'c'], 140), 'kept');
  assert.equal(await one.add({ ...event, id: 'e3' }, ['a'], 140), 'full');
});
