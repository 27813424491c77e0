import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandError } from './command-error.ts';
import { parseAgent } from './parse-agent.ts';

const NONE = { auto: [], onlyIf: [] };

test('agent mode is read from the command line, in the units people use there', () => {
  assert.deepEqual(parseAgent(NONE), {});
  const { agent } = parseAgent({
    ...{ agent: 'on', auto: ['files/read_*'], onlyIf: ['readOnly'], maxRounds: '5', maxRunCost: '0.50' },
    maxRunTime: '90',
  });
  assert.deepEqual(agent, {
    ...{ mode: 'on', auto: ['files/read_*'], onlyIf: ['readOnly'], maxRounds: 5, maxCalls: 50 },
    ...{ maxCostMicroUsd: 500_000, maxDurationMs: 90_000 },
  });
});

test('what it cannot mean is refused by the name of its option', () => {
  const cases = [
    [{ ...NONE, auto: ['*'] }, /--auto.*agent mode/],
    [{ ...NONE, agent: 'always' }, /--agent/],
    [{ ...NONE, agent: 'on', onlyIf: ['safe'] }, /--only-if/],
    [{ ...NONE, agent: 'on', maxRounds: '0' }, /--max-rounds/],
    [{ ...NONE, agent: 'on', maxRunCost: 'much' }, /--max-run-cost/],
  ] as const;
  for (const [options, words] of cases)
    assert.throws(
      () => parseAgent(options),
      (error) => error instanceof CommandError && words.test(error.message),
    );
});
