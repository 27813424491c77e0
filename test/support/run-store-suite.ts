/** What every store of runs has to keep to, whichever engine carries it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentRun, RunStore } from '../../src/contracts/runs.ts';
import type { Cleanup } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

/** One that runs, with a lease until 5,000. */
export function agentRun(id: string, change: Partial<AgentRun> = {}): AgentRun {
  return {
    ...{ id, keyId: 'key_1', keyName: 'ada', userId: 'user_1', model: 'openai/gpt', dialect: 'openai-chat' },
    ...{ state: 'running', end: undefined, startedAtMs: 1_000, updatedAtMs: 1_000, expiresAtMs: 10_000 },
    ...{ rounds: 1, calls: 2, inputTokens: 30, outputTokens: 4, costMicroUsd: 500, pending: [] },
    ...{ sealedState: undefined, leaseUntilMs: 5_000, cancelRequested: false, version: 1 },
    ...change,
  };
}

const idsOf = (runs: readonly AgentRun[]): string[] => runs.map(({ id }) => id);

/** As `testSuggestionStore`. */
export function testRunStore(engine: string, place: (cleanup: Cleanup) => Promise<() => Promise<RunStore>>): void {
  const prepare = async (cleanup: Cleanup): Promise<() => Promise<RunStore>> => {
    const open = await place(cleanup);
    return async () => {
      const store = await open();
      cleanup.after(() => store[Symbol.asyncDispose]());
      return store;
    };
  };
  const check = (name: string, body: (store: RunStore) => Promise<void>): void => {
    test(`${engine}: ${name}`, async (t) => body(await (await prepare(t))()));
  };

  test(`${engine}: a run is found as it was added, also by another process`, async (t) => {
    const open = await prepare(t);
    const [one, other] = [await open(), await open()];
    const full = agentRun('run-a', {
      ...{ state: 'waiting', pending: ['tc-1', 'tc "2"'], sealedState: 'sealed', cancelRequested: true },
    });
    const bare = agentRun('run-b', { userId: undefined, state: 'failed', end: 'max-rounds' });
    await one.add(full);
    await one.add(bare);
    assert.deepEqual([await other.find('run-a'), await other.find('run-b')], [full, bare]);
    assert.equal(await other.find('run-c'), undefined);
  });

  check('the run that waits for a result is found by any of the calls, for its key only', async (store) => {
    await store.add(agentRun('run-a', { state: 'waiting', pending: ['tc-1', 'tc-2'] }));
    await store.add(agentRun('run-b', { state: 'running', pending: ['tc-3'] }));
    await store.add(agentRun('run-c', { state: 'waiting', pending: ['tc-1'], keyId: 'key_2' }));
    assert.equal((await store.findWaiting('key_1', ['tc-9', 'tc-2']))?.id, 'run-a');
    assert.equal((await store.findWaiting('key_2', ['tc-1']))?.id, 'run-c');
    assert.equal(await store.findWaiting('key_1', ['tc-3']), undefined);
    assert.equal(await store.findWaiting('key_1', []), undefined);
    assert.equal(await store.findWaiting('key_3', ['tc-1']), undefined);
  });

  check('a list is newest first, by what is asked for, page by page', async (store) => {
    for (let i = 0; i < 5; i++)
      await store.add(agentRun(`run-${i}`, { keyId: `key_${i % 2}`, state: i === 3 ? 'done' : 'running' }));
    const list = async (filter: object) => idsOf(await store.list({ limit: 10, ...filter }));
    assert.deepEqual(await list({}), ['run-4', 'run-3', 'run-2', 'run-1', 'run-0']);
    assert.deepEqual(await list({ limit: 2, afterId: 'run-3' }), ['run-2', 'run-1']);
    assert.deepEqual(await list({ keyId: 'key_1', state: 'running' }), ['run-1']);
    assert.deepEqual(await list({ afterId: 'run-gone' }), []);
  });

  test(`${engine}: of fifty who go on from the same version at once, in two processes, exactly one does`, async (t) => {
    const open = await prepare(t);
    const stores = [await open(), await open()];
    await stores[0]?.add(agentRun('run-a', { state: 'waiting', pending: ['tc-1'] }));
    const done = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => stores[i % 2]?.replace(agentRun('run-a', { rounds: 100 + i }), 1)),
    );
    assert.equal(done.filter((isDone) => isDone).length, 1);
    const now = await stores[1]?.find('run-a');
    assert.deepEqual([now?.version, now?.rounds, now?.state], [2, 100 + done.indexOf(true), 'running']);
    assert.equal(await stores[0]?.replace(agentRun('run-x'), 1), false);
  });

  check('whoever drives a run keeps going from the version it has, and finds the wish to cancel', async (store) => {
    await store.add(agentRun('run-a'));
    assert.equal(await store.requestCancel('run-a', 2_000), true);
    assert.deepEqual(await store.find('run-a'), agentRun('run-a', { cancelRequested: true, updatedAtMs: 2_000 }));
    assert.equal(await store.replace(agentRun('run-a', { rounds: 2 }), 1), true);
    const now = await store.find('run-a');
    assert.deepEqual([now?.rounds, now?.cancelRequested, now?.version], [2, true, 2]);
  });

  check('a run that waits is cancelled at once; one that is to be cancelled does not begin to wait', async (store) => {
    const waiting = agentRun('run-a', { state: 'waiting', pending: ['tc-1'], sealedState: 'sealed' });
    await store.add(waiting);
    assert.equal(await store.requestCancel('run-a', 2_000), true);
    const cancelled = await store.find('run-a');
    assert.deepEqual(
      [cancelled?.state, cancelled?.end, cancelled?.pending, cancelled?.sealedState, cancelled?.version],
      ['cancelled', 'cancelled', [], undefined, 2],
    );
    assert.equal(await store.replace(agentRun('run-a'), 1), false, 'nobody goes on with it');
    assert.equal(await store.findWaiting('key_1', ['tc-1']), undefined);

    await store.add(agentRun('run-b'));
    await store.requestCancel('run-b', 2_000);
    assert.equal(await store.replace({ ...waiting, id: 'run-b' }, 1), true);
    const late = await store.find('run-b');
    assert.deepEqual([late?.state, late?.end, late?.sealedState], ['cancelled', 'cancelled', undefined]);
  });

  check('what is over cannot be cancelled', async (store) => {
    await store.add(agentRun('run-a', { state: 'done', end: 'answered' }));
    assert.equal(await store.requestCancel('run-a', 2_000), false);
    assert.equal(await store.requestCancel('run-x', 2_000), false);
    assert.deepEqual(await store.find('run-a'), agentRun('run-a', { state: 'done', end: 'answered' }));
  });

  test(`${engine}: running ones that nobody drives any more are lost, each told to one caller only`, async (t) => {
    const open = await prepare(t);
    const stores = [await open(), await open()];
    for (let i = 0; i < 12; i++) await stores[0]?.add(agentRun(`run-${i}`, { sealedState: 'sealed' }));
    await stores[0]?.add(agentRun('run-alive', { leaseUntilMs: 5_001 }));
    await stores[0]?.add(agentRun('run-waits', { state: 'waiting', leaseUntilMs: 0 }));
    assert.deepEqual(await stores[0]?.reap(4_999, 10), []);
    const found = await Promise.all(stores.flatMap((store) => [store.reap(5_000, 100), store.reap(5_000, 3)]));
    const lost = found.flat();
    assert.deepEqual([lost.length, new Set(idsOf(lost)).size], [12, 12]);
    for (const { state, end, version, sealedState, updatedAtMs } of lost)
      assert.deepEqual([state, end, version, sealedState, updatedAtMs], ['failed', 'lost', 2, undefined, 5_000]);
    assert.equal(await stores[0]?.replace(agentRun('run-0', { state: 'done' }), 1), false);
    assert.deepEqual(idsOf((await stores[0]?.list({ state: 'running', limit: 10 })) ?? []), ['run-alive']);
  });

  check('what ended or waited in vain long ago goes; what runs or can still go on stays', async (store) => {
    await store.add(agentRun('run-running', { updatedAtMs: 1 }));
    await store.add(agentRun('run-done', { state: 'done', updatedAtMs: 1_999 }));
    await store.add(agentRun('run-fresh', { state: 'failed', updatedAtMs: 2_000 }));
    await store.add(agentRun('run-waits', { state: 'waiting', updatedAtMs: 1, expiresAtMs: 2_000 }));
    await store.add(agentRun('run-vain', { state: 'waiting', updatedAtMs: 1, expiresAtMs: 1_999 }));
    assert.deepEqual([await store.prune(2_000), await store.prune(2_000)], [2, 0]);
    assert.deepEqual(idsOf(await store.list({ limit: 10 })), ['run-waits', 'run-fresh', 'run-running']);
  });

  test(`${engine}: every process hears of runs that changed`, async (t) => {
    const open = await prepare(t);
    const [one, other] = [await open(), await open()];
    await one.add(agentRun('run-a'));
    const heard: string[] = [];
    const stop = one.onChange((id) => heard.push(id));
    await other.requestCancel('run-a', 2_000);
    await waitFor('the wish to cancel to be heard', () => heard.includes('run-a'), 2_000);
    await one.add(agentRun('run-b'));
    await waitFor('its own to be heard', () => heard.includes('run-b'), 2_000);
    stop();
  });
}
