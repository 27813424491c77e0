/** Every vendor of OpenAI's wire: its row of presets, and what becomes of a request on the way there. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ChatDialect, ChatRequest } from '../../src/contracts/chat.ts';
import type { ChatModelRequest, InjectedTools, ProviderCall } from '../../src/contracts/models.ts';
import type { ProviderConfig } from '../../src/contracts/models-config.ts';
import { parseConfig } from '../../src/platform/config/parse-config.ts';
import { PROVIDER_PRESETS } from '../../src/platform/config/provider-presets.ts';
import { createHttpClient } from '../../src/upstreams/http/client.ts';
import { createOpenaiProvider } from '../../src/upstreams/models/openai/openai-provider.ts';
import { startOpenAiMock } from '../support/providers/openai.ts';

function configOf(id: string, entry: object): ProviderConfig {
  const parsed = parseConfig(JSON.stringify({ providers: { [id]: entry } }), { file: '/p.json', env: {} });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const [config] = parsed.config.providers ?? [];
  assert.ok(config !== undefined);
  return config;
}

async function start(t: TestContext, id: string, entry: object = {}) {
  const mock = await startOpenAiMock();
  const http = createHttpClient();
  t.after(async () => {
    await http[Symbol.asyncDispose]();
    await mock[Symbol.asyncDispose]();
  });
  // The vendor's own path at the mock's address: what differs between vendors is kept.
  const path = new URL(PROVIDER_PRESETS[id]?.baseUrl ?? 'http://x/v1').pathname.replace(/\/$/, '');
  const config = configOf(id, { baseUrl: mock.origin + path, apiKey: 'sk-test', ...entry });
  const provider = createOpenaiProvider({ http, now: () => 0, randomHex: (n) => '0'.repeat(n) }, config);
  const callOf = (
    body: object,
    more: { chat?: ChatRequest; injected?: InjectedTools } = {},
  ): ProviderCall<ChatModelRequest> => {
    const isStream = more.chat?.stream ?? (body as { stream?: boolean }).stream === true;
    const dialect: ChatDialect = more.chat?.dialect ?? 'openai-chat';
    return {
      request: {
        ...{
          operation: 'chat',
          dialect,
          stream: isStream,
          headers: new Map([
            ['openai-beta', 'x=1'],
            ['openai-project', 'p'],
          ]),
        },
        wishes: { fallbacks: undefined, timeoutMs: undefined, toolMode: undefined, namesTools: false },
        chat: () => more.chat ?? assert.fail('the passing lane does not decode'),
      },
      body: { text: JSON.stringify(body), value: { ...body } },
      ...{ model: 'm-1', key: config.keys[0], injected: more.injected, signal: new AbortController().signal },
      ...{ firstByteTimeoutMs: 5_000, idleTimeoutMs: 5_000, traceparent: undefined },
      report: { attempts: [], dropped: [], outputChars: 0 },
    };
  };
  const sent = () => mock.requests.at(-1)?.json as { readonly [member: string]: unknown };
  return { mock, config, provider, callOf, sent };
}

const BODY = { model: 'x', messages: [{ role: 'user', content: 'Hi' }] };
const NEUTRAL: ChatRequest = {
  ...{ dialect: 'anthropic', tools: [], stream: false, maxOutputTokens: 9 },
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }],
};

for (const [id, preset] of Object.entries(PROVIDER_PRESETS)) {
  if (preset.type !== 'openai') continue;
  test(`${id}: the request reaches the right path with the right key, its limit under the right name`, async (t) => {
    const { mock, provider, callOf, sent } = await start(t, id);
    const outcome = await provider.chat?.(callOf({ ...BODY, max_completion_tokens: 5 }));
    assert.equal(outcome?.type, 'chat');
    const path = new URL(preset.baseUrl ?? '').pathname.replace(/\/$/, '');
    assert.equal(mock.requests[0]?.path, `${path}/chat/completions`);
    assert.equal(mock.requests[0]?.headers.authorization, 'Bearer sk-test');
    assert.equal(mock.requests[0]?.headers['openai-beta'], 'x=1');
    assert.equal(mock.requests[0]?.headers['openai-project'], undefined);
    const limit = preset.quirks?.renames?.max_completion_tokens ?? 'max_completion_tokens';
    assert.deepEqual(sent(), { ...BODY, model: 'm-1', [limit]: 5 });
    await provider.chat?.(callOf(BODY, { chat: NEUTRAL }));
    assert.deepEqual(sent(), { ...BODY, model: 'm-1', [limit]: 9 });
  });
}

test('what a vendor refuses is left out on both lanes and named, what it calls otherwise is renamed', async (t) => {
  const { provider, callOf, sent } = await start(t, 'mistral');
  const passed = callOf({ ...BODY, seed: 7, logprobs: true, stream: true });
  await provider.chat?.(passed);
  assert.deepEqual(sent(), { ...BODY, model: 'm-1', stream: true, random_seed: 7 });
  assert.deepEqual(passed.report.dropped, ['logprobs']);
  const translated = callOf(BODY, { chat: { ...NEUTRAL, seed: 7, logprobs: 0, user: 'u' } });
  await provider.chat?.(translated);
  assert.deepEqual(sent(), { ...BODY, model: 'm-1', max_tokens: 9, random_seed: 7 });
  assert.deepEqual(translated.report.dropped, ['logprobs', 'user']);
});

test('a server nobody knows is told nothing but what everybody takes', async (t) => {
  const { provider, callOf, sent } = await start(t, 'mine', { type: 'openai' });
  const chat: ChatRequest = {
    ...NEUTRAL,
    ...{ topK: 4, verbosity: 'low', reasoning: { enabled: true, adaptive: true } },
    messages: [
      {
        role: 'system',
        parts: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b', cache: {} },
        ],
      },
      ...NEUTRAL.messages,
    ],
  };
  const call = callOf(BODY, { chat });
  await provider.chat?.(call);
  assert.deepEqual(sent(), {
    ...{ model: 'm-1', max_tokens: 9 },
    messages: [{ role: 'system', content: 'a\n\nb' }, ...BODY.messages],
  });
  assert.deepEqual(call.report.dropped.toSorted(), ['cache_control', 'reasoning.adaptive', 'top_k', 'verbosity']);
});

test('Azure has two surfaces, and its key in api-key', async (t) => {
  const v1 = await start(t, 'azure', { type: 'azure' });
  const { origin } = v1.mock;
  assert.equal(v1.config.type, 'azure');
  await v1.provider.chat?.(v1.callOf(BODY));
  assert.equal(v1.mock.requests[0]?.path, '/v1/openai/v1/chat/completions');
  assert.equal(v1.mock.requests[0]?.headers['api-key'], 'sk-test');
  assert.equal(v1.mock.requests[0]?.headers.authorization, undefined);
  const old = await start(t, 'azure', { baseUrl: `${origin}/openai/`, apiVersion: '2024-10-21' });
  await old.provider.chat?.(old.callOf(BODY));
  assert.equal(v1.mock.requests[1]?.path, '/openai/deployments/m-1/chat/completions?api-version=2024-10-21');
});

test('headers of the configuration go before ours', async (t) => {
  const headers = { Authorization: 'Bearer other', 'X-Title': 'p' };
  const { mock, provider, callOf } = await start(t, 'openrouter', { headers });
  await provider.chat?.(callOf(BODY));
  assert.equal(mock.requests[0]?.headers.authorization, 'Bearer other');
  assert.equal(mock.requests[0]?.headers['x-title'], 'p');
});

const INJECTED: InjectedTools = {
  tools: [
    {
      name: 'gh_search',
      description: 'Search "all"',
      parameters: '{"type":"object","properties":{"n":{"const":1.0}}}',
    },
  ],
  fragment: (_, render) => render(INJECTED.tools),
};

test("the gateway's tools stand after the caller's own, on both lanes", async (t) => {
  const { mock, provider, callOf, sent } = await start(t, 'openai');
  const own = { type: 'function', function: { name: 'own' } };
  const nameOf = (tool: { readonly function?: { readonly name: string } }) => tool.function?.name;
  const sentNames = () => (sent().tools as { readonly function?: { readonly name: string } }[]).map(nameOf);
  await provider.chat?.(callOf({ ...BODY, tools: [own] }, { injected: INJECTED }));
  assert.deepEqual(sentNames(), ['own', 'gh_search']);
  assert.match(mock.requests[0]?.body.toString() ?? '', /"const":1\.0/);
  for (const tools of [undefined, null, []]) {
    await provider.chat?.(callOf({ ...BODY, tools }, { injected: INJECTED }));
    assert.deepEqual(sentNames(), ['gh_search']);
  }
  await provider.chat?.(callOf(BODY, { injected: INJECTED, chat: NEUTRAL }));
  assert.deepEqual(sentNames(), ['gh_search']);
  await provider.chat?.(
    callOf(BODY, { injected: INJECTED, chat: { ...NEUTRAL, tools: [{ type: 'function', name: 'own' }] } }),
  );
  assert.deepEqual(sentNames(), ['own', 'gh_search']);
});

test('names that the wire does not take, and groups of tools, come back as they were', async (t) => {
  const { provider, callOf, sent } = await start(t, 'openai');
  const long = `mcp.server/${'x'.repeat(80)}`;
  const tools = [
    { type: 'function' as const, name: long },
    { type: 'function' as const, name: 'run', namespace: 'shell' },
  ];
  await provider.chat?.(callOf(BODY, { chat: { ...NEUTRAL, tools } }));
  const [first = '', second = ''] = (sent().tools as { function: { name: string } }[]).map(
    (tool) => tool.function.name,
  );
  assert.match(first, /^[a-zA-Z0-9_-]{1,64}$/);
  assert.equal(second, 'shell__run');
  const prompt = [{ type: 'text' as const, text: `!call ${first} {}\n!call shell__run {}` }];
  for (const stream of [false, true]) {
    const chat: ChatRequest = { ...NEUTRAL, tools, stream, messages: [{ role: 'user', parts: prompt }] };
    const outcome = await provider.chat?.(callOf(BODY, { chat }));
    const called: unknown[] = [];
    if (outcome?.type === 'chat' && outcome.answer.lane === 'neutral')
      called.push(...(outcome.answer.value.choices[0]?.parts ?? []));
    if (outcome?.type === 'chat-stream' && outcome.stream.lane === 'neutral')
      for await (const events of outcome.stream.value)
        for (const event of events) if (event.type === 'part-start') called.push(event.value);
    const got = called.map((part) => ({ ...(part as object) }) as { name: string; namespace?: string });
    assert.deepEqual(
      got.map(({ name, namespace }) => [name, namespace]),
      [
        [long, undefined],
        ['run', 'shell'],
      ],
      String(stream),
    );
  }
});

test('what tools returned besides text follows as a message of its own, after the last result', async (t) => {
  const { provider, callOf, sent } = await start(t, 'openai');
  const image = {
    type: 'image' as const,
    source: { type: 'base64' as const, mediaType: 'image/png', data: 'iVBORw==' },
  };
  const calls = ['a', 'b'].map((id) => ({ type: 'tool-call' as const, id, name: 'shot', arguments: '{}' }));
  const messages: ChatRequest['messages'] = [
    { role: 'assistant', parts: calls },
    { role: 'tool', callId: 'a', parts: [{ type: 'text', text: 'done' }, image] },
    { role: 'tool', callId: 'b', isError: true, parts: [{ type: 'text', text: 'failed' }] },
  ];
  const call = callOf(BODY, { chat: { ...NEUTRAL, messages } });
  await provider.chat?.(call);
  const roles = (sent().messages as { role: string; content: unknown }[]).map(({ role, content }) => [role, content]);
  assert.deepEqual(roles, [
    ['assistant', null],
    ['tool', 'done'],
    ['tool', 'failed'],
    [
      'user',
      [
        { type: 'text', text: 'Returned by tool call a:' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw==' } },
      ],
    ],
  ]);
  assert.deepEqual(call.report.dropped, ['is_error']);
});

test('what would change the meaning of the answer is refused before anything is sent, by name', async (t) => {
  const { mock, provider, callOf } = await start(t, 'openai');
  const source = { type: 'url' as const, url: 'https://x.test/a' };
  const search = { type: 'foreign' as const, dialect: 'anthropic' as const, name: 'web_search', value: {} };
  const table: readonly [Partial<ChatRequest>, RegExp][] = [
    [{ messages: [{ role: 'user', parts: [{ type: 'video', source }] }] }, /messages\[0\].content\[0\]: video by URL/],
    [{ messages: [{ role: 'user', parts: [{ type: 'document', source }] }] }, /document by URL/],
    [{ tools: [search], toolChoice: { type: 'tool', name: 'web_search' } }, /tool web_search/],
  ];
  for (const [part, publicText] of table)
    await assert.rejects(provider.chat?.(callOf(BODY, { chat: { ...NEUTRAL, ...part } })) ?? Promise.resolve(), {
      ...{ kind: 'unsupported', publicText },
    });
  assert.equal(mock.requests.length, 0);
  const call = callOf(BODY, { chat: { ...NEUTRAL, tools: [search] } });
  await provider.chat?.(call);
  assert.deepEqual(call.report.dropped, ['tools[0] (web_search)']);
});

test('models are listed as the provider names them', async (t) => {
  const { provider, config } = await start(t, 'openai');
  const listed = await provider.listModels?.({
    key: config.keys[0],
    signal: new AbortController().signal,
    timeoutMs: 5_000,
  });
  assert.deepEqual(
    listed?.map(({ name }) => name),
    ['gpt-5.2', 'gpt-5.2-mini'],
  );
});
