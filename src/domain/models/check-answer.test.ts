import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AssistantPart, ChatAnswer } from '../../contracts/chat.ts';
import { ProviderFailure } from '../../contracts/models.ts';
import { type CheckDeps, checkAnswer } from './check-answer.ts';

const deps = (): CheckDeps => {
  let made = 0;
  return { randomHex: (digits) => String(made++).padStart(digits, '0'), nowS: () => 1_790_000_000 };
};
const call = (id: string): AssistantPart => ({ type: 'tool-call', id, name: 'weather', arguments: '{}' });
const answerOf = (parts: readonly AssistantPart[], more: Partial<ChatAnswer> = {}): ChatAnswer => ({
  ...{ id: 'a', model: 'm', createdAtS: 5, choices: [{ parts, stop: 'end' }], usage: undefined },
  ...more,
});
const idsOf = ({ choices }: ChatAnswer): readonly (readonly string[])[] =>
  choices.map(({ parts }) => parts.flatMap((part) => (part.type === 'tool-call' ? [part.id] : [])));

test('an answer that keeps its promises says the same afterwards', () => {
  const answer = answerOf([{ type: 'text', text: 'Hello' }, call('1'), call('2')], {
    usage: { inputTokens: 5, outputTokens: 7 },
  });
  assert.deepEqual(checkAnswer(answer, deps()), answer);
});

test('calls with one id, or without any, are told apart, and the first keeps its own', () => {
  const [ids] = idsOf(checkAnswer(answerOf([call('1'), call('1'), call(''), call('__proto__')]), deps()));
  assert.equal(ids?.[0], '1');
  assert.equal(ids?.[3], '__proto__');
  assert.equal(new Set(ids).size, 4);
  for (const id of ids ?? []) assert.notEqual(id, '');
});

test('an id that was made up is no later one of the provider', () => {
  const made = `call_${'0'.repeat(24)}`;
  const [ids] = idsOf(checkAnswer(answerOf([call(''), call(made)]), deps()));
  assert.equal(ids?.[0], made);
  assert.notEqual(ids?.[1], made);
});

test('choices are answered each for itself, so their calls may have the same ids', () => {
  const { choices } = answerOf([call('1')]);
  const answer = answerOf([], { choices: [...choices, ...choices] });
  assert.deepEqual(idsOf(checkAnswer(answer, deps())), [['1'], ['1']]);
});

test('a head that no client could take is mended: its id, its length, its time', () => {
  for (const createdAtS of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1e15])
    assert.equal(checkAnswer(answerOf([], { createdAtS }), deps()).createdAtS, 1_790_000_000);
  assert.equal(checkAnswer(answerOf([], { id: '' }), deps()).id, `msg_${'0'.repeat(24)}`);
  const long = checkAnswer(answerOf([], { id: 'x'.repeat(1e6), model: 'y'.repeat(1e6) }), deps());
  assert.deepEqual([long.id.length, long.model.length, long.createdAtS], [256, 256, 5]);
});

test('counts that are none are not told', () => {
  const usage = { inputTokens: -5, outputTokens: 7 };
  assert.equal(checkAnswer(answerOf([], { usage }), deps()).usage, undefined);
});

test('an answer without a choice is none', () => {
  assert.throws(
    () => checkAnswer(answerOf([], { choices: [] }), deps()),
    (error) => error instanceof ProviderFailure && error.kind === 'malformed',
  );
});
