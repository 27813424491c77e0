import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { approval, testApprovalStore } from '../../../../test/support/approval-store-suite.ts';
import { testCodeStateStore } from '../../../../test/support/code-state-store-suite.ts';
import { usePostgres } from '../../../../test/support/postgres.ts';
import { agentRun, testRunStore } from '../../../../test/support/run-store-suite.ts';
import { startProcess } from '../../../../test/support/start-process.ts';
import { suggestion, testSuggestionStore } from '../../../../test/support/suggestion-store-suite.ts';
import { within } from '../../../../test/support/wait-for.ts';
import { openApprovalStore } from './approvals.ts';
import { createCodeStateStore } from './code-states.ts';
import { openRunStore } from './runs.ts';
import { createSuggestionStore } from './suggestions.ts';
import { followForTest, openForTest } from './testing/open-for-test.ts';

const { skip, server } = usePostgres();

const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

if (skip === false) {
  testSuggestionStore('PostgreSQL', async (t) => {
    const url = await server.newDatabase();
    return async (setting) => createSuggestionStore(await openForTest(t, url), setting);
  });
  testApprovalStore('PostgreSQL', async (t) => {
    const url = await server.newDatabase();
    return async () => {
      const database = await openForTest(t, url);
      return openApprovalStore(database, await followForTest(t, database), QUIET);
    };
  });
  testCodeStateStore('PostgreSQL', async (t) => {
    const url = await server.newDatabase();
    return async () => createCodeStateStore(await openForTest(t, url));
  });
  testRunStore('PostgreSQL', async (t) => {
    const url = await server.newDatabase();
    return async () => {
      const database = await openForTest(t, url);
      return openRunStore(database, await followForTest(t, database), QUIET);
    };
  });
}

test('what a replica took that was killed stays taken, until it is known to be gone', { skip }, async (t) => {
  const url = await server.newDatabase();
  const store = createSuggestionStore(await openForTest(t, url), { now: Date.now });
  t.after(() => store[Symbol.asyncDispose]());
  await store.add([suggestion('sug_a', { expiresAtMs: Date.now() + 600_000 })]);
  const script = join(import.meta.dirname, 'testing/claim-suggestion.ts');
  const taker = await startProcess(t, { command: process.execPath, args: [script, url, 'sug_a', 'exec-1'] });
  assert.equal(taker.readyLine, 'claimed');
  await taker.kill9();

  const taken = await store.claim('sug_a', 'exec-2', Date.now());
  assert.ok(taken.type === 'taken');
  assert.deepEqual([taken.suggestion.state, taken.suggestion.executionId], ['running', 'exec-1']);
  assert.equal(await store.abandon(['exec-1'], 5_000), 1);
  const given = await store.claim('sug_a', 'exec-2', Date.now());
  assert.ok(given.type === 'taken' && given.suggestion.state === 'unknown');
});

test('texts that PostgreSQL has no place for are stored, and found by what was asked for', { skip }, async (t) => {
  const database = await openForTest(t, await server.newDatabase());
  const changes = await followForTest(t, database);
  const suggestions = createSuggestionStore(database, { now: Date.now });
  await suggestions.add([suggestion('sug_a', { toolCallId: 'tc\0', name: 'a\0b' })]);
  assert.equal((await suggestions.findByToolCall('key_1', ['tc\0']))[0]?.name, 'a\ufffdb');
  assert.equal((await suggestions.findByArguments('key_1', 'a\0b', 'hash')).length, 1);
  assert.equal(await suggestions.find('sug\0'), undefined);
  const approvals = await openApprovalStore(database, changes, QUIET);
  t.after(() => approvals[Symbol.asyncDispose]());
  const vote = { approver: { type: 'user', id: 'u', name: 'b\0a' }, via: 'api', atMs: 1, vote: 'reject' } as const;
  await approvals.add(approval('apr_a', { message: 'look\0', votes: [{ ...vote, reason: 'no\0' }] }));
  const found = await approvals.find('apr_a');
  assert.deepEqual(
    [found?.message, found?.votes[0]?.approver.name, found?.votes[0]?.reason],
    ['look\ufffd', 'b\0a', 'no\0'],
  );
  const runs = await openRunStore(database, changes, QUIET);
  t.after(() => runs[Symbol.asyncDispose]());
  await runs.add(agentRun('run-a', { state: 'waiting', pending: ['tc\0'] }));
  assert.equal((await runs.findWaiting('key_1', ['tc\0']))?.id, 'run-a');
});

test('a replica hears of approvals that were given while its connections were lost', { skip }, async (t) => {
  const url = await server.newDatabase();
  const here = await openForTest(t, url);
  const store = await openApprovalStore(here, await followForTest(t, here), QUIET);
  t.after(() => store[Symbol.asyncDispose]());
  await store.add(approval('apr_a'));
  const heard = Promise.withResolvers<void>();
  let isBack = false;
  const stop = store.onChange(() => {
    if (isBack) heard.resolve();
  });
  await server.stop();
  await assert.rejects(store.find('apr_a'));
  await server.start();
  isBack = true;
  const there = await openForTest(t, url);
  const other = await openApprovalStore(there, await followForTest(t, there), QUIET);
  t.after(() => other[Symbol.asyncDispose]());
  assert.equal(await other.replace(approval('apr_a', { state: 'approved' }), 1), true);
  await within('the change', heard.promise, 5_000);
  stop();
});
