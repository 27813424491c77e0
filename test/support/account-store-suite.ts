/** What every account store has to do, whatever it is kept in. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AccountStore, StoredSession } from '../../src/contracts/accounts.ts';

const RULE = { free: 3, firstWaitMs: 1_000, maxWaitMs: 8_000, forgetMs: 100_000 };

const session = (id: string, change: Partial<StoredSession> = {}): StoredSession => ({
  ...{ id, hash: `hash-${id}`, userId: 'user_1', role: 'admin', createdAtMs: 10, lastSeenAtMs: 10, endsAtMs: 1_000 },
  ...{ provider: undefined, address: '192.0.2.1', userAgent: 'Browser', sealed: undefined },
  ...change,
});

/** `open` gives an empty store, closed when the test is over. */
export function testAccountStore(what: string, open: (t: TestContext) => Promise<AccountStore>): void {
  const check = (name: string, body: (store: AccountStore) => Promise<void>): void => {
    test(`${what}: ${name}`, async (t) => body(await open(t)));
  };

  check(
    'a password is kept for each user, and a new one ends sessions and invitations of that user only',
    async (store) => {
      assert.equal(await store.password('user_1'), undefined);
      await store.setPassword('user_1', 'a', 1);
      await store.setPassword('user_2', 'b', 1);
      await store.addSession(session('s1'));
      await store.addSession(session('s2', { userId: 'user_2' }));
      await store.addInvitation('user_1', 'i1', 100);
      await store.addInvitation('user_2', 'i2', 100);
      await store.setPassword('user_1', 'c', 2);
      assert.deepEqual([await store.password('user_1'), await store.password('user_2')], ['c', 'b']);
      assert.equal(await store.findSession('hash-s1'), undefined);
      assert.equal((await store.findSession('hash-s2'))?.id, 's2');
      assert.equal(await store.findInvitation('i1', 2), undefined);
      assert.equal(await store.findInvitation('i2', 2), 'user_2');
    },
  );

  check('a hash is replaced only while it is the one that was read, and sessions live on', async (store) => {
    await store.setPassword('user_1', 'old', 1);
    await store.addSession(session('s1'));
    await store.replaceHash('user_1', 'other', 'lost');
    assert.equal(await store.password('user_1'), 'old');
    await store.replaceHash('user_1', 'old', 'new');
    assert.equal(await store.password('user_1'), 'new');
    assert.ok(await store.findSession('hash-s1'));
  });

  check('whoever is forgotten leaves nothing', async (store) => {
    await store.setPassword('user_1', 'a', 1);
    await store.addSession(session('s1'));
    await store.addInvitation('user_1', 'i1', 100);
    await store.forgetUser('user_1');
    assert.deepEqual(
      [await store.password('user_1'), await store.findSession('hash-s1'), await store.findInvitation('i1', 2)],
      [undefined, undefined, undefined],
    );
  });

  check('an invitation is good once, until it expires, and a new one voids the old', async (store) => {
    await store.addInvitation('user_1', 'i1', 100);
    await store.addInvitation('user_1', 'i2', 100);
    assert.equal(await store.takeInvitation('i1', 50), undefined);
    assert.equal(await store.findInvitation('i2', 100), undefined);
    assert.equal(await store.takeInvitation('i2', 100), undefined);
    const taken = await Promise.all([store.takeInvitation('i2', 99), store.takeInvitation('i2', 99)]);
    assert.deepEqual(
      taken.filter((each) => each !== undefined),
      ['user_1'],
    );
  });

  check('failures beyond the free ones wait twice as long each, up to a ceiling, and are forgotten', async (store) => {
    let nowMs = 5_000;
    const attempt = () => store.beginAttempt('name:a', RULE, nowMs);
    for (let i = 0; i < 4; i++) assert.equal(await attempt(), 0);
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 8_000]) {
      assert.equal(await attempt(), waitMs);
      nowMs += waitMs - 1;
      // Asking too early changes nothing.
      assert.equal(await attempt(), 1);
      nowMs += 1;
      assert.equal(await attempt(), 0);
    }
    assert.equal(await store.beginAttempt('name:b', RULE, nowMs), 0);
    nowMs += RULE.forgetMs;
    for (let i = 0; i < 4; i++) assert.equal(await attempt(), 0);
    assert.equal(await attempt(), 1_000);
  });

  check('attempts side by side all count, and no clock set back makes the wait longer than the rule', async (store) => {
    const waits = await Promise.all(Array.from({ length: 20 }, () => store.beginAttempt('name:a', RULE, 50_000)));
    assert.equal(waits.filter((waitMs) => waitMs === 0).length, RULE.free + 1);
    const wait = await store.beginAttempt('name:a', RULE, 10);
    assert.ok(wait > 0 && wait <= RULE.maxWaitMs, String(wait));
  });

  check('an attempt that was no failure is taken back or clears all', async (store) => {
    for (let i = 0; i < 10; i++) {
      assert.equal(await store.beginAttempt('address:a', RULE, 1), 0);
      await store.takeBackAttempt('address:a');
    }
    for (let i = 0; i < 4; i++) await store.beginAttempt('name:a', RULE, 1);
    assert.equal(await store.beginAttempt('name:a', RULE, 1), 1_000);
    await store.clearAttempts('name:a');
    assert.equal(await store.beginAttempt('name:a', RULE, 1), 0);
  });

  check('a session is found by its hash as it was made, and listed newest first', async (store) => {
    const first = session('s1', { provider: 'corp', sealed: 'xyz', address: undefined, userAgent: undefined });
    const second = session('s2', { createdAtMs: 20, role: 'member' });
    await store.addSession(first);
    await store.addSession(second);
    await store.addSession(session('s3', { userId: 'user_2' }));
    assert.deepEqual(await store.findSession('hash-s1'), first);
    assert.equal(await store.findSession('s1'), undefined);
    assert.deepEqual(await store.listSessions('user_1'), [second, first]);
  });

  check('a session is touched forwards only, and ended by its user alone', async (store) => {
    await store.addSession(session('s1'));
    await store.addSession(session('s2'));
    await store.touchSession('s1', 90);
    await store.touchSession('s1', 80);
    assert.equal((await store.findSession('hash-s1'))?.lastSeenAtMs, 90);
    assert.equal(await store.endSession('user_2', 's1'), false);
    assert.equal(await store.endSession('user_1', 's1'), true);
    assert.equal(await store.endSession('user_1', 's1'), false);
    assert.equal(await store.findSession('hash-s1'), undefined);
    assert.equal(await store.endSessions('user_1'), 1);
    assert.deepEqual(await store.listSessions('user_1'), []);
  });

  check('one person has fifty sessions at most: the oldest makes room', async (store) => {
    for (let i = 0; i < 52; i++) await store.addSession(session(`s${i}`, { createdAtMs: i }));
    const ids = (await store.listSessions('user_1')).map(({ id }) => id);
    assert.deepEqual([ids.length, ids[0], ids.at(-1)], [50, 's51', 's2']);
  });

  check('a sign-in under way is taken once, and not after its time', async (store) => {
    const signIn = { browserHash: 'b', provider: 'corp', sealed: 'xyz', expiresAtMs: 100 };
    await store.addSignIn('state', signIn);
    await store.addSignIn('late', signIn);
    const taken = await Promise.all([store.takeSignIn('state', 99), store.takeSignIn('state', 99)]);
    assert.deepEqual(
      taken.filter((each) => each !== undefined),
      [signIn],
    );
    assert.equal(await store.takeSignIn('late', 100), undefined);
    assert.equal(await store.takeSignIn('late', 99), undefined);
  });

  check('a sweep takes what has ended, and nothing else', async (store) => {
    await store.addSession(session('old', { endsAtMs: 500 }));
    await store.addSession(session('idle', { lastSeenAtMs: 300 }));
    await store.addSession(session('good', { lastSeenAtMs: 301 }));
    await store.addInvitation('user_1', 'i1', 500);
    await store.addInvitation('user_2', 'i2', 501);
    await store.addSignIn('state', { browserHash: 'b', provider: 'corp', sealed: 'xyz', expiresAtMs: 501 });
    await store.sweep(500, 300);
    assert.deepEqual(
      (await store.listSessions('user_1')).map(({ id }) => id),
      ['good'],
    );
    assert.equal(await store.findInvitation('i1', 0), undefined);
    assert.equal(await store.findInvitation('i2', 500), 'user_2');
    assert.ok(await store.takeSignIn('state', 500));
  });
}
