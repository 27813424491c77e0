import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startMockProvider } from '../../../../test/support/providers/mock-provider.ts';
import { providerConfig } from '../../../../test/support/providers/model-doors.ts';
import { startResponsesMock } from '../../../../test/support/providers/openai-responses.ts';
import type { ChatEvent, ChatRequest } from '../../../contracts/chat.ts';
import type { ChatModelRequest, ModelOutcome, ModelReport, ProviderCall } from '../../../contracts/models.ts';
import type { ProviderQuirks } from '../../../contracts/models-config.ts';
import { Secret } from '../../../contracts/secret.ts';
import { createHttpClient } from '../../http/client.ts';
import { createResponsesChat, type ResponsesChat } from './responses-chat.ts';

function open(t: TestContext, origin: string, quirks: Partial<ProviderQuirks> = {}): ResponsesChat {
  const http = createHttpClient();
  t.after(() => http[Symbol.asyncDispose]());
  const config = providerConfig('real', `${origin}/v1`);
  return createResponsesChat({ http }, { ...config, quirks: { ...config.quirks, ...quirks } });
}

async function openMock(t: TestContext): Promise<{ readonly chat: ResponsesChat; readonly sent: () => unknown }> {
  const mock = await startResponsesMock();
  t.after(() => mock[Symbol.asyncDispose]());
  return { chat: open(t, mock.origin), sent: () => mock.requests.at(-1)?.json };
}

/** Answers everything with these bytes, in these pieces. */
async function openFixed(t: TestContext, body: readonly string[], type = 'text/event-stream'): Promise<ResponsesChat> {
  const mock = await startMockProvider({
    answer: () => ({ status: 200, headers: { 'content-type': type }, body }),
    renderFailure: () => '',
  });
  t.after(() => mock[Symbol.asyncDispose]());
  return open(t, mock.origin);
}

type Call = ProviderCall<ChatModelRequest>;

function createCall(dialect: 'anthropic' | 'openai-responses', prompt: string, stream: boolean): Call {
  const chat: ChatRequest = {
    ...{ dialect, tools: [{ type: 'function', name: 'a tool/with odd name', parameters: { type: 'object' } }], stream },
    messages: [{ role: 'user', parts: [{ type: 'text', text: prompt }] }],
    reasoning: { enabled: true, effort: 'low' },
  };
  const value = { model: 'gpt-6', input: prompt, stream, metadata: { a: 'b' } };
  const report: ModelReport = { attempts: [], dropped: [], outputChars: 0 };
  return {
    request: {
      ...{ operation: 'chat', dialect, stream, headers: new Map([['openai-beta', 'x']]), chat: () => chat },
      wishes: { fallbacks: undefined, timeoutMs: undefined, toolMode: undefined, namesTools: false },
    },
    body: { text: JSON.stringify(value), value },
    ...{ model: 'gpt-6', injected: undefined, signal: new AbortController().signal, traceparent: undefined, report },
    key: { name: 'main', value: new Secret('sk-upstream-secret'), weight: 1, models: ['*'] },
    ...{ firstByteTimeoutMs: 5_000, idleTimeoutMs: 5_000 },
  };
}

async function readEvents(outcome: ModelOutcome): Promise<readonly ChatEvent[]> {
  assert.ok(outcome.type === 'chat-stream' && outcome.stream.lane === 'neutral');
  const events: ChatEvent[] = [];
  for await (const some of outcome.stream.value) events.push(...some);
  return events;
}

async function readText(outcome: ModelOutcome): Promise<string> {
  assert.ok(outcome.type === 'chat-stream' && outcome.stream.lane === 'pass');
  const pieces: Uint8Array[] = [];
  for await (const piece of outcome.stream.value) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

const PROMPT = '!think Hm\n!say Good day\n!usage 9 4 2 1';

test('a client of another dialect is answered in neutral words', async (t) => {
  const { chat, sent } = await openMock(t);
  const call = createCall('anthropic', PROMPT, false);
  const outcome = await chat(call);
  assert.ok(outcome.type === 'chat' && outcome.answer.lane === 'neutral');
  const [choice] = outcome.answer.value.choices;
  assert.deepEqual(
    choice?.parts.map((part) => ('text' in part ? `${part.type} ${part.text}` : part.type)),
    ['reasoning Hm', 'text Good day'],
  );
  const [thought] = choice?.parts ?? [];
  assert.match(String(thought?.type === 'reasoning' && thought.signature), /^gAAAA/);
  assert.equal(choice?.stop, 'end');
  const usage = { inputTokens: 9, outputTokens: 4, cachedTokens: 2, reasoningTokens: 1, cacheWriteTokens: undefined };
  assert.deepEqual(call.report.usage, usage);
  assert.equal(call.report.outputChars, 'HmGood day'.length);
  assert.equal((sent() as { store: boolean }).store, false);
});

test('a stream for a client of another dialect tells the same, and what it cost', async (t) => {
  const { chat } = await openMock(t);
  const call = createCall('anthropic', PROMPT, true);
  const events = await readEvents(await chat(call));
  assert.equal(events[0]?.type, 'start');
  assert.equal(events.at(-1)?.type, 'end');
  assert.equal(events.flatMap((event) => (event.type === 'delta' ? [event.text] : [])).join(''), 'HmGood day');
  assert.equal(call.report.usage?.outputTokens, 4);
  assert.equal(call.report.stop, 'end');
  assert.equal(call.report.outputChars, 'HmGood day'.length);
});

for (const dialect of ['anthropic', 'openai-responses'] as const) {
  for (const [prompt, kind, status] of [
    ['!fail 429 3', 'rate-limited', 429],
    ['!fail 503', 'overloaded', 503],
    ['!fail 500', 'server-error', 500],
    ['!fail 401', 'unauthorized', 401],
    ['!reset head', 'connection-lost', undefined],
    ['!garbage head', 'malformed', undefined],
  ] as const) {
    test(`${dialect}: ${prompt} is a failure of the kind ${kind}`, async (t) => {
      const { chat } = await openMock(t);
      await assert.rejects(chat(createCall(dialect, prompt, false)), { name: 'ProviderFailure', kind, status });
    });
  }

  test(`${dialect}: half a stream is a failure, and not an answer`, async (t) => {
    const { chat } = await openMock(t);
    const outcome = await chat(createCall(dialect, `${PROMPT}\n!reset stream`, true));
    const read = dialect === 'anthropic' ? readEvents : readText;
    await assert.rejects(read(outcome), { name: 'ProviderFailure', kind: 'connection-lost' });
  });

  test(`${dialect}: a stream that ends well, but without its last event, is a failure`, async (t) => {
    const begin = { type: 'response.created', response: { id: 'resp_1', model: 'm', created_at: 1, output: [] } };
    const chat = await openFixed(t, [`data: ${JSON.stringify(begin)}\n\n`]);
    const outcome = await chat(createCall(dialect, 'x', true));
    const read = dialect === 'anthropic' ? readEvents : readText;
    await assert.rejects(read(outcome), { name: 'ProviderFailure', kind: 'connection-lost' });
  });

  test(`${dialect}: a stream that fails with its first words has not begun`, async (t) => {
    const failed = {
      type: 'response.failed',
      response: { error: { code: 'rate_limit_exceeded', message: 'Slow down' } },
    };
    const chat = await openFixed(t, [`event: response.failed\ndata: ${JSON.stringify(failed)}\n\n`]);
    await assert.rejects(chat(createCall(dialect, 'x', true)), { name: 'ProviderFailure', kind: 'rate-limited' });
  });

  test(`${dialect}: a whole answer to a request for a stream is none`, async (t) => {
    const chat = await openFixed(t, ['{"object":"response","output":[]}'], 'application/json');
    await assert.rejects(chat(createCall(dialect, 'x', true)), { name: 'ProviderFailure', kind: 'malformed' });
  });

  test(`${dialect}: a response that failed is a failure, though its status says otherwise`, async (t) => {
    const error = { code: 'context_length_exceeded', message: 'Too\nlong' };
    const failed = { object: 'response', status: 'failed', output: [], error };
    const chat = await openFixed(t, [JSON.stringify(failed)], 'application/json');
    await assert.rejects(chat(createCall(dialect, 'x', false)), { kind: 'context-too-long', publicText: 'Too long' });
  });
}

test('events that are no JSON are a failure for whoever has to read them', async (t) => {
  const chat = await openFixed(t, ['data: {"type":"response.created","response":{}}\n\n', 'data: {"half\n\n']);
  await assert.rejects(async () => readEvents(await chat(createCall('anthropic', 'x', true))), { kind: 'malformed' });
});

test('members that a vendor refuses are left out and named', async (t) => {
  const mock = await startResponsesMock();
  t.after(() => mock[Symbol.asyncDispose]());
  const chat = open(t, mock.origin, { refuses: ['metadata', 'store'] });
  const call = createCall('openai-responses', PROMPT, false);
  await chat(call);
  assert.deepEqual(call.report.dropped, ['metadata']);
  assert.ok(!Object.hasOwn(mock.requests[0]?.json as object, 'metadata'));
});

for (const [apiVersion, path] of [
  [undefined, '/openai/v1/responses'],
  ['2026-04-01', '/openai/responses?api-version=2026-04-01'],
] as const) {
  test(`Azure is asked at ${path}, with its own header`, async (t) => {
    const mock = await startMockProvider({ answer: () => ({ status: 404, body: '{}' }), renderFailure: () => '' });
    t.after(() => mock[Symbol.asyncDispose]());
    const http = createHttpClient();
    t.after(() => http[Symbol.asyncDispose]());
    const headers = { 'X-Own': new Secret('of the configuration') };
    const config = { ...providerConfig('az', `${mock.origin}/openai/v1`), type: 'azure' as const, apiVersion, headers };
    const chat = createResponsesChat({ http }, config);
    await assert.rejects(chat(createCall('openai-responses', 'x', false)), { kind: 'unknown-model' });
    const [seen] = mock.requests;
    assert.equal(seen?.path, path);
    assert.equal(seen?.headers['api-key'], 'sk-upstream-secret');
    assert.equal(seen?.headers.authorization, undefined);
    assert.equal(seen?.headers['x-own'], 'of the configuration');
  });
}

for (const dialect of ['anthropic', 'openai-responses'] as const) {
  test(`${dialect}: who leaves a stream, even before reading it, ends the answer at the provider`, async (t) => {
    const mock = await startResponsesMock();
    t.after(() => mock[Symbol.asyncDispose]());
    const chat = open(t, mock.origin);
    const left = await chat(createCall(dialect, '!say a b c\n!pace 1500', true));
    assert.ok(left.type === 'chat-stream');
    await left.stream.value[Symbol.asyncIterator]().return?.();
    await mock.waitForAborts(1);
    const waiting = await chat(createCall(dialect, '!say a b c d\n!pace 1500', true));
    assert.ok(waiting.type === 'chat-stream');
    const iterator = waiting.stream.value[Symbol.asyncIterator]();
    await iterator.next();
    const pending = iterator.next();
    await iterator.return?.();
    assert.deepEqual(await pending, { done: true, value: undefined });
    await mock.waitForAborts(2);
  });
}

test('a call is told by the name its tool was declared with', async (t) => {
  const { chat, sent } = await openMock(t);
  await chat(createCall('anthropic', 'x', false));
  const [tool] = (sent() as { tools: { name: string }[] }).tools;
  const outcome = await chat(createCall('anthropic', `!call ${tool?.name} {}`, false));
  assert.ok(outcome.type === 'chat' && outcome.answer.lane === 'neutral');
  const [part] = outcome.answer.value.choices[0]?.parts ?? [];
  assert.equal(part?.type === 'tool-call' && part.name, 'a tool/with odd name');
});

test('thoughts of other providers, sealed for the client, are not sent to one that would refuse them', async (t) => {
  const { chat, sent } = await openMock(t);
  const call = createCall('openai-responses', '', false);
  const input = [
    { role: 'user', content: 'What is "encrypted_content":"portcullis.x"?' },
    { type: 'reasoning', summary: [], encrypted_content: 'portcullis.signature.EqQB' },
    { type: 'reasoning', summary: [], encrypted_content: 'gAAAAAB' },
    { role: 'user', content: 'again' },
  ];
  await chat({ ...call, body: { text: JSON.stringify({ model: 'm', input }), value: {} } });
  assert.deepEqual((sent() as { input: unknown }).input, [input[0], input[2], input[3]]);
});
