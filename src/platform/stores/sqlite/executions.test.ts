import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { testApprovalStore } from '../../../../test/support/approval-store-suite.ts';
import { testCodeStateStore } from '../../../../test/support/code-state-store-suite.ts';
import { testRunStore } from '../../../../test/support/run-store-suite.ts';
import { startProcess } from '../../../../test/support/start-process.ts';
import { suggestion, testSuggestionStore } from '../../../../test/support/suggestion-store-suite.ts';
import { createTempDir } from '../../../../test/support/temp-dir.ts';
import { openApprovalStore } from './approvals.ts';
import { openCodeStateStore } from './code-states.ts';
import { openRunStore } from './runs.ts';
import { openSuggestionStore } from './suggestions.ts';

testSuggestionStore('SQLite', async (t) => {
  const dataDir = await createTempDir(t);
  return async (setting) => openSuggestionStore({ dataDir, ...setting });
});

testApprovalStore('SQLite', async (t) => {
  const dataDir = await createTempDir(t);
  return async () => openApprovalStore({ dataDir });
});

testRunStore('SQLite', async (t) => {
  const dataDir = await createTempDir(t);
  return async () => openRunStore({ dataDir });
});

testCodeStateStore('SQLite', async (t) => {
  const dataDir = await createTempDir(t);
  return async () => openCodeStateStore({ dataDir });
});

test('what a process took that was killed stays taken, until it is known to be gone', async (t) => {
  const dataDir = await createTempDir(t);
  const store = openSuggestionStore({ dataDir, now: Date.now });
  t.after(() => store[Symbol.asyncDispose]());
  const expiresAtMs = Date.now() + 600_000;
  store.add([suggestion('sug_a', { expiresAtMs })]);
  const script = join(import.meta.dirname, 'testing/claim-suggestion.ts');
  const taker = await startProcess(t, { command: process.execPath, args: [script, dataDir, 'sug_a', 'exec-1'] });
  assert.equal(taker.readyLine, 'claimed');
  await taker.kill9();

  const taken = await store.claim('sug_a', 'exec-2', Date.now());
  assert.ok(taken.type === 'taken');
  assert.deepEqual([taken.suggestion.state, taken.suggestion.executionId], ['running', 'exec-1']);
  assert.equal(await store.abandon(['exec-1'], 5_000), 1);
  const given = await store.claim('sug_a', 'exec-2', Date.now());
  assert.ok(given.type === 'taken' && given.suggestion.state === 'unknown');
});
