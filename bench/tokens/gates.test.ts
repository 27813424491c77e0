/** What is claimed of Code Mode's tokens holds: the tasks from end to end, each gate a bound. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figuresOf, gatesOf } from './figures.ts';
import { measure, toolsOf } from './measure.ts';
import { TASKS } from './tasks.ts';

const skip = toolsOf(96) === undefined && 'the recorded definitions are not at hand';

test('Code Mode takes as few tokens as is said, at every size, also in the bad case', {
  ...{ skip, timeout: 400_000 },
}, async (t) => {
  assert.ok(TASKS.length >= 10);
  const all = ['classic-seq', 'classic-par', 'search', 'code', 'code-bad'] as const;
  const measured = [
    ...(await measure(96, all, () => undefined)),
    ...(await measure(251, ['classic-seq', 'classic-par', 'code', 'code-bad'], () => undefined)),
    ...(await measure(508, ['classic-seq', 'classic-par', 'code', 'code-bad'], () => undefined)),
    ...(await measure(2_054, ['search', 'code', 'code-bad'], () => undefined)),
  ];
  assert.deepEqual(
    measured.flatMap(({ problems }) => problems),
    [],
  );
  const gates = gatesOf(measured.map(figuresOf));
  for (const { name, value, bound } of gates) t.diagnostic(`${name}: ${value.toFixed(1)}, bound ${bound}`);
  assert.deepEqual(
    gates.filter(({ holds }) => !holds),
    [],
  );
  assert.ok(gates.length >= 3 * 3 + 1);
});
