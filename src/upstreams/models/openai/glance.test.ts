import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ModelReport } from '../../../contracts/models.ts';
import { glance } from './glance.ts';
import { readStop, usageIn } from './read-usage.ts';

const emptyReport = (): ModelReport => ({
  ...{ provider: 'p', model: 'm', attempts: [], wasted: [], dropped: [], outputChars: 0 },
});

/** Texts that look like what is searched for. */
const text = fc.oneof(
  fc.string(),
  fc.constantFrom('"finish_reason":"length"', '\\"finish_reason\\": "stop', '"usage":{}'),
);
const count = fc.oneof(fc.nat(100_000), fc.constantFrom(-1, 1e12, '7', null, 1.5));
const choice = fc.record({
  index: fc.nat(3),
  message: fc.record({ role: fc.constant('assistant'), content: fc.oneof(text, fc.constant(null)) }),
  finish_reason: fc.constantFrom('stop', 'length', 'tool_calls', null, 'odd'),
});
const answer = fc.record(
  {
    id: text,
    choices: fc.oneof(fc.array(choice, { minLength: 1, maxLength: 3 }), fc.constantFrom(null, {}, [])),
    usage: fc.oneof(fc.record({ prompt_tokens: count, completion_tokens: count }), fc.constantFrom(null, [], 'x')),
    error: fc.constantFrom(null, { message: 'no' }),
  },
  { requiredKeys: [] },
);

test('what a glance says of an answer is what reading all of it says', () => {
  let glanced = 0;
  fc.assert(
    fc.property(answer, fc.constantFrom(undefined, 2), (made, space) => {
      const report = emptyReport();
      if (!glance(report, Buffer.from(JSON.stringify(made, null, space)))) {
        assert.deepEqual(report, emptyReport());
        return;
      }
      glanced++;
      const { choices, usage } = made as { choices: { finish_reason: unknown }[]; usage: object };
      assert.deepEqual(report.usage, usageIn({ usage }));
      assert.equal(report.stop, readStop(choices.at(-1)?.finish_reason));
    }),
    { numRuns: 1_000 },
  );
  assert.ok(glanced > 100, String(glanced));
});

test('an answer that is cut, or is none, is left to who reads all of it', () => {
  const whole = '{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}';
  assert.equal(glance(emptyReport(), Buffer.from(whole)), true);
  for (let end = 0; end < whole.length; end++)
    assert.equal(glance(emptyReport(), Buffer.from(whole.slice(0, end))), false, whole.slice(0, end));
  for (const other of ['[]', '""', `${whole}x`, '{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}'])
    assert.equal(glance(emptyReport(), Buffer.from(other)), false, other);
});
