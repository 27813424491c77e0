import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ChatMessage, ChatRequest } from '../../contracts/chat.ts';
import { completeUsage, estimateChatInput, estimateEmbedInput } from './estimate-usage.ts';

const chatOf = (messages: readonly ChatMessage[]): ChatRequest => ({
  dialect: 'anthropic',
  messages,
  tools: [],
  stream: true,
});

test('texts, calls, results and tools of a request are counted, media by the piece and not by their bytes', () => {
  const image = {
    type: 'image' as const,
    source: { type: 'base64' as const, mediaType: 'image/png', data: 'A'.repeat(1e6) },
  };
  const messages: ChatMessage[] = [
    { role: 'system', parts: [{ type: 'text', text: 'x'.repeat(40) }] },
    { role: 'user', parts: [{ type: 'text', text: 'x'.repeat(40) }, image] },
    { role: 'assistant', parts: [{ type: 'tool-call', id: 'c', name: 'f'.repeat(10), arguments: 'x'.repeat(30) }] },
    { role: 'tool', callId: 'c', parts: [{ type: 'text', text: 'x'.repeat(40) }] },
  ];
  assert.equal(estimateChatInput(chatOf(messages)), 40 + 1_000);
  const tool = { type: 'function' as const, name: 'f', parameters: {} };
  assert.ok(estimateChatInput({ ...chatOf(messages), tools: [tool] }) > 1_040);
});

test('of embeddings, lists of token numbers are counted as they are', () => {
  const inputs = ['x'.repeat(40), [1, 2, 3]];
  assert.equal(estimateEmbedInput({ dialect: 'openai', inputs, single: false }), 13);
});

test('an estimate never lowers what was told, and says what it is exactly where it changed something', () => {
  const count = fc.integer({ min: 0, max: 10_000 });
  fc.assert(
    fc.property(count, count, count, fc.boolean(), (inputTokens, outputTokens, outputChars, whole) => {
      const told = { inputTokens, outputTokens };
      const usage = completeUsage(told, { outputChars, whole }, () => assert.fail('it was told'));
      assert.equal(usage.inputTokens, inputTokens);
      assert.ok(usage.outputTokens >= outputTokens);
      assert.equal(usage.estimated === true, usage.outputTokens !== outputTokens);
      if (whole) assert.equal(usage, told);
    }),
  );
});
