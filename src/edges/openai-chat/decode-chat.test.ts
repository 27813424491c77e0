import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../contracts/errors.ts';
import { decodeChat } from './decode-chat.ts';

test('what is wrong is named by its path', () => {
  const messages = [{ role: 'user', content: 'x' }];
  const table: readonly [object, string][] = [
    [{}, 'messages'],
    [{ messages: 'x' }, 'messages'],
    [{ messages: ['x'] }, 'messages[0]'],
    [{ messages: [{ role: 'robot' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: 7 }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
    [{ messages: [{ role: 'user', content: [{ type: 'file', file: {} }] }] }, 'messages[0].content[0].file.file_data'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
    [{ messages: [{ role: 'assistant', tool_calls: [{ id: 'a' }] }] }, 'messages[0].tool_calls[0].function'],
    [{ messages: [{ role: 'system', content: [{ type: 'image_url', image_url: 'x' }] }] }, 'messages[0].content[0]'],
    [{ messages, tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
    [{ messages, tool_choice: 'maybe' }, 'tool_choice'],
    [{ messages, temperature: '1' }, 'temperature'],
    [{ messages, reasoning_effort: 'huge' }, 'reasoning_effort'],
    [{ messages, response_format: { type: 'xml' } }, 'response_format.type'],
    [{ messages, stop: [1] }, 'stop[0]'],
    [{ messages, metadata: { a: 1 } }, 'metadata.a'],
  ];
  for (const [body, param] of table)
    assert.throws(
      () => decodeChat({ ...body }),
      (error: unknown) => {
        assert.ok(error instanceof GatewayError);
        assert.equal(error.code, 'invalid_params');
        assert.equal(error.data?.param, param, JSON.stringify(body));
        return true;
      },
    );
});

test('any JSON is either read or refused by name, and nothing else happens', () =>
  fc.assert(
    fc.property(
      fc.record({
        messages: fc.array(fc.dictionary(fc.constantFrom('role', 'content', 'tool_calls', 'x'), fc.jsonValue())),
      }),
      fc.dictionary(
        fc.constantFrom('tools', 'tool_choice', 'stop', 'response_format', 'functions', 'n'),
        fc.jsonValue(),
      ),
      (body, more) => {
        try {
          decodeChat({ ...body, ...more });
        } catch (error) {
          assert.ok(error instanceof GatewayError && error.code === 'invalid_params', String(error));
        }
      },
    ),
  ));

test('what an answer said besides comes back: signatures of calls and thoughts', () => {
  const { messages } = decodeChat({
    messages: [
      {
        role: 'assistant',
        content: '',
        reasoning_content: 'hm',
        reasoning_details: [
          { type: 'reasoning.text', text: 'hm', signature: 'sig1' },
          { type: 'reasoning.encrypted', data: 'sealed' },
        ],
        tool_calls: [
          {
            ...{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } },
            extra_content: { google: { thought_signature: 'sig2' } },
          },
        ],
      },
    ],
  });
  assert.deepEqual(messages[0]?.parts, [
    { type: 'reasoning', text: 'hm', signature: 'sig1' },
    { type: 'reasoning', text: '', sealed: 'sealed' },
    { type: 'tool-call', id: 'c', name: 'f', arguments: '{}', signature: 'sig2' },
  ]);
});

test('marks of the cache, foreign parts and tools, and allowed tools are kept for who understands them', () => {
  const chat = decodeChat({
    messages: [
      {
        role: 'user',
        content: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } }, { type: 'x' }],
      },
    ],
    tools: [{ type: 'web_search', depth: 2 }],
    tool_choice: {
      type: 'allowed_tools',
      allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'f' } }] },
    },
    safety_identifier: 'who',
    modalities: ['text'],
  });
  assert.deepEqual(chat.messages[0]?.parts, [
    { type: 'text', text: 'a', cache: { ttl: '1h' } },
    { type: 'foreign', dialect: 'openai-chat', value: { type: 'x' } },
  ]);
  assert.deepEqual(chat.tools, [
    { type: 'foreign', dialect: 'openai-chat', name: 'web_search', value: { type: 'web_search', depth: 2 } },
  ]);
  assert.deepEqual(chat.toolChoice, { type: 'allowed', names: ['f'], required: true });
  assert.equal(chat.user, 'who');
  assert.deepEqual(chat.extra, { modalities: ['text'] });
});
