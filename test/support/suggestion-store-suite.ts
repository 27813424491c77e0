/** What every ledger of suggestions has to keep to, whichever engine carries it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Suggestion, SuggestionKeeper } from '../../src/contracts/suggestions.ts';
import type { Cleanup } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export interface SuggestionStoreSetting {
  readonly now: () => number;
  readonly leaseMs: number;
}

/** A suggestion of a model, open until 10,000. */
export function suggestion(id: string, change: Partial<Suggestion> = {}): Suggestion {
  return {
    ...{ id, source: 'model', runId: 'run-1', callId: 'call-1', keyId: 'key_1', model: 'openai/gpt' },
    ...{ dialect: 'openai-chat', toolCallId: `tc-${id}`, endpoint: '', name: 'files__read', serverId: 'files' },
    ...{ target: 'read', argumentsHash: 'hash', sealedArguments: `sealed-${id}`, verdict: 'allow', atMs: 1_000 },
    ...{ expiresAtMs: 10_000, state: 'open', executionId: undefined, sealedResult: undefined, endedAtMs: undefined },
    ...change,
  };
}

const idsOf = (suggestions: readonly Suggestion[] = []): string[] => suggestions.map(({ id }) => id);

/**
 * `place` prepares an empty place; its function opens a store on it, as often as wanted, each as another process would. What is
 * opened is closed by the suite.
 */
export function testSuggestionStore(
  engine: string,
  place: (cleanup: Cleanup) => Promise<(setting: SuggestionStoreSetting) => Promise<SuggestionKeeper>>,
): void {
  const prepare = async (cleanup: Cleanup, setting: Partial<SuggestionStoreSetting> = {}) => {
    const open = await place(cleanup);
    return async () => {
      const store = await open({ now: () => 2_000, leaseMs: 60_000, ...setting });
      cleanup.after(() => store[Symbol.asyncDispose]());
      return store;
    };
  };
  const check = (name: string, body: (store: SuggestionKeeper) => Promise<void>): void => {
    test(`${engine}: ${name}`, async (t) => body(await (await prepare(t))()));
  };

  test(`${engine}: a suggestion is found as it was added, also by another process`, async (t) => {
    const open = await prepare(t);
    const [one, other] = [await open(), await open()];
    const full = suggestion('sug_a', { sealedResult: 'r', executionId: 'x', endedAtMs: 5, state: 'done' });
    const bare = suggestion('sug_b', {
      ...{ source: 'client', model: undefined, dialect: undefined, toolCallId: undefined },
      ...{ sealedArguments: undefined, verdict: 'ask', endpoint: 't/triage' },
    });
    await one.add([full, bare]);
    await one.add([]);
    assert.deepEqual(await other.find('sug_a'), full);
    assert.deepEqual(await other.find('sug_b'), bare);
    assert.equal(await other.find('sug_c'), undefined);
  });

  check('what is there already is left as it is', async (store) => {
    await store.add([suggestion('sug_a')]);
    await store.claim('sug_a', 'exec-1', 2_000);
    await store.add([suggestion('sug_a', { name: 'other' }), suggestion('sug_b')]);
    const [a, b] = [await store.find('sug_a'), await store.find('sug_b')];
    assert.deepEqual([a?.name, a?.state, b?.state], ['files__read', 'running', 'open']);
  });

  check('calls of a model are found by their ids, those of this key only, newest first, at most 20', async (store) => {
    for (let i = 0; i < 25; i++) await store.add([suggestion(`sug_${i}`, { toolCallId: `tc-${i % 5}` })]);
    await store.add([suggestion('sug_other', { keyId: 'key_2', toolCallId: 'tc-0' })]);
    await store.add([suggestion('sug_none', { toolCallId: undefined })]);
    assert.deepEqual(idsOf(await store.findByToolCall('key_1', ['tc-0', 'tc-9'])), [
      ...['sug_20', 'sug_15', 'sug_10', 'sug_5', 'sug_0'],
    ]);
    const all = await store.findByToolCall('key_1', ['tc-0', 'tc-1', 'tc-2', 'tc-3', 'tc-4']);
    assert.deepEqual([all.length, all[0]?.id, all[19]?.id], [20, 'sug_24', 'sug_5']);
    assert.deepEqual(idsOf(await store.findByToolCall('key_2', ['tc-0'])), ['sug_other']);
    assert.deepEqual(await store.findByToolCall('key_1', []), []);
  });

  check('what has no id of a call is found by name and arguments', async (store) => {
    for (let i = 0; i < 22; i++) await store.add([suggestion(`sug_${i}`)]);
    await store.add([
      suggestion('sug_x', { argumentsHash: 'other' }),
      suggestion('sug_y', { name: 'files__write' }),
      suggestion('sug_z', { keyId: 'key_2' }),
    ]);
    const found = await store.findByArguments('key_1', 'files__read', 'hash');
    assert.deepEqual([found.length, found[0]?.id, found[19]?.id], [20, 'sug_21', 'sug_2']);
    assert.deepEqual(idsOf(await store.findByArguments('key_2', 'files__read', 'hash')), ['sug_z']);
  });

  check('those of a run come in the order in which they were made', async (store) => {
    await store.add([suggestion('sug_b'), suggestion('sug_a')]);
    await store.add([suggestion('sug_other', { runId: 'run-2' }), suggestion('sug_0')]);
    assert.deepEqual(idsOf(await store.ofRun('run-1')), ['sug_b', 'sug_a', 'sug_0']);
  });

  test(`${engine}: of fifty who claim at once in two processes exactly one has it`, async (t) => {
    const open = await prepare(t);
    const stores = [await open(), await open()];
    await stores[0]?.add([suggestion('sug_a')]);
    const claims = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => stores[i % 2]?.claim('sug_a', `exec-${i}`, 2_000)),
    );
    const winners = claims.flatMap((claim, i) => (claim?.type === 'claimed' ? [`exec-${i}`] : []));
    assert.equal(winners.length, 1);
    for (const claim of claims) {
      if (claim?.type === 'claimed') continue;
      assert.ok(claim?.type === 'taken');
      assert.deepEqual([claim.suggestion.state, claim.suggestion.executionId], ['running', winners[0]]);
    }
  });

  check('what is missing or expired cannot be claimed', async (store) => {
    await store.add([suggestion('sug_a')]);
    assert.deepEqual(await store.claim('sug_b', 'exec-1', 2_000), { type: 'missing' });
    const late = await store.claim('sug_a', 'exec-1', 10_000);
    assert.ok(late.type === 'taken' && late.suggestion.state === 'open');
    assert.deepEqual(await store.claim('sug_a', 'exec-1', 9_999), { type: 'claimed' });
  });

  check('only the execution that has it gives it back, and then another one may have it', async (store) => {
    await store.add([suggestion('sug_a')]);
    await store.claim('sug_a', 'exec-1', 2_000);
    await store.release('sug_a', 'exec-2');
    assert.equal((await store.find('sug_a'))?.state, 'running');
    await store.release('sug_a', 'exec-1');
    assert.deepEqual(await store.find('sug_a'), suggestion('sug_a'));
    assert.deepEqual(await store.claim('sug_a', 'exec-2', 2_000), { type: 'claimed' });
  });

  check('an end is kept once, for the execution that has it, and nobody claims it again', async (store) => {
    await store.add([suggestion('sug_a')]);
    await store.claim('sug_a', 'exec-1', 2_000);
    await store.finish('sug_a', 'exec-2', { state: 'done', sealedResult: 'forged' }, 3_000);
    await store.finish('sug_a', 'exec-1', { state: 'done', sealedResult: 'answer' }, 3_000);
    await store.finish('sug_a', 'exec-1', { state: 'unknown', sealedResult: undefined }, 4_000);
    await store.release('sug_a', 'exec-1');
    const done = suggestion('sug_a', {
      ...{ state: 'done', executionId: 'exec-1', sealedResult: 'answer', endedAtMs: 3_000 },
    });
    assert.deepEqual(await store.find('sug_a'), done);
    assert.deepEqual(await store.claim('sug_a', 'exec-3', 5_000), { type: 'taken', suggestion: done });
    assert.equal(await store.withdraw('sug_a', 6_000), false);
  });

  check('an end nobody heard is unknown, and may still be heard by whoever has it', async (store) => {
    await store.add([suggestion('sug_a'), suggestion('sug_b')]);
    await store.claim('sug_a', 'exec-1', 2_000);
    await store.finish('sug_a', 'exec-1', { state: 'unknown', sealedResult: undefined }, 3_000);
    const claim = await store.claim('sug_a', 'exec-2', 4_000);
    assert.ok(claim.type === 'taken' && claim.suggestion.state === 'unknown');
    await store.finish('sug_a', 'exec-2', { state: 'done', sealedResult: 'forged' }, 5_000);
    assert.equal((await store.find('sug_a'))?.state, 'unknown');
    await store.finish('sug_a', 'exec-1', { state: 'done', sealedResult: 'late' }, 5_000);
    const late = await store.find('sug_a');
    assert.deepEqual([late?.state, late?.sealedResult, late?.endedAtMs], ['done', 'late', 5_000]);
  });

  check('what is open is withdrawn once, and cannot be claimed any more', async (store) => {
    await store.add([suggestion('sug_a'), suggestion('sug_b')]);
    assert.deepEqual(
      [await store.withdraw('sug_a', 3_000), await store.withdraw('sug_a', 4_000), await store.withdraw('sug_x', 1)],
      [true, false, false],
    );
    const claim = await store.claim('sug_a', 'exec-1', 4_000);
    assert.ok(claim.type === 'taken');
    assert.deepEqual([claim.suggestion.state, claim.suggestion.endedAtMs], ['withdrawn', 3_000]);
    await store.claim('sug_b', 'exec-1', 2_000);
    assert.equal(await store.withdraw('sug_b', 3_000), false);
  });

  check('executions that are given up end unknown; others run on', async (store) => {
    await store.add([suggestion('sug_a'), suggestion('sug_b'), suggestion('sug_c')]);
    for (const id of ['a', 'b']) await store.claim(`sug_${id}`, `exec-${id}`, 2_000);
    assert.deepEqual(idsOf(await store.running(10)), ['sug_a', 'sug_b']);
    assert.deepEqual(idsOf(await store.running(1)), ['sug_a']);
    assert.equal(await store.abandon(['exec-a', 'exec-x'], 3_000), 1);
    assert.equal(await store.abandon(['exec-a'], 4_000), 0);
    assert.equal(await store.abandon([], 4_000), 0);
    const [a, b] = [await store.find('sug_a'), await store.find('sug_b')];
    assert.deepEqual([a?.state, a?.endedAtMs, b?.state], ['unknown', 3_000, 'running']);
    assert.deepEqual(idsOf(await store.running(10)), ['sug_b']);
  });

  test(`${engine}: what a process took that is gone is found by its lease, by one other only`, async (t) => {
    const open = await prepare(t);
    const [one, two] = [await open(), await open()];
    await one.add(Array.from({ length: 10 }, (_, i) => suggestion(`sug_${i}`)));
    for (let i = 0; i < 10; i++) await one.claim(`sug_${i}`, `exec-${i}`, 2_000);
    assert.deepEqual(await two.reap(61_999, 100), []);
    assert.equal((await two.reap(62_000, 3)).length, 3);
    const found = await Promise.all([one, two, one, two].map((store) => store.reap(62_000, 100)));
    assert.deepEqual(idsOf(found.flat()).length, 7);
    const [lost] = found.flat();
    assert.deepEqual([lost?.state, lost?.endedAtMs], ['unknown', 62_000]);
    assert.deepEqual(await one.reap(99_000, 100), []);
  });

  test(`${engine}: as long as the process is there, what it took is not lost`, async (t) => {
    let renewals = 0;
    const open = await prepare(t, {
      now: () => {
        renewals++;
        return 5_000;
      },
      leaseMs: 60,
    });
    const [one, other] = [await open(), await open()];
    await one.add([suggestion('sug_a'), suggestion('sug_b')]);
    await one.claim('sug_a', 'exec-a', 2_000);
    await one.claim('sug_b', 'exec-b', 2_000);
    await one.finish('sug_b', 'exec-b', { state: 'done', sealedResult: undefined }, 2_001);
    // The second one begins when the first one is written.
    await waitFor('the lease to be renewed', () => renewals >= 2);
    assert.deepEqual(await other.reap(5_000, 10), [], 'the lease of the beginning was over at 2,060');
    assert.deepEqual(idsOf(await other.reap(5_060, 10)), ['sug_a']);
  });

  check('what ended or expired long ago goes, piece by piece, and nothing else', async (store) => {
    await store.add([
      suggestion('sug_expired', { expiresAtMs: 5_000 }),
      suggestion('sug_open', { expiresAtMs: 5_001 }),
      suggestion('sug_done', { state: 'done', endedAtMs: 4_999, expiresAtMs: 90_000 }),
      suggestion('sug_fresh', { state: 'done', endedAtMs: 6_000, expiresAtMs: 2_000 }),
    ]);
    assert.equal(await store.prune(5_001), 2);
    assert.equal(await store.prune(5_001), 0);
    assert.deepEqual(idsOf(await store.ofRun('run-1')), ['sug_open', 'sug_fresh']);
    await store.add(Array.from({ length: 510 }, (_, i) => suggestion(`sug_${i}`, { expiresAtMs: 4_000 })));
    assert.deepEqual([await store.prune(5_000), await store.prune(5_000), await store.prune(5_000)], [500, 10, 0]);
  });

  test(`${engine}: whatever is done in which order, it is in one hand at a time, and never taken again after an end`, async (t) => {
    const open = await prepare(t);
    const stores = [await open(), await open()];
    let made = 0;
    const step = fc.record({
      store: fc.nat(1),
      execution: fc.nat(2),
      what: fc.constantFrom('claim', 'release', 'done', 'unknown', 'withdraw', 'abandon', 'reap'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const id = `sug_${made++}`;
        await stores[0]?.add([suggestion(id)]);
        let holder: string | undefined;
        let isOver = false;
        for (const { store: at, execution, what } of steps) {
          const store = stores[at];
          const executionId = `${id}-exec-${execution}`;
          if (store === undefined) continue;
          const isHolder = holder === executionId;
          if (what === 'claim') {
            const { type } = await store.claim(id, executionId, 2_000);
            assert.equal(type, holder === undefined && !isOver ? 'claimed' : 'taken');
            if (type === 'claimed') holder = executionId;
          } else if (what === 'release') {
            await store.release(id, executionId);
            if (isHolder) holder = undefined;
          } else if (what === 'withdraw') {
            assert.equal(await store.withdraw(id, 3_000), holder === undefined && !isOver);
            isOver ||= holder === undefined;
          } else {
            const end = { state: what === 'done' ? ('done' as const) : ('unknown' as const), sealedResult: undefined };
            if (what === 'abandon') assert.equal(await store.abandon([executionId], 3_000), isHolder ? 1 : 0);
            else if (what === 'reap') assert.equal((await store.reap(99_000, 9)).length, holder === undefined ? 0 : 1);
            else await store.finish(id, executionId, end, 3_000);
            const isEnded: boolean = what === 'reap' ? holder !== undefined : isHolder;
            isOver ||= isEnded;
            if (isEnded) holder = undefined;
          }
          const state: string | undefined = (await store.find(id))?.state;
          assert.equal(state === 'running', holder !== undefined);
          assert.equal(state === 'open', holder === undefined && !isOver);
        }
        await stores[0]?.abandon([`${id}-exec-0`, `${id}-exec-1`, `${id}-exec-2`], 4_000);
      }),
      { numRuns: 60 },
    );
  });
}
