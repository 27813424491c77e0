import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Approval } from '../../contracts/approvals.ts';
import type { AgentRun } from '../../contracts/runs.ts';
import type { Suggestion } from '../../contracts/suggestions.ts';
import type { TrailRow } from '../../contracts/trail.ts';
import { createTimeline } from './timeline.ts';

const row = (id: string, atMs: number, change: Partial<TrailRow>): TrailRow => ({
  ...{
    id,
    atMs,
    parentId: undefined,
    traceId: 't',
    kind: 'tools.call',
    surface: 'mcp',
    keyId: 'key_1',
    keyName: 'ada',
  },
  ...{ serverId: 'files', name: 'files__write', target: 'write', client: undefined, arguments: '{"secret":1}' },
  ...{ result: 'ok', error: undefined, resultBytes: 7, totalMs: 12, upstreamMs: 9, ...change },
});

const round = (id: string, atMs: number, change: Partial<TrailRow> = {}): TrailRow =>
  row(id, atMs, {
    ...{ kind: 'chat', surface: 'openai', serverId: 'openai', name: 'gpt', target: 'gpt-5', priceMicroUsd: 30 },
    model: { usage: { inputTokens: 10, outputTokens: 2 }, attempts: [], stop: 'tool-calls' },
    ...change,
  });

const SUGGESTION: Suggestion = {
  ...{ id: 'sug_1', source: 'model', runId: 'run-1', callId: 'c1', keyId: 'key_1', model: 'openai/gpt-5' },
  ...{ dialect: 'openai-chat', toolCallId: 'tc', endpoint: '', name: 'files__write', serverId: 'files' },
  ...{ target: 'write', argumentsHash: 'h', sealedArguments: 'sealed', verdict: 'ask', atMs: 20, expiresAtMs: 99 },
  ...{ state: 'done', executionId: 'c2', sealedResult: 'sealed', endedAtMs: 60 },
};

const APPROVAL: Approval = {
  ...{ id: 'apr_1', suggestionId: 'sug_1', runId: 'run-1', keyId: 'key_1', keyName: 'ada', userId: undefined },
  ...{ serverId: 'files', target: 'write', name: 'files__write', argumentsHash: 'h', sealedArguments: 'sealed' },
  ...{ definitionHash: 'd', rule: 'look-first', message: 'why', requestedAtMs: 20, expiresAtMs: 99, state: 'used' },
  ...{ needed: 1, edited: { argumentsHash: 'h2', sealedArguments: 'sealed' }, usedBy: 'c2', version: 3 },
  votes: [
    {
      ...{ approver: { type: 'user', id: 'user_2', name: 'bea' }, via: 'cli', atMs: 40, vote: 'approve' },
      reason: undefined,
    },
  ],
};

const RUN: AgentRun = {
  ...{ id: 'run-1', keyId: 'key_1', keyName: 'ada', userId: undefined, model: 'gpt', dialect: 'openai-chat' },
  ...{ state: 'done', end: 'answered', startedAtMs: 1, updatedAtMs: 90, expiresAtMs: 99, rounds: 2, calls: 1 },
  ...{ inputTokens: 20, outputTokens: 4, costMicroUsd: 60, pending: [], sealedState: 'sealed', leaseUntilMs: 5 },
  ...{ cancelRequested: false, version: 4 },
};

const ROWS = [
  round('c3', 70),
  row('c2', 50, { suggestionId: 'sug_1', parentId: 'run-1', authority: 'approval:apr_1', priceMicroUsd: 5 }),
  row('held', 20, { result: 'refused', error: 'approval_required' }),
  row('sug_1.made', 20, { kind: 'suggestion.made' }),
  round('c1', 10),
  round('run-1', 1, { priceMicroUsd: undefined }),
];

test('a run is told in its order: rounds, what was suggested, who was asked and voted, what was executed, how it ended', () => {
  const told = createTimeline({
    id: 'run-1',
    run: RUN,
    rows: ROWS,
    suggestions: [SUGGESTION],
    approvals: [APPROVAL],
  });
  assert.deepEqual(
    told.entries.map(({ type, atMs }) => [atMs, type]),
    [
      ...[
        [10, 'round'],
        [20, 'suggested'],
        [20, 'asked'],
        [40, 'voted'],
        [50, 'executed'],
        [70, 'round'],
      ],
      [90, 'ended'],
    ],
  );
  assert.deepEqual(
    told.entries.flatMap((entry) => (entry.type === 'round' ? [[entry.round, entry.callId, entry.model]] : [])),
    [
      [1, 'c1', 'openai/gpt-5'],
      [2, 'c3', 'openai/gpt-5'],
    ],
  );
  const vote = told.entries.find((entry) => entry.type === 'voted');
  assert.deepEqual([vote?.by, vote?.via, vote?.isEdited], ['bea', 'cli', true]);
  const executed = told.entries.find((entry) => entry.type === 'executed');
  assert.deepEqual([executed?.authority, executed?.durationMs, executed?.parentId], ['approval:apr_1', 12, 'run-1']);
});

test('sums are of what was called: the call that drives a run is no round of it, and costs nothing twice', () => {
  const { rounds, calls, inputTokens, outputTokens, microUsd } = createTimeline({
    ...{ id: 'run-1', run: RUN, rows: ROWS, suggestions: [], approvals: [] },
  });
  assert.deepEqual([rounds, calls, inputTokens, outputTokens, microUsd], [2, 1, 20, 4, 65]);
});

test('of a conversation the first call is a round, and nothing says that it ended', () => {
  const told = createTimeline({ id: 'c1', run: undefined, rows: [round('c1', 10)], suggestions: [], approvals: [] });
  assert.deepEqual([told.run, told.rounds, told.keyName], [undefined, 1, 'ada']);
  assert.deepEqual(
    told.entries.map(({ type }) => type),
    ['round'],
  );
});

test('what is sealed, what was sent and what was answered is in no timeline', () => {
  const text = JSON.stringify(
    createTimeline({ id: 'run-1', run: RUN, rows: ROWS, suggestions: [SUGGESTION], approvals: [APPROVAL] }),
  );
  assert.doesNotMatch(text, /sealed|secret|lease/i);
});
