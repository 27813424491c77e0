import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../contracts/errors.ts';
import { readCalls } from './read-calls.ts';

const read = (text: string) => readCalls(text, undefined, 64);

test('arguments are taken to the byte, whether they are text or an object', () => {
  const precise = '{"n":12345678901234567890,"m":1.0}';
  const bodies = [
    JSON.stringify({ id: 'c', type: 'function', function: { name: 't', arguments: precise } }),
    JSON.stringify({ type: 'function_call', call_id: 'c', name: 't', arguments: precise }),
    `{"type":"tool_use","id":"c","name":"t","input":${precise}}`,
    `{"functionCall":{"name":"t","id":"c","args":${precise}},"thoughtSignature":"x"}`,
    `{"name":"t","id":"c","args":${precise}}`,
  ];
  const dialects = ['openai-chat', 'openai-responses', 'anthropic', 'gemini', 'gemini'];
  const one = read(`{"calls":[${bodies.join(',')}]}`);
  assert.equal(one.isList, true);
  assert.deepEqual(
    one.calls,
    dialects.map((dialect) => ({ type: 'tool-call', dialect, toolCallId: 'c', name: 't', arguments: precise })),
  );
  for (const body of bodies) assert.equal(read(body).calls.length, 1);
});

test('no arguments are none, and no id is none', () => {
  for (const body of [
    { type: 'function', function: { name: 't', arguments: '' } },
    { type: 'function_call', name: 't' },
    { type: 'tool_use', id: null, name: 't' },
    { functionCall: { name: 't' } },
  ]) {
    const [call] = read(JSON.stringify(body)).calls;
    assert.deepEqual(call && 'toolCallId' in call && [call.toolCallId, call.arguments], [undefined, '{}']);
  }
});

test('what could be read in two ways, or is no call, is refused by the name of the member', () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['{"type":"function","function":{"name":"t","arguments":"{\\"a\\":1,\\"a\\":2}"}}', /function\.arguments/],
    ['{"type":"function","function":{"name":"t","arguments":"[]"}}', /function\.arguments/],
    ['{"calls":[{"type":"tool_use","name":"t","input":[]}]}', /calls\[0\]\.input/],
    ['{"calls":[{"suggestion":7}]}', /calls\[0\]\.suggestion/],
    ['{"type":"custom","name":"t"}', /type/],
    ['{}', /the body/],
  ];
  for (const [text, message] of wrong) assert.throws(() => read(text), message, text);
});

test('whatever is sent is read or refused', () => {
  const words = fc.constantFrom('type', 'function', 'function_call', 'tool_use', 'functionCall', 'name', 'calls', 'id');
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), words, fc.array(tie('any'), { maxLength: 3 }), tie('object')),
    object: fc.dictionary(words, tie('any'), { maxKeys: 5 }),
  })).object;
  fc.assert(
    fc.property(value, (body) => {
      try {
        for (const call of read(JSON.stringify(body)).calls)
          assert.ok(call.arguments === undefined || JSON.parse(call.arguments));
      } catch (error) {
        assert.ok(error instanceof GatewayError, String(error));
      }
    }),
  );
});
