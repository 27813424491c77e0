import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChatEvent } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { createChatStreamEncoder } from './encode-stream.ts';

const START: ChatEvent = { type: 'start', id: 'i', model: 'm', createdAtS: 1 };

interface Chunk {
  readonly choices: readonly {
    readonly index: number;
    readonly delta: unknown;
    readonly finish_reason: string | null;
  }[];
  readonly usage?: { readonly total_tokens: number } | null;
}

function encode(events: readonly ChatEvent[], body: JsonObject = {}): readonly Chunk[] {
  const encoder = createChatStreamEncoder(body);
  const wire = encoder.encode([START, ...events, { type: 'end' }]) + encoder.finish();
  assert.ok(wire.endsWith('data: [DONE]\n\n'));
  const lines = wire.split('\n\n').slice(0, -2);
  return lines.map((line) => JSON.parse(line.slice('data: '.length)) as Chunk);
}
const deltas = (chunks: readonly Chunk[]): readonly unknown[] => chunks.map(({ choices }) => choices[0]?.delta);

const at = { choice: 0, part: 0 };
const CALL: readonly ChatEvent[] = [
  { type: 'part-start', ...at, value: { type: 'tool-call', id: 'c', name: 'f', arguments: '', signature: 's1' } },
  { type: 'delta', ...at, text: '{}' },
  { type: 'part-end', ...at },
  { type: 'choice-end', choice: 0, stop: 'tool-calls' },
];
const ROLE = { role: 'assistant', content: '', refusal: null };

const signed = (text: string) => ({ extra_content: { google: { thought_signature: text } } });

test('the signature of a call comes with its beginning, the only place where AI SDK looks for it', () => {
  assert.deepEqual(deltas(encode(CALL)), [
    ROLE,
    { tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '' }, ...signed('s1') }] },
    { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
    {},
  ]);
});

test('a signature that is told late comes in a piece of the call that strict clients accept', () => {
  const late: ChatEvent = { type: 'signature', ...at, signature: 's2' };
  const pieces = deltas(encode([...CALL.slice(0, 2), late, ...CALL.slice(2)]));
  // opencode 1.18 (@ai-sdk/openai-compatible) ends with an error at a piece without `function`.
  assert.deepEqual(pieces.at(-2), { tool_calls: [{ index: 0, function: { arguments: '' }, ...signed('s1s2') }] });
});

test('a client that sent functions gets a function_call', () => {
  const chunks = encode(CALL, { functions: [] });
  assert.deepEqual(deltas(chunks), [
    ROLE,
    { function_call: { name: 'f', arguments: '' } },
    { function_call: { arguments: '{}' } },
    {},
  ]);
  assert.equal(chunks.at(-1)?.choices[0]?.finish_reason, 'function_call');
});

test('thoughts are told as they come, and whole with their signature', () => {
  const chunks = encode([
    { type: 'part-start', ...at, value: { type: 'reasoning', text: '' } },
    { type: 'delta', ...at, text: 'a' },
    { type: 'delta', ...at, text: 'b' },
    { type: 'signature', ...at, signature: 'xyz' },
    { type: 'part-end', ...at },
  ]);
  assert.deepEqual(deltas(chunks).slice(1), [
    { reasoning_content: 'a' },
    { reasoning_content: 'b' },
    { reasoning_details: [{ type: 'reasoning.text', text: 'ab', signature: 'xyz' }] },
  ]);
});

test('each choice begins with its role; usage is told only to those who asked, the last one that was known', () => {
  const events: ChatEvent[] = [
    { type: 'usage', usage: { inputTokens: 1, outputTokens: 1 } },
    { type: 'part-start', choice: 1, part: 0, value: { type: 'text', text: '' } },
    { type: 'delta', choice: 1, part: 0, text: 'x' },
    { type: 'part-end', choice: 1, part: 0 },
    { type: 'choice-end', choice: 1, stop: 'end' },
    { type: 'usage', usage: { inputTokens: 5, outputTokens: 2 } },
  ];
  const asked = encode(events, { stream_options: { include_usage: true } });
  assert.equal(asked[1]?.choices[0]?.index, 1);
  assert.deepEqual(deltas(asked).slice(0, 3), [ROLE, ROLE, { content: 'x' }]);
  assert.deepEqual(
    asked.slice(0, -1).map(({ usage }) => usage),
    [null, null, null, null],
  );
  assert.equal(asked.at(-1)?.usage?.total_tokens, 7);
  assert.ok(encode(events).every((chunk) => !('usage' in chunk)));
});
