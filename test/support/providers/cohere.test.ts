import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CohereClientV2, CohereError } from 'cohere-ai';
import { MOCK_COHERE_KEY, startCohereMock } from './cohere.ts';

async function start(t: TestContext): Promise<CohereClientV2> {
  const mock = await startCohereMock();
  t.after(() => mock[Symbol.asyncDispose]());
  return new CohereClientV2({ token: MOCK_COHERE_KEY, environment: mock.origin });
}

const model = 'command-a-03-2025';
const ask = (content: string) => ({ model, messages: [{ role: 'user' as const, content }] });

test('the official SDK reads whole answers of the pretended Cohere', async (t) => {
  const client = await start(t);
  const answer = await client.chat(ask('!think Hm\n!say I will look\n!call f {"a":1}\n!usage 9 3 4'));
  assert.equal(answer.finishReason, 'TOOL_CALL');
  assert.equal(answer.message.toolPlan, 'I will look');
  assert.deepEqual(answer.message.content, [{ type: 'thinking', thinking: 'Hm' }]);
  assert.deepEqual(answer.message.toolCalls?.[0]?.function, { name: 'f', arguments: '{"a":1}' });
  assert.deepEqual(answer.usage?.billedUnits, { inputTokens: 9, outputTokens: 3 });
});

test('the official SDK reads streams of the pretended Cohere', async (t) => {
  const client = await start(t);
  const types = new Set<string>();
  let text = '';
  for await (const event of await client.chatStream(ask('!say Grüße 👋\n!chunks 4'))) {
    types.add(event.type);
    if (event.type === 'content-delta') text += event.delta?.message?.content?.text ?? '';
  }
  assert.equal(text, 'Grüße 👋');
  assert.deepEqual([...types], ['message-start', 'content-start', 'content-delta', 'content-end', 'message-end']);
  let plan = '';
  let written = '';
  for await (const event of await client.chatStream(ask('!say Plan\n!call f {"a":1}'))) {
    if (event.type === 'tool-plan-delta') plan += event.delta?.message?.toolPlan ?? '';
    if (event.type === 'tool-call-delta') written += event.delta?.message?.toolCalls?.function?.arguments ?? '';
  }
  assert.deepEqual([plan, written], ['Plan', '{"a":1}']);
});

test('the official SDK sees errors, vectors, ranks and models of the pretended Cohere', async (t) => {
  const client = await start(t);
  await assert.rejects(client.chat(ask('!fail 400')), (error: unknown) => {
    assert.ok(error instanceof CohereError);
    assert.equal(error.statusCode, 400);
    return true;
  });
  const texts = ['a', 'bcd'];
  const vectors = await client.embed({
    model: 'embed-v4.0',
    texts,
    inputType: 'search_query',
    embeddingTypes: ['float'],
  });
  assert.deepEqual(
    vectors.embeddings.float?.map(([length]) => length),
    [1, 3],
  );
  const ranks = await client.rerank({ model: 'rerank-v4.0', query: 'b', documents: ['a', 'b'] });
  assert.deepEqual(
    ranks.results.map(({ index }) => index),
    [1, 0],
  );
  const { models } = await client.models.list();
  assert.equal(models[0]?.contextLength, 288_000);
});
