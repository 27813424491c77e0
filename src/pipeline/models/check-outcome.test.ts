import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatAnswer } from '../../contracts/chat.ts';
import { type ModelOutcome, type ModelReport, ProviderFailure } from '../../contracts/models.ts';
import { asProviderFailure, checkOutcome, keepCounts } from './check-outcome.ts';

const DEPS = { randomHex: (digits: number) => 'f'.repeat(digits), nowS: () => 5 };
const ANSWER: ChatAnswer = { id: 'a', model: 'm', createdAtS: 5, choices: [], usage: undefined };

const isMalformed = (outcome: ModelOutcome): void => {
  assert.throws(
    () => checkOutcome(outcome, DEPS),
    (error) => error instanceof ProviderFailure && error.kind === 'malformed',
  );
};
const vectors = (numbers: readonly number[], inputTokens?: number): ModelOutcome => ({
  type: 'embeddings',
  answer: { lane: 'neutral', value: { model: 'm', vectors: [[0.5], numbers], inputTokens } },
});
const counted = (inputTokens: number): ModelOutcome => ({
  type: 'token-count',
  answer: { lane: 'neutral', value: { inputTokens } },
});

test('what is passed on as it came is not looked at', () => {
  const passed: readonly ModelOutcome[] = [
    { type: 'chat', answer: { lane: 'pass', value: 'no JSON' } },
    { type: 'embeddings', answer: { lane: 'pass', value: '' } },
    { type: 'token-count', answer: { lane: 'pass', value: '{' } },
    { type: 'model-list', models: [] },
  ];
  for (const outcome of passed) assert.equal(checkOutcome(outcome, DEPS), outcome);
});

test('a chat without a choice, a vector of no numbers and a count that is none are malformed', () => {
  isMalformed({ type: 'chat', answer: { lane: 'neutral', value: ANSWER } });
  for (const number of [Number.NaN, Number.POSITIVE_INFINITY, '1' as never, null as never])
    isMalformed(vectors([number]));
  for (const count of [-1, 0.5, Number.NaN, 1e300, '5' as never]) isMalformed(counted(count));
  assert.ok(checkOutcome(counted(5), DEPS));
});

test('embeddings whose tokens were told wrong are embeddings all the same, of untold tokens', () => {
  const told = (outcome: ModelOutcome): number | undefined => {
    const checked = checkOutcome(outcome, DEPS);
    assert.ok(checked.type === 'embeddings' && checked.answer.lane === 'neutral');
    assert.equal(checked.answer.value.vectors.length, 2);
    return checked.answer.value.inputTokens;
  };
  assert.deepEqual([told(vectors([1], 5)), told(vectors([1], -5)), told(vectors([1], 0.5))], [5, undefined, undefined]);
});

test('of a report no usage stays that is none', () => {
  const report: ModelReport = { attempts: [], dropped: [], outputChars: 0 };
  report.usage = { inputTokens: 5, outputTokens: 7 };
  keepCounts(report);
  assert.deepEqual(report.usage, { inputTokens: 5, outputTokens: 7 });
  report.usage = { inputTokens: -5, outputTokens: 7 };
  keepCounts(report);
  assert.ok(!('usage' in report));
});

test('running out of stack or of room is the doing of who answered, and nothing else is', () => {
  const deep = asProviderFailure(new RangeError('Maximum call stack size exceeded'));
  assert.ok(deep instanceof ProviderFailure && deep.kind === 'malformed');
  for (const error of [new TypeError('ours'), new ProviderFailure('timeout', ''), undefined])
    assert.equal(asProviderFailure(error), error);
});
