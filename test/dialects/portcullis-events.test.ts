/** What the gateway says in between and besides, in every dialect: the vendors' own clients pass over it and lose nothing of the answer. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { streamText } from 'ai';
import OpenAI from 'openai';
import type { ChatAnswer, ChatEvent } from '../../src/contracts/chat.ts';
import { createMessagesEdge } from '../../src/edges/anthropic/messages-edge.ts';
import { geminiEdge } from '../../src/edges/gemini/gemini-edge.ts';
import type { ChatEdge } from '../../src/edges/models/dialect-edge.ts';
import { openaiChatEdge } from '../../src/edges/openai-chat/chat-edge.ts';
import { openaiResponsesEdge } from '../../src/edges/openai-responses/responses-edge.ts';

const EDGES = {
  chat: openaiChatEdge,
  responses: openaiResponsesEdge,
  anthropic: createMessagesEdge(() => false),
  gemini: geminiEdge,
};
type Dialect = keyof typeof EDGES;

const said = (type: string): ChatEvent => ({ type: 'portcullis', value: { type, run: 'run-1' } });
const RUN_TEXT = 'before and after';
/** Between head and text, within a text, between two parts, after the last. */
const EVENTS: readonly ChatEvent[] = [
  { type: 'start', id: 'answer-1', model: 'm', createdAtS: 1_750_000_000 },
  said('round.started'),
  { type: 'part-start', choice: 0, part: 0, value: { type: 'text', text: '' } },
  { type: 'delta', choice: 0, part: 0, text: 'before ' },
  said('tool.started'),
  { type: 'delta', choice: 0, part: 0, text: 'and after' },
  { type: 'part-end', choice: 0, part: 0 },
  said('tool.finished'),
  { type: 'part-start', choice: 0, part: 1, value: { type: 'tool-call', id: 'call_1', name: 'own', arguments: '' } },
  { type: 'delta', choice: 0, part: 1, text: '{"a":1}' },
  { type: 'part-end', choice: 0, part: 1 },
  said('run.waiting'),
  { type: 'choice-end', choice: 0, stop: 'tool-calls' },
  { type: 'usage', usage: { inputTokens: 3, outputTokens: 4 } },
  { type: 'end' },
];

function encodeStream(edge: ChatEdge): string {
  const encoder = edge.createStreamEncoder({ model: 'm', stream_options: { include_usage: true } });
  return EVENTS.map((event) => encoder.encode([event])).join('') + encoder.finish();
}

/** Answers everything with the stream of one dialect. */
async function serve(t: TestContext, dialect: Dialect): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'Content-Type': EDGES[dialect].streamContentType });
    response.end(encodeStream(EDGES[dialect]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const TELLS = ['round.started', 'tool.started', 'tool.finished', 'run.waiting'];

for (const dialect of ['chat', 'responses', 'anthropic', 'gemini'] as const)
  test(`${dialect}: what the gateway says in between stands in the stream in its place, and in a whole answer beside it`, () => {
    const edge = EDGES[dialect];
    const places = TELLS.map((type) => encodeStream(edge).indexOf(`"${type}"`));
    assert.ok(
      places.every((place, i) => place > (places[i - 1] ?? 0)),
      String(places),
    );
    const answer: ChatAnswer = {
      ...{ id: 'a', model: 'm', createdAtS: 1, usage: undefined },
      choices: [{ parts: [{ type: 'text', text: RUN_TEXT }], stop: 'end' }],
    };
    const portcullis = { run: 'run-1', executed: [{ id: 'call_1', isError: false }] };
    const bare = JSON.parse(edge.encodeAnswer(answer, {}));
    assert.deepEqual(JSON.parse(edge.encodeAnswer({ ...answer, portcullis }, {})), { ...bare, portcullis });
    assert.ok(!('portcullis' in bare));
  });

test("OpenAI's client: chat", async (t) => {
  const openai = new OpenAI({ baseURL: await serve(t, 'chat'), apiKey: 'k' });
  const final = await openai.chat.completions
    .stream({ model: 'm', messages: [{ role: 'user', content: 'x' }] })
    .finalChatCompletion();
  const message = final.choices[0]?.message;
  assert.equal(message?.content, RUN_TEXT);
  assert.deepEqual(
    message?.tool_calls?.map((call) => call.type === 'function' && call.function.arguments),
    ['{"a":1}'],
  );
  assert.equal(final.usage?.completion_tokens, 4);
});

test("OpenAI's client: Responses", async (t) => {
  const openai = new OpenAI({ baseURL: await serve(t, 'responses'), apiKey: 'k' });
  const stream = openai.responses.stream({ model: 'm', input: 'x' });
  const final = await stream.finalResponse();
  assert.equal(final.output_text, RUN_TEXT);
  assert.deepEqual(
    final.output.flatMap((item) => (item.type === 'function_call' ? [item.arguments] : [])),
    ['{"a":1}'],
  );
});

test("Anthropic's client", async (t) => {
  const anthropic = new Anthropic({ baseURL: await serve(t, 'anthropic'), apiKey: 'k' });
  const final = await anthropic.messages
    .stream({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'x' }] })
    .finalMessage();
  assert.deepEqual(
    final.content.map((block) => (block.type === 'text' ? block.text : block.type === 'tool_use' && block.input)),
    [RUN_TEXT, { a: 1 }],
  );
});

test("Google's client: a stream, and a chat whose history stays whole", async (t) => {
  const google = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: await serve(t, 'gemini') } });
  const chat = google.chats.create({ model: 'm' });
  let text = '';
  for await (const piece of await chat.sendMessageStream({ message: 'x' }))
    text += (piece.candidates?.[0]?.content?.parts ?? []).map((part) => part.text ?? '').join('');
  assert.equal(text, RUN_TEXT);
  assert.ok(chat.getHistory(true).length > 1, 'the answer counts as valid');
});

test('the AI SDK, by all of its three providers and both of OpenAI', async (t) => {
  const openaiChat = createOpenAI({ baseURL: await serve(t, 'chat'), apiKey: 'k' });
  const openaiResponses = createOpenAI({ baseURL: await serve(t, 'responses'), apiKey: 'k' });
  const anthropic = createAnthropic({ baseURL: await serve(t, 'anthropic'), apiKey: 'k' });
  const google = createGoogleGenerativeAI({ baseURL: await serve(t, 'gemini'), apiKey: 'k' });
  const models = {
    chat: openaiChat.chat('m'),
    responses: openaiResponses.responses('m'),
    anthropic: anthropic('m'),
    gemini: google('m'),
  };
  for (const [name, model] of Object.entries(models)) {
    const errors: unknown[] = [];
    const result = streamText({ model, prompt: 'x', onError: ({ error }) => void errors.push(error) });
    assert.equal(await result.text, RUN_TEXT, name);
    assert.equal((await result.toolCalls).length, 1, name);
    assert.deepEqual(errors, [], name);
  }
});
