import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  GEMINI_KEY,
  type GeminiMock,
  startGeminiMock,
  VERTEX_PROJECT,
} from '../../../../test/support/providers/gemini.ts';
import type { ChatEvent, ChatRequest } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { type ChatModelRequest, type ProviderCall, ProviderFailure } from '../../../contracts/models.ts';
import type { ProviderConfig } from '../../../contracts/models-config.ts';
import { Secret } from '../../../contracts/secret.ts';
import { createHttpClient } from '../../http/client.ts';
import { createGeminiProvider } from './gemini-provider.ts';

type Cleanup = { after(task: () => unknown): void };

const config = (mock: GeminiMock, over: Partial<ProviderConfig> = {}): ProviderConfig => ({
  ...{ id: 'gemini', type: 'gemini', enabled: true, preset: 'gemini', baseUrl: mock.origin, keys: [], headers: {} },
  ...{ cloud: undefined, apiVersion: undefined, models: [] },
  quirks: { refuses: [], renames: {}, streamUsage: true, has: [] },
  ...{ timeoutMs: 10_000, firstByteTimeoutMs: 5_000, idleTimeoutMs: 5_000, maxRetries: 0, maxAnswerBytes: 1_000_000 },
  circuitBreaker: { failures: 5, openMs: 1_000 },
  ...over,
});

async function start(t: Cleanup, over: (mock: GeminiMock) => Partial<ProviderConfig> = () => ({})) {
  const mock = await startGeminiMock();
  t.after(() => mock[Symbol.asyncDispose]());
  const http = createHttpClient();
  t.after(() => http[Symbol.asyncDispose]());
  let count = 0;
  const clock = { nowMs: 1_800_000_000_000 };
  const deps = { http, now: () => clock.nowMs, randomHex: (digits: number) => String(++count).padStart(digits, '0') };
  return { mock, clock, provider: createGeminiProvider(deps, config(mock, over(mock))) };
}

const KEY = { name: 'key1', value: new Secret(GEMINI_KEY), weight: 1, models: ['*'] };

function callOf(
  given: Partial<ChatRequest>,
  over: Partial<ProviderCall<ChatModelRequest>> = {},
): ProviderCall<ChatModelRequest> {
  const chat: ChatRequest = { dialect: 'openai-chat', messages: [], tools: [], stream: false, ...given };
  return {
    request: {
      ...{ operation: 'chat', dialect: chat.dialect, stream: chat.stream, chat: () => chat, headers: new Map() },
      wishes: { fallbacks: undefined, timeoutMs: undefined, toolMode: undefined, namesTools: false },
    },
    ...{ body: { text: '{}', value: {} }, model: 'gemini-2.5-flash', key: KEY, injected: undefined },
    ...{
      signal: new AbortController().signal,
      firstByteTimeoutMs: 5_000,
      idleTimeoutMs: 5_000,
      traceparent: undefined,
    },
    report: { attempts: [], dropped: [], outputChars: 0 },
    ...over,
  };
}

const say = (text: string): ChatRequest['messages'] => [{ role: 'user', parts: [{ type: 'text', text }] }];

async function collect(stream: AsyncIterable<readonly ChatEvent[]>): Promise<ChatEvent[]> {
  const events: ChatEvent[] = [];
  for await (const some of stream) events.push(...some);
  return events;
}

const neutral = <N>(answer: { readonly lane: string; readonly value: unknown }): N => {
  assert.equal(answer.lane, 'neutral');
  return answer.value as N;
};

test('a chat of another dialect is translated there and back, parallel calls and odd names too', async (t) => {
  const { mock, provider } = await start(t);
  const long = `${'x'.repeat(70)}/y`;
  const call = callOf({
    messages: [
      { role: 'system', parts: [{ type: 'text', text: 'Be brief' }] },
      ...say('Weather?'),
      {
        role: 'assistant',
        parts: [
          { type: 'tool-call', id: 'a', name: 'weather', arguments: '{"city":"Kiel"}' },
          { type: 'tool-call', id: 'b', name: long, namespace: 'ns', arguments: '{}' },
        ],
      },
      { role: 'tool', callId: 'a', parts: [{ type: 'text', text: 'rain' }] },
      { role: 'tool', callId: 'b', parts: [{ type: 'text', text: 'none' }], isError: true },
    ],
    tools: [
      { type: 'function', name: 'weather', parameters: { type: 'object' } },
      { type: 'function', name: long, namespace: 'ns' },
    ],
    ...{ toolChoice: { type: 'tool', name: long }, parallelToolCalls: false, maxOutputTokens: 9, user: 'u' },
  });
  const outcome = await provider.chat?.(call);
  assert.equal(outcome?.type, 'chat');
  const sent = mock.requests[0]?.json as {
    contents: { role: string; parts: { functionResponse?: JsonObject; functionCall?: { name: string } }[] }[];
    toolConfig: { functionCallingConfig: { allowedFunctionNames: string[] } };
    systemInstruction: unknown;
  };
  assert.deepEqual(sent.systemInstruction, { parts: [{ text: 'Be brief' }] });
  assert.deepEqual(
    sent.contents.map(({ role }) => role),
    ['user', 'model', 'user'],
  );
  const wireName = sent.contents[1]?.parts[1]?.functionCall?.name ?? '';
  assert.match(wireName, /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/);
  assert.deepEqual(sent.toolConfig.functionCallingConfig.allowedFunctionNames, [wireName]);
  assert.deepEqual(
    sent.contents[2]?.parts.map(({ functionResponse }) => functionResponse),
    [
      { id: 'a', name: 'weather', response: { output: 'rain' } },
      { id: 'b', name: wireName, response: { error: 'none' } },
    ],
  );
  assert.deepEqual(call.report.dropped, ['parallel_tool_calls', 'user']);
});

test('a shortened name comes back as it was declared, and a custom tool with its text', async (t) => {
  const { provider } = await start(t);
  const call = callOf({
    stream: true,
    messages: say('!call patch {"input":"*** Begin"}\n!call shell.run {"a":1}'),
    tools: [
      { type: 'custom', name: 'patch' },
      { type: 'function', name: 'shell.run' },
    ],
  });
  const outcome = await provider.chat?.(call);
  assert.ok(outcome?.type === 'chat-stream');
  const events = await collect(neutral(outcome.stream));
  const starts = events.flatMap((event) => (event.type === 'part-start' ? [event.value] : []));
  assert.deepEqual(
    starts.map((part) => (part.type === 'tool-call' ? [part.name, part.custom] : part.type)),
    [
      ['patch', true],
      ['shell.run', undefined],
    ],
  );
  assert.deepEqual(
    events.flatMap((event) => (event.type === 'delta' ? [event.text] : [])),
    ['*** Begin', '{"a":1}'],
  );
  assert.equal(events.at(-1)?.type, 'end');
  assert.equal(call.report.stop, 'tool-calls');
  assert.ok((call.report.usage?.inputTokens ?? 0) > 0);
});

test('a blocked prompt is content-filtered, whole and streamed', async (t) => {
  const { provider } = await start(t);
  for (const stream of [false, true])
    await assert.rejects(
      async () => provider.chat?.(callOf({ messages: say('!block'), stream })),
      (error) => error instanceof ProviderFailure && error.kind === 'content-filtered' && /SAFETY/.test(error.message),
    );
});

test('refusals are told apart by what Google says, not by the status alone', async (t) => {
  const { mock, provider } = await start(t);
  const kindOf = async (text: string, over: Partial<ProviderCall<ChatModelRequest>> = {}): Promise<string> => {
    try {
      await provider.chat?.(callOf({ messages: say(text) }, over));
    } catch (error) {
      assert.ok(error instanceof ProviderFailure);
      return `${error.kind} ${error.retryAfterMs}`;
    }
    assert.fail('answered');
  };
  assert.equal(await kindOf('!fail 429 2'), 'rate-limited 2000');
  assert.equal(await kindOf('!fail 503'), 'overloaded undefined');
  assert.equal(await kindOf('!fail 500'), 'server-error undefined');
  assert.equal(await kindOf('!garbage head'), 'malformed undefined');
  assert.equal(await kindOf('!reset head'), 'connection-lost undefined');
  assert.equal(await kindOf('hi', { model: 'other' }), 'unknown-model undefined');
  assert.equal(await kindOf('hi', { model: '../../token' }), 'unknown-model undefined');
  // A key that Google does not know is a 400 there.
  assert.equal(await kindOf('hi', { key: undefined }), 'unauthorized undefined');
  assert.ok(mock.requests.every(({ path }) => path.startsWith('/v1beta/')));
});

for (const fault of ['!reset stream', '!garbage stream'])
  test(`a stream that breaks (${fault}) says so, in both lanes`, async (t) => {
    const { provider } = await start(t);
    const text = `a b c d e f\n${fault}\n!chunks 6`;
    const translated = await provider.chat?.(callOf({ messages: say(text), stream: true }));
    assert.ok(translated?.type === 'chat-stream');
    await assert.rejects(collect(neutral(translated.stream)), ProviderFailure);
    const body = { contents: [{ parts: [{ text }] }] };
    const passed = callOf({ dialect: 'gemini', stream: true }, { body: { text: JSON.stringify(body), value: body } });
    const forwarded = await provider.chat?.(passed);
    assert.ok(forwarded?.type === 'chat-stream' && forwarded.stream.lane === 'pass');
    await assert.rejects(async () => {
      for await (const _ of (forwarded.stream as { value: AsyncIterable<Uint8Array> }).value);
    }, ProviderFailure);
    assert.ok(passed.report.outputChars > 0);
    assert.ok(passed.report.usage !== undefined);
  });

test("the gateway's tools join the caller's own, which stay as they were written", async (t) => {
  const { mock, provider } = await start(t);
  const tools = [{ name: 'gw__search', description: 'finds', parameters: '{"type":"object"}' }];
  const injected = { tools, fragment: (_: string, render: (all: typeof tools) => string) => render(tools) };
  const added = '{"name":"gw__search","description":"finds","parametersJsonSchema":{"type":"object"}}';
  const contents = '"contents":[{"parts":[{"text":"hi"}]}]';
  const cases = [
    [`{${contents}}`, `{${contents},"tools":[{"functionDeclarations":[${added}]}]}`],
    [`{"tools":[ ],${contents}}`, `{"tools":[ {"functionDeclarations":[${added}]}],${contents}}`],
    [
      `{"tools":[{"googleSearch":{}},{"functionDeclarations":[{"name":"own" }]}],${contents}}`,
      `{"tools":[{"googleSearch":{}},{"functionDeclarations":[{"name":"own" },${added}]}],${contents}}`,
    ],
    [
      `{"tools":[{"codeExecution":{}}],${contents}}`,
      `{"tools":[{"codeExecution":{}},{"functionDeclarations":[${added}]}],${contents}}`,
    ],
  ] as const;
  for (const [text, expected] of cases) {
    const body = { text, value: JSON.parse(text) as JsonObject };
    await provider.chat?.(callOf({ dialect: 'gemini' }, { body, injected }));
    assert.equal(mock.requests.at(-1)?.body.toString('utf8'), expected);
  }
});

test('what another provider runs or keeps is left out by name, or refused where it cannot be', async (t) => {
  const { provider } = await start(t);
  const call = callOf({
    messages: say('hi'),
    tools: [{ type: 'foreign', dialect: 'anthropic', name: 'web_search', value: {} }],
    extra: { store: true },
  });
  await provider.chat?.(call);
  assert.deepEqual(call.report.dropped, ['tools[0]', 'store']);
  const file = { type: 'image', source: { type: 'file', fileId: 'file-1' } } as const;
  await assert.rejects(
    async () => provider.chat?.(callOf({ messages: [{ role: 'user', parts: [file] }] })),
    (error) => error instanceof ProviderFailure && error.kind === 'unsupported',
  );
  const lost = { role: 'tool', callId: 'nobody', parts: [] } as const;
  await assert.rejects(
    async () => provider.chat?.(callOf({ messages: [...say('hi'), lost] })),
    (error) => error instanceof ProviderFailure && error.kind === 'invalid-request',
  );
});

test('generations of models are told how hard to think in their own words', async (t) => {
  const { mock, provider } = await start(t);
  const thinkingOf = async (model: string, reasoning: ChatRequest['reasoning']): Promise<unknown> => {
    await provider.chat?.(callOf({ messages: say('hi'), reasoning }, { model }));
    const { generationConfig } = (mock.requests.at(-1) ?? assert.fail()).json as {
      generationConfig?: { thinkingConfig?: unknown };
    };
    return generationConfig?.thinkingConfig;
  };
  assert.deepEqual(await thinkingOf('gemini-2.5-flash', { enabled: true, effort: 'high' }), { thinkingBudget: 24_576 });
  assert.deepEqual(await thinkingOf('gemini-2.5-flash', { enabled: false }), { thinkingBudget: 0 });
  assert.deepEqual(await thinkingOf('gemini-2.5-pro', { enabled: false }), { thinkingBudget: 128 });
  assert.deepEqual(await thinkingOf('gemini-3-pro', { enabled: true, effort: 'max', show: 'auto' }), {
    thinkingLevel: 'HIGH',
    includeThoughts: true,
  });
  assert.equal(await thinkingOf('gemini-2.0-flash', { enabled: true, effort: 'low' }), undefined);
});

test('texts of any dialect are embedded, and token numbers refused', async (t) => {
  const { provider } = await start(t);
  const embedCall = (inputs: readonly (string | readonly number[])[]) => {
    const request = { dialect: 'openai', inputs, single: false, dimensions: 2 } as const;
    const { wishes, headers } = callOf({}).request;
    return {
      ...callOf({}, { model: 'gemini-embedding-001' }),
      request: { operation: 'embed', dialect: 'openai', embed: () => request, wishes, headers },
    } as const;
  };
  const call = embedCall(['Aa', 'Bb']);
  const outcome = await provider.embed?.(call);
  assert.deepEqual(neutral(outcome?.answer ?? assert.fail()), {
    model: 'gemini-embedding-001',
    vectors: [
      [65 / 256, 97 / 256],
      [66 / 256, 98 / 256],
    ],
    inputTokens: 7,
  });
  assert.deepEqual(call.report.usage, { inputTokens: 7, outputTokens: 0 });
  await assert.rejects(async () => provider.embed?.(embedCall([[1, 2]])), ProviderFailure);
});

test('tokens of a translated request are counted with its tools', async (t) => {
  const { mock, provider } = await start(t);
  const outcome = await provider.countTokens?.(
    callOf({ messages: say('hi'), tools: [{ type: 'function', name: 'f' }] }),
  );
  assert.ok(neutral<{ inputTokens: number }>(outcome?.answer ?? assert.fail()).inputTokens > 0);
  const { generateContentRequest: counted } = (mock.requests[0] ?? assert.fail()).json as {
    generateContentRequest: JsonObject;
  };
  assert.equal(counted.model, 'models/gemini-2.5-flash');
  assert.deepEqual(counted.tools, [{ functionDeclarations: [{ name: 'f' }] }]);
});

test('its models are listed over all pages', async (t) => {
  const { provider } = await start(t);
  const models = await provider.listModels?.({ key: KEY, signal: new AbortController().signal, timeoutMs: 5_000 });
  assert.deepEqual(
    models?.map(({ name, contextTokens }) => [name, contextTokens]),
    [
      ['gemini-2.5-flash', 1_048_576],
      ['gemini-embedding-001', 2_048],
    ],
  );
});

const vertex = (mock: GeminiMock, account = mock.serviceAccount): Partial<ProviderConfig> => ({
  type: 'vertex',
  cloud: { type: 'google', project: VERTEX_PROJECT, location: 'global', serviceAccount: new Secret(account) },
});

test('Vertex: many calls at once wait for one token, and a new one is fetched before the old one ends', async (t) => {
  const { mock, clock, provider } = await start(t, vertex);
  const ask = () => provider.chat?.(callOf({ messages: say('hi') }, { key: undefined }));
  await Promise.all([ask(), ask(), ask()]);
  assert.equal(mock.tokensGiven(), 1);
  const { path } = mock.requests.at(-1) ?? assert.fail();
  assert.equal(
    path,
    `/v1/projects/${VERTEX_PROJECT}/locations/global/publishers/google/models/gemini-2.5-flash:generateContent`,
  );
  clock.nowMs += 3_599_000 - 60_000;
  await ask();
  assert.equal(mock.tokensGiven(), 2);
});

test('Vertex: an account that cannot sign, or must send its assertion in clear, is refused without a word of it', async (t) => {
  const broken = (mock: GeminiMock, change: object): Partial<ProviderConfig> =>
    vertex(mock, JSON.stringify({ ...(JSON.parse(mock.serviceAccount) as object), ...change }));
  for (const change of [
    { private_key: 'no-key-at-all' },
    { token_uri: 'http://example.com/token' },
    { client_email: 'x@y' },
  ]) {
    const { provider } = await start(t, (mock) => broken(mock, change));
    await assert.rejects(
      async () => provider.chat?.(callOf({ messages: say('hi') }, { key: undefined })),
      (error) =>
        error instanceof ProviderFailure && error.kind === 'unauthorized' && !error.message.includes('no-key-at-all'),
    );
  }
});
