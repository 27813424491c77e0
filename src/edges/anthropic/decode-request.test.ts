import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import { decodeRequest } from './decode-request.ts';

const decode = (body: object) => {
  const text = JSON.stringify({ max_tokens: 9, messages: [{ role: 'user', content: 'Hello' }], ...body });
  return decodeRequest({ text, value: JSON.parse(text) });
};
const user = (...content: object[]) => decode({ messages: [{ role: 'user', content }] }).messages[0];

test('what has the wrong type is refused by its path', () => {
  const cases: readonly [object, string][] = [
    [{ messages: null }, 'messages must be a list'],
    [{ messages: [] }, 'messages must not be empty'],
    [{ max_tokens: undefined }, 'max_tokens must be a number'],
    [{ messages: [1] }, 'messages[0] must be an object'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].role must be user, assistant or system'],
    [{ messages: [{ role: 'user', content: 7 }] }, 'messages[0].content must be a list'],
    [{ messages: [{ role: 'user', content: [{}] }] }, 'messages[0].content[0].type must be a text'],
    [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text must be a text'],
    [
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'ftp' } }] }] },
      'messages[0].content[0].source.type must be base64, text, url, file or content',
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'tool_result', content: 'x' }] }] },
      'messages[0].content[0].tool_use_id must be a text',
    ],
    [{ tools: [{ input_schema: {} }] }, 'tools[0].name must be a text'],
    [{ tools: [{ name: 'x', input_schema: [] }] }, 'tools[0].input_schema must be an object'],
    [{ tool_choice: { type: 'some' } }, 'tool_choice.type must be auto, any, tool or none'],
    [{ max_tokens: '9' }, 'max_tokens must be a number'],
    [{ stop_sequences: 'x' }, 'stop_sequences must be a list'],
    [{ output_config: { effort: 'huge' } }, 'output_config.effort must be low, medium, high, xhigh, max'],
    [{ output_format: { type: 'xml' } }, 'output_config.format must be a json_schema with its schema'],
  ];
  for (const [body, expected] of cases)
    assert.throws(
      () => decode(body),
      (error: unknown) =>
        error instanceof GatewayError && error.code === 'invalid_params' && error.message.endsWith(expected),
      expected,
    );
});

test('a member that stands twice in the arguments of a call is refused', () => {
  const text =
    '{"max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n","input":{},"input":{"a":1}}]}]}';
  assert.throws(() => decodeRequest({ text, value: JSON.parse(text) }), { code: 'invalid_params' });
});

test('a turn of results and words becomes one message for each result, and one for the words', () => {
  const { messages } = decode({
    messages: [
      { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'look', input: {} }] },
      {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            tool_use_id: 'a',
            content: 'seen',
            is_error: true,
            cache_control: { type: 'ephemeral', ttl: '1h' },
          },
          { type: 'tool_result', tool_use_id: 'b' },
          { type: 'text', text: 'Well?' },
        ],
      },
    ],
  });
  assert.deepEqual(messages.slice(1), [
    {
      ...{ role: 'tool', callId: 'a', name: 'look', isError: true, cache: { ttl: '1h' } },
      parts: [{ type: 'text', text: 'seen' }],
    },
    { role: 'tool', callId: 'b', parts: [] },
    { role: 'user', parts: [{ type: 'text', text: 'Well?' }] },
  ]);
});

test('documents are read whatever they are made of, and search results keep their words', () => {
  const document = (source: object) => user({ type: 'document', source, title: 'T', context: 'C' })?.parts[0];
  assert.deepEqual(document({ type: 'text', media_type: 'text/plain', data: 'Grüße' }), {
    ...{ type: 'document', name: 'T', extra: { context: 'C' } },
    source: { type: 'base64', mediaType: 'text/plain', data: Buffer.from('Grüße').toString('base64') },
  });
  assert.equal(document({ type: 'content', content: 'x' })?.type, 'foreign');
  const result = { type: 'search_result', title: 'T', source: 'https://e.org', content: [{ type: 'text', text: 'W' }] };
  assert.deepEqual(user(result)?.parts, [{ type: 'text', text: 'T\nhttps://e.org\nW' }]);
});

test('what only Anthropic understands stays as it is, and is marked so', () => {
  const blocks = [
    { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } },
    { type: 'web_search_tool_result', tool_use_id: 's', content: [] },
    { type: 'mcp_tool_use', id: 'm', name: 'n', server_name: 'x', input: {} },
    { type: 'compaction', content: 'so far' },
  ];
  const [message] = decode({ messages: [{ role: 'assistant', content: blocks }] }).messages;
  assert.deepEqual(
    message?.parts,
    blocks.map((value) => ({ type: 'foreign', dialect: 'anthropic', value })),
  );
});

test('every way to wish for thinking is read', () => {
  const wish = (thinking: object | undefined, output_config?: object) => decode({ thinking, output_config }).reasoning;
  assert.deepEqual(wish({ type: 'enabled', budget_tokens: 2_048, display: 'omitted' }), {
    ...{ enabled: true, budgetTokens: 2_048, show: false },
  });
  assert.deepEqual(wish({ type: 'disabled' }), { enabled: false });
  assert.deepEqual(wish({ type: 'between_tools' }), { enabled: true, extra: { type: 'between_tools' } });
  assert.deepEqual(wish(undefined, { effort: 'max' }), { enabled: true, effort: 'max' });
  assert.equal(wish(undefined), undefined);
});
