import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AssistantPart, ChatEvent } from '../../contracts/chat.ts';
import { createFillEvents, fillAnswer } from './fill-arguments.ts';

const call = (more: object = {}): AssistantPart => ({
  type: 'tool-call',
  id: 'c',
  name: 'now',
  arguments: '',
  ...more,
});
const at = { choice: 0, part: 1 };

/** Batches of events as they come from the provider, filled, one after the other. */
function fill(...batches: ChatEvent[][]): ChatEvent[] {
  const filled = createFillEvents();
  return batches.flatMap((events) => [...filled(events)]);
}

test('a streamed call of which nothing came gets an empty object before it ends', () => {
  const start: ChatEvent = { type: 'part-start', ...at, value: call() };
  const end: ChatEvent = { type: 'part-end', ...at };
  const delta: ChatEvent = { type: 'delta', ...at, text: '{}' };
  assert.deepEqual(fill([start], [end]), [start, delta, end]);
  assert.deepEqual(fill([start, { type: 'delta', ...at, text: '' }, end]), [
    start,
    { type: 'delta', ...at, text: '' },
    delta,
    end,
  ]);
});

test('calls with arguments, and input of custom tools, stay as they came', () => {
  const events = (value: AssistantPart, text: string): ChatEvent[] => [
    { type: 'part-start', ...at, value },
    { type: 'delta', ...at, text },
    { type: 'part-end', ...at },
  ];
  const whole = events(call(), '{"a":1}');
  assert.deepEqual(fill(whole), whole);
  const custom = events(call({ custom: true }), '');
  assert.deepEqual(fill(custom), custom);
  const complete = [
    { type: 'part-start', ...at, value: call({ arguments: '{"a":1}' }) },
    { type: 'part-end', ...at },
  ] as const;
  assert.deepEqual(fill([...complete]), complete);
});

test('a whole answer is told alike, and is the same object where nothing is missing', () => {
  const answerOf = (part: AssistantPart) => ({
    ...{ id: 'a', model: 'm', createdAtS: 1, usage: undefined },
    choices: [{ parts: [part], stop: 'tool-calls' as const }],
  });
  assert.deepEqual(fillAnswer(answerOf(call())).choices[0]?.parts, [call({ arguments: '{}' })]);
  const whole = answerOf(call({ arguments: '{"a":1}' }));
  assert.equal(fillAnswer(whole), whole);
});
