import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, CallFacts } from '../contracts/call.ts';
import type { Suggestion } from '../contracts/suggestions.ts';
import { createDescribeIntent } from './intent.ts';

const describe = createDescribeIntent({ keepArguments: false, redactionOf: () => [] });
const SUGGESTION = { id: 'sug_1', runId: 'run-of-suggestion' } as Suggestion;

function intentOf(runId: string | undefined, facts: CallFacts) {
  const call = { id: 'c', kind: 'tools.call', surface: 'mcp', endpoint: { type: 'all' }, name: 'n', runId, facts };
  return describe({ ...call, receivedAtMs: 1, peer: { info: undefined } } as Call);
}

test('the trail is told what a call carries out, for which run, and who allowed it', () => {
  const intent = intentOf('run-1', { suggestion: SUGGESTION, authority: 'approval:apr_1' });
  assert.deepEqual([intent.runId, intent.suggestionId, intent.authority], ['run-1', 'sug_1', 'approval:apr_1']);
});

test('a call that names no run belongs to the one that was found for it, or to that of what it carries out', () => {
  assert.equal(intentOf(undefined, { runId: 'run-2', suggestion: SUGGESTION }).runId, 'run-2');
  assert.equal(intentOf(undefined, { suggestion: SUGGESTION }).runId, 'run-of-suggestion');
});

test('most calls have none of it, and their rows no place for it', () => {
  const intent = intentOf(undefined, {});
  for (const member of ['runId', 'suggestionId', 'authority']) assert.ok(!(member in intent), member);
});
