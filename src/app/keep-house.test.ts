import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { approval } from '../../test/support/approval-store-suite.ts';
import { agentRun } from '../../test/support/run-store-suite.ts';
import { suggestion } from '../../test/support/suggestion-store-suite.ts';
import { createTempDir } from '../../test/support/temp-dir.ts';
import type { Approval } from '../contracts/approvals.ts';
import type { CallFinish, CallIntent, TrailRow } from '../contracts/trail.ts';
import { keepLog } from '../platform/audit/testing/fresh-dir.ts';
import { makeIntent } from '../platform/audit/testing/make-call.ts';
import { openApprovalStore } from '../platform/stores/sqlite/approvals.ts';
import { openCodeStateStore } from '../platform/stores/sqlite/code-states.ts';
import { openRunStore } from '../platform/stores/sqlite/runs.ts';
import { openSuggestionStore } from '../platform/stores/sqlite/suggestions.ts';
import { type HousekeepingDeps, keepHouse } from './keep-house.ts';

const DAY_MS = 86_400_000;
const NO_END = { error: undefined, resultBytes: undefined, totalMs: undefined, upstreamMs: undefined };

async function setUp(t: TestContext, change: Partial<HousekeepingDeps> = {}) {
  const dataDir = await createTempDir(t);
  const clock = { nowMs: 2_000 };
  const now = (): number => clock.nowMs;
  const suggestions = openSuggestionStore({ dataDir, now });
  const approvals = openApprovalStore({ dataDir });
  const runs = openRunStore({ dataDir });
  const codeStates = openCodeStateStore({ dataDir });
  const events: { readonly intent: CallIntent; result: string | undefined }[] = [];
  const expired: Approval[] = [];
  const { log, lines } = keepLog();
  const start = async () => {
    const house = await keepHouse({
      ...{ suggestions, approvals, runs, codeStates, now, random: () => 0.5, log },
      trail: {
        intend: (intent: CallIntent) => void events.push({ intent, result: undefined }),
        finish({ id, result }: CallFinish) {
          const event = events.find(({ intent }) => intent.id === id);
          if (event !== undefined) event.result = result;
        },
      },
      stores: {
        trail: async () => ({ query: () => [] }),
        database: undefined,
        oauth: async () => ({ sweep: async () => 0 }),
      },
      config: () => ({ approvals: undefined }) as ReturnType<HousekeepingDeps['config']>,
      newId: () => `id-${events.length}`,
      randomHex: (digits: number) => 'a'.repeat(digits),
      onExpired: (each: Approval) => void expired.push(each),
      ...change,
    });
    t.after(() => house[Symbol.asyncDispose]());
    return house;
  };
  t.after(async () => {
    for (const store of [suggestions, approvals, runs]) await store[Symbol.asyncDispose]();
  });
  return { ...{ suggestions, approvals, runs, events, expired, clock, start, lines } };
}

test('what a gateway had taken when it ended is unknown for the next one, which is alone on its data directory', async (t) => {
  const { suggestions, start } = await setUp(t);
  suggestions.add([suggestion('sug_a'), suggestion('sug_b')]);
  await suggestions.claim('sug_a', 'exec-a', 2_000);
  await start();
  const [a, b] = [await suggestions.find('sug_a'), await suggestions.find('sug_b')];
  assert.deepEqual([a?.state, b?.state], ['unknown', 'open']);
});

test('beside other replicas only what the trail calls unknown is given up at once; the rest when its lease is over', async (t) => {
  const ends: { readonly [id: string]: TrailRow['result'] } = { 'exec-a': 'unknown', 'exec-b': undefined };
  const { suggestions, start, clock } = await setUp(t, {
    stores: {
      oauth: async () => ({ sweep: async () => 0 }),
      database: {},
      trail: async () => ({
        query: ({ id = '' }) => (id in ends ? [{ ...makeIntent(id), ...NO_END, seq: 1, result: ends[id] }] : []),
      }),
    },
  });
  suggestions.add(['a', 'b', 'c'].map((name) => suggestion(`sug_${name}`)));
  for (const name of ['a', 'b', 'c']) await suggestions.claim(`sug_${name}`, `exec-${name}`, 2_000);
  const states = async () =>
    Promise.all(['a', 'b', 'c'].map(async (name) => (await suggestions.find(`sug_${name}`))?.state));
  const house = await start();
  assert.deepEqual(await states(), ['unknown', 'running', 'running']);
  clock.nowMs = 62_000;
  await house.now();
  assert.deepEqual(await states(), ['unknown', 'unknown', 'unknown']);
});

test('an approval that nobody gave in time expires, is in the trail, and is told once', async (t) => {
  const { approvals, start, events, expired, clock } = await setUp(t);
  for (let i = 0; i < 130; i++) await approvals.add(approval(`apr_${i}`));
  await approvals.add(approval('apr_late', { expiresAtMs: 10_001 }));
  const house = await start();
  await house.now();
  assert.equal(expired.length, 0);
  clock.nowMs = 10_000;
  await house.now();
  await house.now();
  assert.deepEqual([expired.length, events.length, expired[0]?.state], [130, 130, 'expired']);
  const [first] = events;
  const { kind, keyId, userId, name, serverId, suggestionId, runId } = first?.intent ?? makeIntent('');
  assert.deepEqual(
    [kind, keyId, userId, name, serverId, suggestionId, runId, first?.result],
    ['approval.expired', 'key_1', 'user_1', 'files__write', 'files', 'sug-of-apr_0', 'run-1', 'refused'],
  );
  assert.deepEqual(JSON.parse(first?.intent.arguments ?? ''), { approval: 'apr_0', rule: 'two-eyes' });
  assert.equal((await approvals.find('apr_late'))?.state, 'pending');
});

test('a run that nobody drives any more is lost, and the trail says so', async (t) => {
  const { runs, start, events, clock } = await setUp(t);
  await runs.add(agentRun('run-a'));
  const house = await start();
  clock.nowMs = 5_000;
  await house.now();
  await house.now();
  assert.equal((await runs.find('run-a'))?.end, 'lost');
  assert.deepEqual(
    events.map(({ intent, result }) => [intent.kind, intent.runId, intent.name, result]),
    [['run.ended', 'run-a', 'openai/gpt', 'unknown']],
  );
});

test('what is old goes: suggestions after a day, what people look at after a week', async (t) => {
  const { suggestions, approvals, runs, start, clock } = await setUp(t);
  suggestions.add(Array.from({ length: 1_100 }, (_, i) => suggestion(`sug_${i}`)));
  await approvals.add(approval('apr_a', { state: 'used' }));
  await runs.add(agentRun('run-a', { state: 'done' }));
  const house = await start();
  clock.nowMs = 10_000 + DAY_MS;
  await house.now();
  assert.equal((await suggestions.ofRun('run-1')).length, 1_000);
  clock.nowMs++;
  await house.now();
  assert.equal((await suggestions.ofRun('run-1')).length, 0);
  assert.deepEqual([(await approvals.list({ limit: 1 })).length, (await runs.list({ limit: 1 })).length], [1, 1]);
  clock.nowMs = 10_001 + 7 * DAY_MS;
  await house.now();
  assert.deepEqual([(await approvals.list({ limit: 1 })).length, (await runs.list({ limit: 1 })).length], [0, 0]);
});
