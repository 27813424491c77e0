import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller, Level } from '../../contracts/caller.ts';
import type { LimitLine, UsageLimits } from '../../contracts/limits.ts';
import { compileLines, describeLine } from './compile-lines.ts';
import { type CallTarget, createLinesOf } from './lines-of.ts';

const NONE: UsageLimits = { requests: [], tokens: [], toolCalls: [], budgets: [] };
const KEY = { type: 'key', id: 'key_1', name: 'laptop' } as const;
const GPT: CallTarget = { kind: 'model', server: 'openai', name: 'gpt-5' };
const CLAUDE: CallTarget = { kind: 'model', server: 'anthropic', name: 'claude' };
const ISSUE: CallTarget = { kind: 'tool', server: 'github', name: 'create_issue' };

const caller = (limits?: UsageLimits, levels?: readonly Level[]): Caller => ({
  ...{ keyId: 'key_1', keyName: 'laptop', grant: { allow: ['*'], deny: [] } },
  ...{ limits, levels },
});
const level = (type: Level['type'], limits: UsageLimits | undefined): Level => ({
  ...{ type, id: `${type}_1`, name: type, grant: undefined, limits },
});
const names = (lines: readonly LimitLine[]): string[] => lines.map(({ id }) => id);

test('a caller that nothing bounds has no lines, also below levels that bound nothing', () => {
  const linesOf = createLinesOf();
  assert.equal(linesOf(caller()), undefined);
  assert.equal(linesOf(caller(undefined, [level('team', undefined), level('organization', NONE)])), undefined);
});

test('a call counts against the lines of its key and of every level above', () => {
  const requests = { ...NONE, requests: [{ max: 5, per: 'minute' as const }] };
  const lines = createLinesOf()(caller(requests, [level('user', undefined), level('team', requests)]));
  assert.deepEqual(names(lines?.select('tool', () => [ISSUE]).lines ?? []), [
    'key/key_1/requests/minute/',
    'team/team_1/requests/minute/',
  ]);
});

test('each class of calls is counted in what it uses', () => {
  const limits: UsageLimits = {
    requests: [{ max: 1, per: 'day' }],
    tokens: [{ max: 1, per: 'day' }],
    toolCalls: [{ max: 1, per: 'day' }],
    maxConcurrent: 1,
    budgets: [{ maxMicroUsd: 1, per: 'day', timeZone: 'UTC' }],
  };
  const lines = createLinesOf()(caller(limits));
  const whats = (type: 'tool' | 'model' | 'other' | 'money') =>
    lines?.select(type, () => [GPT]).lines.map(({ what }) => what);
  assert.deepEqual(whats('tool'), ['concurrent', 'requests', 'toolCalls']);
  assert.deepEqual(whats('model'), ['concurrent', 'requests', 'tokens']);
  assert.deepEqual(whats('other'), ['concurrent', 'requests']);
  assert.deepEqual(whats('money'), ['money']);
});

test('a line with `on` counts only calls it speaks of, and one for all that a call may go to', () => {
  const limits: UsageLimits = {
    ...NONE,
    requests: [
      { max: 9, per: 'minute', on: ['model:openai/*'] },
      { max: 8, per: 'minute', on: ['github/create_*', 'github/delete_*'] },
      { max: 7, per: 'minute' },
    ],
  };
  const lines = createLinesOf()(caller(limits));
  const maxima = (type: 'tool' | 'model', ...targets: CallTarget[]) =>
    lines?.select(type, () => targets).lines.map(({ max }) => max);
  assert.deepEqual(maxima('model', GPT), [9, 7]);
  assert.deepEqual(maxima('model', CLAUDE), [7]);
  assert.deepEqual(maxima('model', CLAUDE, GPT), [9, 7]);
  assert.deepEqual(maxima('tool', ISSUE), [8, 7]);
  assert.deepEqual(maxima('tool', { ...ISSUE, name: 'get_issue' }), [7]);
});

test('a server in `on` is no provider of that name: as in a grant', () => {
  const limits: UsageLimits = { ...NONE, requests: [{ max: 1, per: 'day', on: ['openai'] }] };
  const lines = createLinesOf()(caller(limits));
  assert.equal(lines?.select('model', () => [GPT]).lines.length, 0);
  assert.equal(lines?.select('tool', () => [{ kind: 'tool', server: 'openai', name: 'x' }]).lines.length, 1);
});

test('equal calls get the same selection, however many others there were', () => {
  const lines = createLinesOf()(caller({ ...NONE, requests: [{ max: 1, per: 'day', on: ['github'] }] }));
  const first = lines?.select('tool', () => [ISSUE]);
  assert.equal(
    lines?.select('tool', () => [ISSUE]),
    first,
  );
  for (let i = 0; i < 600; i++) lines?.select('tool', () => [{ ...ISSUE, name: `t${i}` }]);
  assert.deepEqual(
    lines?.select('tool', () => [ISSUE]),
    first,
  );
});

test('ids are those of the account: level, what, span and targets, not the bound or the order of patterns', () => {
  const budget = { maxMicroUsd: 5, per: 'day', timeZone: 'Europe/Berlin' } as const;
  const idsOf = (limits: Partial<UsageLimits>) => names(compileLines(KEY, { ...NONE, ...limits }));
  assert.deepEqual(idsOf({ budgets: [budget] }), ['key/key_1/money/day/Europe/Berlin/']);
  assert.deepEqual(idsOf({ budgets: [{ ...budget, maxMicroUsd: 9 }] }), idsOf({ budgets: [budget] }));
  assert.deepEqual(
    idsOf({ budgets: [{ ...budget, on: ['a', 'b'] }] }),
    idsOf({ budgets: [{ ...budget, on: ['b', 'a'] }] }),
  );
  const all = [
    ...idsOf({ budgets: [budget] }),
    ...idsOf({ budgets: [{ ...budget, rolling: true }] }),
    ...idsOf({ budgets: [{ ...budget, on: ['a'] }] }),
    ...idsOf({ budgets: [{ ...budget, per: 'total' }] }),
    ...idsOf({ requests: [{ max: 1, per: 'day' }], maxConcurrent: 3 }),
  ];
  assert.equal(new Set(all).size, all.length);
});

test('of two lines with the same account the narrower counts', () => {
  const lines = compileLines(KEY, {
    ...NONE,
    requests: [
      { max: 9, per: 'day' },
      { max: 3, per: 'day' },
      { max: 5, per: 'day' },
    ],
  });
  assert.deepEqual(
    lines.map(({ max }) => max),
    [3],
  );
});

test('a line says whose it is and what it bounds', () => {
  const team = { type: 'team', id: 'team_1', name: 'research' } as const;
  const described = compileLines(team, {
    requests: [{ max: 60, per: 'minute', on: ['github/*'] }],
    tokens: [],
    toolCalls: [{ max: 9, per: 'hour' }],
    maxConcurrent: 3,
    budgets: [
      { maxMicroUsd: 5_000_000, per: 'day', timeZone: 'UTC', on: ['model:openai/*'] },
      { maxMicroUsd: 1_250_000, per: 'month', timeZone: 'UTC', rolling: true },
      { maxMicroUsd: 100, per: 'total', timeZone: 'UTC' },
    ],
  }).map(describeLine);
  assert.deepEqual(described, [
    'team research: 3 calls at once',
    'team research: 60 requests per minute on github/*',
    'team research: 9 calls of tools per hour',
    'team research: 5 USD per day on model:openai/*',
    'team research: 1.25 USD per rolling month',
    'team research: 0.0001 USD in all',
  ]);
});
