/** What every store of approvals has to keep to, whichever engine carries it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Approval, ApprovalStore, ApprovalVote } from '../../src/contracts/approvals.ts';
import type { Cleanup } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

/** One that waits until 10,000. */
export function approval(id: string, change: Partial<Approval> = {}): Approval {
  return {
    ...{ id, suggestionId: `sug-of-${id}`, runId: 'run-1', keyId: 'key_1', keyName: 'ada', userId: 'user_1' },
    ...{ serverId: 'files', target: 'write', name: 'files__write', argumentsHash: 'hash', sealedArguments: 'sealed' },
    ...{ definitionHash: 'definition', rule: 'two-eyes', message: 'a person looks', requestedAtMs: 1_000 },
    ...{
      expiresAtMs: 10_000,
      state: 'pending',
      needed: 1,
      votes: [],
      edited: undefined,
      usedBy: undefined,
      version: 1,
    },
    ...change,
  };
}

const VOTE: ApprovalVote = {
  ...{ approver: { type: 'user', id: 'user_2', name: 'bea' }, via: 'console', atMs: 2_000, vote: 'approve' },
  reason: undefined,
};
const idsOf = (approvals: readonly Approval[]): string[] => approvals.map(({ id }) => id);

/** As `testSuggestionStore`. */
export function testApprovalStore(
  engine: string,
  place: (cleanup: Cleanup) => Promise<() => Promise<ApprovalStore>>,
): void {
  const prepare = async (cleanup: Cleanup): Promise<() => Promise<ApprovalStore>> => {
    const open = await place(cleanup);
    return async () => {
      const store = await open();
      cleanup.after(() => store[Symbol.asyncDispose]());
      return store;
    };
  };
  const check = (name: string, body: (store: ApprovalStore) => Promise<void>): void => {
    test(`${engine}: ${name}`, async (t) => body(await (await prepare(t))()));
  };

  test(`${engine}: an approval is found as it was added, also by another process and by its suggestion`, async (t) => {
    const open = await prepare(t);
    const [one, other] = [await open(), await open()];
    const bare = approval('apr_a', { userId: undefined, message: undefined });
    const full = approval('apr_b', {
      ...{ state: 'used', needed: 2, usedBy: 'call-9', edited: { argumentsHash: 'h2', sealedArguments: 's2' } },
      votes: [VOTE, { ...VOTE, vote: 'reject', reason: 'not "this" one' }],
    });
    await one.add(bare);
    await one.add(full);
    assert.deepEqual(await other.find('apr_a'), bare);
    assert.deepEqual(await other.find('apr_b'), full);
    assert.deepEqual(await other.ofSuggestion('sug-of-apr_b'), full);
    assert.equal(await other.find('apr_c'), undefined);
    assert.equal(await other.ofSuggestion('sug_x'), undefined);
  });

  check('of several for one suggestion the newest counts', async (store) => {
    await store.add(approval('apr_b', { suggestionId: 'sug_1', state: 'expired' }));
    await store.add(approval('apr_a', { suggestionId: 'sug_1' }));
    assert.equal((await store.ofSuggestion('sug_1'))?.id, 'apr_a');
  });

  check('a list is newest first, by what is asked for, page by page', async (store) => {
    for (let i = 0; i < 6; i++)
      await store.add(
        approval(`apr_${i}`, {
          ...{ keyId: `key_${i % 2}`, serverId: i < 3 ? 'files' : 'mail', runId: i === 5 ? 'run-2' : 'run-1' },
          state: i === 4 ? 'rejected' : 'pending',
        }),
      );
    const list = async (filter: object) => idsOf(await store.list({ limit: 10, ...filter }));
    assert.deepEqual(await list({}), ['apr_5', 'apr_4', 'apr_3', 'apr_2', 'apr_1', 'apr_0']);
    assert.deepEqual(await list({ limit: 2, afterId: 'apr_4' }), ['apr_3', 'apr_2']);
    assert.deepEqual(await list({ state: 'pending', serverId: 'mail' }), ['apr_5', 'apr_3']);
    assert.deepEqual(await list({ keyId: 'key_0', state: 'pending', afterId: 'apr_2' }), ['apr_0']);
    assert.deepEqual(await list({ runId: 'run-2' }), ['apr_5']);
    assert.deepEqual(await list({ afterId: 'apr_gone' }), []);
  });

  test(`${engine}: of fifty who change the same version at once, in two processes, exactly one does`, async (t) => {
    const open = await prepare(t);
    const stores = [await open(), await open()];
    await stores[0]?.add(approval('apr_a'));
    const tries = Array.from({ length: 50 }, async (_, i) =>
      stores[i % 2]?.replace(approval('apr_a', { state: 'approved', usedBy: `call-${i}`, votes: [VOTE] }), 1),
    );
    const done = await Promise.all(tries);
    assert.equal(done.filter((isDone) => isDone).length, 1);
    const now = await stores[1]?.find('apr_a');
    assert.deepEqual([now?.version, now?.state, now?.usedBy], [2, 'approved', `call-${done.indexOf(true)}`]);
  });

  check('what is replaced is the version after the one it was made from', async (store) => {
    await store.add(approval('apr_a'));
    assert.equal(await store.replace(approval('apr_a', { state: 'approved' }), 2), false);
    assert.equal(await store.replace(approval('apr_x'), 1), false);
    assert.deepEqual(await store.find('apr_a'), approval('apr_a'));
    const edited = { argumentsHash: 'h2', sealedArguments: 's2' };
    assert.equal(await store.replace(approval('apr_a', { state: 'approved', votes: [VOTE], edited }), 1), true);
    assert.deepEqual(
      await store.find('apr_a'),
      approval('apr_a', { state: 'approved', votes: [VOTE], edited, version: 2 }),
    );
  });

  test(`${engine}: pending ones whose time is over expire, each told to one caller only`, async (t) => {
    const open = await prepare(t);
    const stores = [await open(), await open()];
    for (let i = 0; i < 20; i++) await stores[0]?.add(approval(`apr_${i}`, { expiresAtMs: 5_000 + i }));
    await stores[0]?.add(approval('apr_voted', { expiresAtMs: 1, state: 'approved' }));
    assert.deepEqual(await stores[0]?.expire(4_999, 100), []);
    assert.deepEqual(idsOf((await stores[1]?.expire(5_009, 2)) ?? []).sort(), ['apr_0', 'apr_1']);
    const found = await Promise.all(stores.flatMap((store) => [store.expire(5_009, 100), store.expire(5_009, 5)]));
    const expired = found.flat();
    assert.equal(new Set(idsOf(expired)).size, expired.length);
    await stores[0]?.expire(5_009, 100);
    assert.deepEqual(
      expired.map(({ state, version }) => [state, version]),
      expired.map(() => ['expired', 2]),
    );
    const left = await stores[0]?.list({ state: 'pending', limit: 100 });
    assert.equal(left?.length, 10);
    assert.equal((await stores[0]?.find('apr_voted'))?.state, 'approved');
    assert.equal(await stores[1]?.replace(approval('apr_0', { state: 'approved' }), 1), false);
  });

  check('what was over long ago goes, piece by piece; what is pending stays', async (store) => {
    await store.add(approval('apr_pending', { expiresAtMs: 1 }));
    await store.add(approval('apr_old', { expiresAtMs: 1_999, state: 'used' }));
    await store.add(approval('apr_new', { expiresAtMs: 2_000, state: 'used' }));
    assert.deepEqual([await store.prune(2_000), await store.prune(2_000)], [1, 0]);
    assert.deepEqual(idsOf(await store.list({ limit: 10 })), ['apr_new', 'apr_pending']);
  });

  test(`${engine}: every process hears of what changed, its own and others', until it stops listening`, async (t) => {
    const open = await prepare(t);
    const [one, other] = [await open(), await open()];
    const heard: { one: string[]; other: string[] } = { one: [], other: [] };
    const stopOne = one.onChange((id) => heard.one.push(id));
    const stopOther = other.onChange((id) => heard.other.push(id));
    await one.add(approval('apr_a'));
    await waitFor('one to hear of its own', () => heard.one.includes('apr_a'), 2_000);
    await waitFor('the other one to hear', () => heard.other.includes('apr_a'), 2_000);
    await other.replace(approval('apr_a', { state: 'approved' }), 1);
    await waitFor('a change to be heard', () => heard.one.length >= 2, 2_000);
    await one.add(approval('apr_b', { expiresAtMs: 5 }));
    // What changes twice before it is looked at is heard of once.
    await waitFor('the next one to be heard', () => heard.one.includes('apr_b'), 2_000);
    await other.expire(6, 10);
    await waitFor('an expiry to be heard', () => heard.one.filter((id) => id === 'apr_b').length >= 2, 2_000);
    stopOther();
    const before = heard.other.length;
    await one.add(approval('apr_c'));
    await waitFor('one to hear', () => heard.one.includes('apr_c'), 2_000);
    assert.equal(heard.other.length, before);
    stopOne();
  });
}
