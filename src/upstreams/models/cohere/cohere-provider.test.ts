import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  chatCall,
  chatRequest,
  embedCall,
  injectedTools,
  providerCall,
  providerConfig,
  readEvents,
} from '../../../../test/support/providers/call-provider.ts';
import { MOCK_COHERE_KEY, startCohereMock } from '../../../../test/support/providers/cohere.ts';
import { joinEvents } from '../../../../test/support/providers/join-events.ts';
import type { MockProvider } from '../../../../test/support/providers/mock-provider.ts';
import type { ChatRequest } from '../../../contracts/chat.ts';
import { type ModelProvider, ProviderFailure } from '../../../contracts/models.ts';
import { createHttpClient } from '../../http/client.ts';
import { createCohereProvider } from './cohere-provider.ts';

const MODEL = 'command-a-03-2025';
const HOW = { model: MODEL, key: MOCK_COHERE_KEY };
const TOOL = {
  type: 'function',
  name: 'weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
} as const;

interface Started {
  readonly mock: MockProvider;
  readonly provider: ModelProvider;
  readonly chat: NonNullable<ModelProvider['chat']>;
  /** The body of the last request. */
  sent(): { readonly [name: string]: unknown };
}

async function start(t: TestContext): Promise<Started> {
  const mock = await startCohereMock();
  const http = createHttpClient();
  t.after(async () => {
    await http[Symbol.asyncDispose]();
    await mock[Symbol.asyncDispose]();
  });
  const deps = { http, now: Date.now, randomHex: (digits: number) => '0'.repeat(digits) };
  const provider = createCohereProvider(deps, providerConfig('cohere', mock.origin));
  assert.ok(provider.chat);
  const sent = () => mock.requests.at(-1)?.json as { readonly [name: string]: unknown };
  return { mock, provider, chat: provider.chat, sent };
}

/** The neutral answer, whichever way it was sent. */
async function ask({ chat }: Started, request: ChatRequest, how: Parameters<typeof chatCall>[1] = HOW) {
  const call = chatCall(request, how);
  const outcome = await chat(call);
  const { report } = call;
  if (outcome.type === 'chat') {
    if (outcome.answer.lane !== 'neutral') throw new Error('unreachable');
    const { choices, usage } = outcome.answer.value;
    return { report, usage, parts: choices[0]?.parts, stop: choices[0]?.stop };
  }
  if (outcome.stream.lane !== 'neutral') throw new Error('unreachable');
  return { report, ...joinEvents(await readEvents(outcome.stream.value)) };
}

const failsWith = (kind: string, text?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ProviderFailure, String(error));
  assert.equal(error.kind, kind, error.message);
  if (text !== undefined) assert.match(error.publicText ?? '', text);
  return true;
};

for (const stream of [false, true]) {
  const how = stream ? 'streamed' : 'whole';

  test(`a ${how} answer holds thoughts, the plan, parallel calls and what is billed`, async (t) => {
    const started = await start(t);
    const prompt =
      '!think Let me see\n!say I look\n!call weather {"city":"Köln"}\n!call weather {"id":1}\n!usage 50 7 20';
    const { parts, stop, usage, report } = await ask(started, chatRequest(prompt, { stream, tools: [TOOL] }));
    assert.deepEqual(parts, [
      { type: 'reasoning', text: 'Let me see' },
      { type: 'text', text: 'I look' },
      { type: 'tool-call', id: 'call_2', name: 'weather', arguments: '{"city":"Köln"}' },
      { type: 'tool-call', id: 'call_3', name: 'weather', arguments: '{"id":1}' },
    ]);
    assert.equal(stop, 'tool-calls');
    assert.deepEqual(usage, { inputTokens: 50, outputTokens: 7, cachedTokens: 20 });
    assert.deepEqual(report.usage, usage);
    assert.equal(report.stop, 'tool-calls');
    assert.ok(report.outputChars > 20);
  });

  test(`results of tools arrive, and what was said before with them (${how})`, async (t) => {
    const started = await start(t);
    const request = chatRequest('', {
      ...{ stream, tools: [TOOL] },
      messages: [
        { role: 'system', parts: [{ type: 'text', text: 'Be brief' }] },
        { role: 'user', parts: [{ type: 'text', text: '!call weather {}' }] },
        {
          role: 'assistant',
          parts: [
            { type: 'text', text: 'I look' },
            { type: 'tool-call', id: 'a', name: 'weather', arguments: '{"city":"Rom"}' },
            { type: 'tool-call', id: 'b', name: 'weather', arguments: '' },
          ],
        },
        { role: 'tool', callId: 'a', parts: [{ type: 'text', text: 'sunny' }] },
        { role: 'tool', callId: 'b', parts: [{ type: 'text', text: 'rain' }], isError: true },
      ],
    });
    const { parts, report } = await ask(started, request);
    assert.deepEqual(parts, [{ type: 'text', text: 'Tool said: sunny\nTool said: rain' }]);
    const { messages } = started.sent() as { messages: object[] };
    assert.deepEqual(messages[2], {
      role: 'assistant',
      tool_plan: 'I look',
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city":"Rom"}' } },
        { id: 'b', type: 'function', function: { name: 'weather', arguments: '{}' } },
      ],
    });
    assert.deepEqual(report.dropped, ['messages[4].is_error']);
  });

  test(`an error is the failure it means (${how})`, async (t) => {
    const started = await start(t);
    const fail = (status: number) => ask(started, chatRequest(`!fail ${status}`, { stream }));
    await assert.rejects(fail(429), failsWith('rate-limited'));
    await assert.rejects(fail(402), failsWith('quota-exceeded'));
    await assert.rejects(fail(503), failsWith('overloaded'));
    await assert.rejects(fail(504), failsWith('timeout'));
    await assert.rejects(fail(498), failsWith('content-filtered'));
    await assert.rejects(fail(422), failsWith('invalid-request', /mock failure 422/));
    await assert.rejects(ask(started, chatRequest('!say finish ERROR', { stream })), failsWith('server-error'));
    await assert.rejects(ask(started, chatRequest('!say finish TIMEOUT', { stream })), failsWith('timeout'));
    const gone = { ...HOW, model: 'missing' };
    await assert.rejects(ask(started, chatRequest('x', { stream }), gone), failsWith('unknown-model'));
    const stranger = { ...HOW, key: 'another-key' };
    await assert.rejects(ask(started, chatRequest('x', { stream }), stranger), failsWith('unauthorized'));
    await assert.rejects(ask(started, chatRequest('!garbage head', { stream: false })), failsWith('malformed'));
  });
}

test('a stream that breaks says how; one that is left ends the answer of the provider', async (t) => {
  const started = await start(t);
  const say = (fault: string) => ask(started, chatRequest(`!say one two three\n!${fault} stream`, { stream: true }));
  await assert.rejects(say('reset'), failsWith('connection-lost'));
  await assert.rejects(say('garbage'), failsWith('malformed'));
  const aborted = started.mock.aborted();
  const slow = chatRequest('!say a b c d e f\n!chunks 6\n!pace 1000', { stream: true });
  const outcome = await started.chat(chatCall(slow, HOW));
  if (outcome.type !== 'chat-stream' || outcome.stream.lane !== 'neutral') throw new Error('unreachable');
  await outcome.stream.value[Symbol.asyncIterator]().return?.();
  await started.mock.waitForAborts(aborted + 1);
});

test('what Cohere has words for is said in them, and the rest is named', async (t) => {
  const started = await start(t);
  const request = chatRequest('hi', {
    ...{ maxOutputTokens: 9, temperature: 0.5, topP: 0.9, topK: 3, stop: ['X'], seed: 1 },
    ...{ frequencyPenalty: 0.1, presencePenalty: 0.2, logprobs: 2, user: 'u', parallelToolCalls: false },
    output: { type: 'json-schema', name: 'n', schema: { type: 'object' } },
    reasoning: { enabled: true, budgetTokens: 100, effort: 'low' },
    tools: [TOOL, { ...TOOL, name: 'other' }],
    toolChoice: { type: 'tool', name: 'weather' },
    extra: { safety_mode: 'STRICT', store: true, documents: ['A text'] },
  });
  const { report } = await ask(started, request);
  const { messages, ...rest } = started.sent();
  assert.deepEqual(messages, [{ role: 'user', content: 'hi' }]);
  assert.deepEqual(rest, {
    ...{ model: MODEL, stream: false, documents: ['A text'], tool_choice: 'REQUIRED', max_tokens: 9, temperature: 0.5 },
    ...{ p: 0.9, k: 3, stop_sequences: ['X'], seed: 1, frequency_penalty: 0.1, presence_penalty: 0.2 },
    response_format: { type: 'json_object', json_schema: { type: 'object' } },
    thinking: { type: 'enabled', token_budget: 100 },
    safety_mode: 'STRICT',
    tools: [{ type: 'function', function: { name: 'weather', parameters: TOOL.parameters } }],
  });
  const expected = ['parallel_tool_calls', 'logprobs', 'user', 'store', 'reasoning.effort'];
  assert.deepEqual([...report.dropped].sort(), expected.sort());
});

test('images arrive, documents of text stand beside the conversation, sounds are refused', async (t) => {
  const started = await start(t);
  const media = (type: 'image' | 'document' | 'audio', mediaType: string, text: string) =>
    ({ type, source: { type: 'base64', mediaType, data: Buffer.from(text).toString('base64') } }) as const;
  const say = (...parts: ReturnType<typeof media>[]) =>
    ask(started, chatRequest('', { messages: [{ role: 'user', parts: [{ type: 'text', text: 'See' }, ...parts] }] }));
  const { parts } = await say(media('image', 'image/png', 'png!'), media('document', 'text/plain', 'Words'));
  assert.deepEqual(parts, [{ type: 'text', text: 'You said: See [image image/png 4 B] [document {"text":"Words"}]' }]);
  await assert.rejects(
    say(media('audio', 'audio/wav', 'x')),
    failsWith('unsupported', /^messages\[0\]\.content\[1\]: /),
  );
});

test('names that Cohere does not take come back as they were, beside tools of the gateway', async (t) => {
  const started = await start(t);
  const injected = injectedTools([{ name: 'gw-tool', description: 'Of the gateway', parameters: '{"type":"object"}' }]);
  const tools = [{ ...TOOL, name: 'read-file', namespace: 'fs' }];
  await ask(started, chatRequest('hi', { tools }), { ...HOW, injected });
  const sent = started.sent().tools as { function: { name: string } }[];
  const [own, theirs] = sent.map(({ function: { name } }) => name);
  const { parts } = await ask(started, chatRequest(`!call ${own} {}\n!call ${theirs} {}`, { tools }), {
    ...HOW,
    injected,
  });
  assert.deepEqual(parts, [
    { type: 'tool-call', id: 'call_0', name: 'read-file', namespace: 'fs', arguments: '{}' },
    { type: 'tool-call', id: 'call_1', name: 'gw-tool', arguments: '{}' },
  ]);
});

test('texts become vectors in their order, whatever their number', async (t) => {
  const { provider, mock, sent } = await start(t);
  const inputs = Array.from({ length: 500 }, (_, i) => 'x'.repeat(i + 1));
  const call = embedCall({ dialect: 'openai', inputs, single: false, dimensions: 6 }, { ...HOW, model: 'embed-v4.0' });
  const outcome = await provider.embed?.(call);
  assert.ok(outcome?.answer.lane === 'neutral');
  assert.deepEqual(
    outcome.answer.value.vectors.map((vector) => vector[0]),
    inputs.map(({ length }) => length),
  );
  assert.equal(outcome.answer.value.inputTokens, 125_250);
  assert.equal(mock.requests.length, 6);
  assert.equal(sent().input_type, 'search_document');
});

test('rerank is passed on with the model put in, and counted', async (t) => {
  const { provider, sent } = await start(t);
  const text = '{"model":"cohere/rerank-v4.0","query":"b","documents":["a","b"],"unknown":[1.0]}';
  const start_ = text.indexOf('"cohere');
  const modelAt = { start: start_, end: text.indexOf(',"query'), quoted: true };
  const raw = {
    method: 'POST',
    path: 'rerank',
    surface: 'rerank',
    provider: undefined,
    contentType: 'application/json',
    body: Buffer.from(text),
    modelAt,
  } as const;
  const wishes = { fallbacks: undefined, timeoutMs: undefined, toolMode: undefined, namesTools: false };
  const request = { wishes, headers: new Map<string, string>(), operation: 'pass', raw } as const;
  const call = providerCall(request, { ...HOW, model: 'rerank-v4.0' });
  const outcome = await provider.pass?.(call);
  const chunks: Uint8Array[] = [];
  for await (const chunk of outcome?.bytes ?? []) chunks.push(chunk);
  const { results } = JSON.parse(Buffer.concat(chunks).toString()) as { results: { index: number }[] };
  assert.deepEqual(
    results.map(({ index }) => index),
    [1, 0],
  );
  assert.equal(sent().model, 'rerank-v4.0');
  assert.deepEqual(call.report.usage, { inputTokens: 0, outputTokens: 0, searches: 1 });
});

test('models are listed over all pages', async (t) => {
  const { provider } = await start(t);
  const key = chatCall(chatRequest(''), HOW).key;
  const models = await provider.listModels?.({ key, signal: new AbortController().signal, timeoutMs: 5_000 });
  assert.deepEqual(models, [
    { name: 'command-a-03-2025', contextTokens: 288_000 },
    { name: 'embed-v4.0', contextTokens: 128_000 },
  ]);
});
