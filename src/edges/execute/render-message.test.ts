import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readResult } from './read-result.ts';
import { renderMessage } from './render-message.ts';

const answered = { toolCallId: 'call_1', name: 'paint' };
const resultOf = (result: object) =>
  readResult({ type: 'result', text: JSON.stringify(result), isError: 'isError' in result });
const rendered = (dialect: Parameters<typeof renderMessage>[0], result: object): unknown =>
  JSON.parse(renderMessage(dialect, answered, resultOf(result)));

const PICTURE = {
  content: [
    { type: 'text', text: 'Here:' },
    { type: 'image', data: 'AAAA', mimeType: 'image/png' },
    { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' },
    { type: 'resource', resource: { uri: 'file:///a', text: 'inside' } },
    { type: 'resource_link', uri: 'file:///b', name: 'b' },
    { type: 'text', text: '' },
  ],
};

test('what a dialect cannot carry is told in its place, and images go where they can', () => {
  const chat = 'Here:\n[image/png, 3 bytes, not shown]\n[audio/wav, 3 bytes, not shown]\ninside\n[resource file:///b]';
  assert.deepEqual(rendered('openai-chat', PICTURE), { role: 'tool', tool_call_id: 'call_1', content: chat });
  assert.deepEqual(rendered('openai-responses', PICTURE), {
    ...{ type: 'function_call_output', call_id: 'call_1', output: chat },
  });
  assert.deepEqual(rendered('anthropic', PICTURE), {
    type: 'tool_result',
    tool_use_id: 'call_1',
    content: [
      { type: 'text', text: 'Here:' },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
      { type: 'text', text: '[audio/wav, 3 bytes, not shown]' },
      { type: 'text', text: 'inside' },
      { type: 'text', text: '[resource file:///b]' },
    ],
  });
  assert.deepEqual(rendered('gemini', PICTURE), {
    functionResponse: { id: 'call_1', name: 'paint', response: { output: chat } },
  });
});

test('structured content stands in for a text that is missing, and Gemini gets it as it is', () => {
  const structured = '{"n":12345678901234567890}';
  const result = readResult({
    type: 'result',
    text: `{"content":[],"structuredContent":${structured}}`,
    isError: false,
  });
  assert.equal(JSON.parse(renderMessage('openai-chat', answered, result)).content, structured);
  assert.ok(renderMessage('gemini', answered, result).includes(`"response":{"output":${structured}}`));
});

test('failures are told as such where a dialect can, and results of any shape make a message', () => {
  const failed = { content: [{ type: 'text', text: 'no paint' }], isError: true };
  assert.deepEqual(rendered('anthropic', failed), {
    ...{ type: 'tool_result', tool_use_id: 'call_1', content: [{ type: 'text', text: 'no paint' }], is_error: true },
  });
  assert.deepEqual(rendered('gemini', failed), {
    functionResponse: { id: 'call_1', name: 'paint', response: { error: 'no paint' } },
  });
  const refused = readResult({ type: 'rpc-error', text: '{"code":-32602,"message":"no such colour"}' });
  assert.deepEqual([refused.isError, refused.parts], [true, [{ type: 'text', text: 'no such colour' }]]);
  for (const odd of [{}, { content: 'x' }, { content: [null, 1, { type: 'text' }, { type: 'resource' }] }])
    assert.deepEqual(rendered('openai-chat', odd), { role: 'tool', tool_call_id: 'call_1', content: '' });
});
