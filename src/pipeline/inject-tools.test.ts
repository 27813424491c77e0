import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint, ModelCall, ModelGateway } from '../contracts/call.ts';
import type { Narrowing } from '../contracts/caller.ts';
import type { ChatModelRequest, ModelProvider, ProviderCall } from '../contracts/models.ts';
import type { ProviderConfig, ToolMode } from '../contracts/models-config.ts';
import { createHarness, offerOf } from './fixtures/harness.ts';

const MODE_WISH = { fallbacks: undefined, timeoutMs: undefined, toolMode: undefined, namesTools: false };
const NO_NARROWING: Narrowing = { servers: undefined, tools: undefined };
const ALL: Endpoint = { type: 'all' };

interface Asked {
  readonly key?: string;
  readonly toolMode?: string;
  readonly namesTools?: boolean;
  readonly narrowing?: Narrowing;
  readonly endpoint?: Endpoint;
  readonly body?: object;
  readonly kind?: 'chat' | 'tokens.count';
}

function start(options: { toolMode?: ToolMode } = {}) {
  const seen: ProviderCall<ChatModelRequest>[] = [];
  const limits = { timeoutMs: 60_000, firstByteTimeoutMs: 60_000, idleTimeoutMs: 60_000, maxRetries: 0 };
  const circuitBreaker = { failures: 5, openMs: 1_000 };
  const config = {
    id: 'm',
    type: 'openai',
    enabled: true,
    keys: [],
    models: [],
    quirks: { has: [] },
    circuitBreaker,
    ...limits,
  };
  const provider: ModelProvider = {
    ...{ id: 'm', config: config as unknown as ProviderConfig, embed: undefined, pass: undefined },
    ...{ listModels: undefined, countTokens: undefined },
    async chat(call) {
      seen.push(call);
      return { type: 'chat', answer: { lane: 'pass', value: '{}' } };
    },
  };
  const shown = { name: 'read', description: 'Reads "a" file', inputSchema: { type: 'object', required: ['p'] } };
  const harness = createHarness(
    {
      files: offerOf({ tools: [{ name: 'read', text: JSON.stringify(shown) }, { name: 'write' }] }),
      mail: offerOf({ tools: [{ name: 'send' }] }),
    },
    {
      config: {
        providers: [provider.config],
        models: {
          ...{ aliases: [], fallbacks: [], routes: [], prices: [], usageHeaders: true },
          toolMode: options.toolMode ?? 'off',
        },
        toolsets: [
          {
            ...{ name: 'desk', description: undefined, instructions: undefined, prompts: [], resources: [] },
            tools: [{ source: 'mail/send', server: 'mail', name: 'send', own: { name: 'post', description: 'Posts' } }],
          },
        ],
      },
      providers: new Map([['m', provider]]),
    },
  );
  const add = (key: string, grant: Parameters<typeof harness.keys.add>[1]): void => {
    harness.keys.add(key, grant);
    harness.gateway.refreshKeys();
  };
  const call = async (asked: Asked = {}) => {
    const value = { model: 'm/x', messages: [{ role: 'user', content: 'hello' }], ...asked.body };
    const made: ModelCall = {
      ...{ id: 'c', kind: asked.kind ?? 'chat', receivedAtMs: 0, startedMs: performance.now(), surface: 'models' },
      ...{ endpoint: asked.endpoint ?? ALL, narrowing: asked.narrowing ?? NO_NARROWING, name: 'm/x' },
      credential: { source: 'authorization', token: asked.key ?? 'all' },
      params: { text: JSON.stringify(value), value },
      peer: {
        ...{ era: 'modern', protocolVersion: '', info: undefined, capabilities: '{}', session: undefined },
        ...{ logLevel: undefined, progressToken: undefined, ask: undefined, notify() {} },
      },
      ...{ watch: undefined, signal: new AbortController().signal, traceparent: undefined, parentId: undefined },
      facts: {},
      model: {
        ...{ operation: asked.kind === 'tokens.count' ? 'count' : 'chat', dialect: 'openai-chat', stream: false },
        wishes: { ...MODE_WISH, toolMode: asked.toolMode, namesTools: asked.namesTools ?? false },
        headers: new Map(),
        chat: () => ({
          ...{ dialect: 'openai-chat', tools: [], stream: false },
          messages: [{ role: 'user', parts: [{ type: 'text', text: 'hello' }] }],
        }),
      },
    };
    const gateway: ModelGateway = harness.gateway;
    const outcome = await gateway.call(made);
    return { outcome, injected: made.facts.injected, leftOut: made.facts.leftOutTools, report: made.facts.model };
  };
  const namesOf = async (asked: Asked = {}) => (await call(asked)).injected?.tools.map(({ name }) => name) ?? [];
  return { harness, add, call, namesOf, seen };
}

const EVERYTHING = ['files__read', 'files__write', 'mail__send'];

test('tools go along by configuration, by key, by header, or since the request names some; else none', async () => {
  const off = start();
  assert.deepEqual(await off.namesOf(), []);
  assert.deepEqual(await off.namesOf({ toolMode: 'classic' }), EVERYTHING);
  assert.deepEqual(await off.namesOf({ namesTools: true }), EVERYTHING);
  assert.deepEqual(await off.namesOf({ namesTools: true, toolMode: 'off' }), []);
  off.add('wants', { allow: ['*'], deny: [], toolMode: 'classic' });
  assert.deepEqual(await off.namesOf({ key: 'wants' }), EVERYTHING);
  const classic = start({ toolMode: 'classic' });
  assert.deepEqual(await classic.namesOf(), EVERYTHING);
  assert.deepEqual(await classic.namesOf({ toolMode: 'off' }), []);
  classic.add('never', { allow: ['*'], deny: [], toolMode: 'off' });
  assert.deepEqual(await classic.namesOf({ key: 'never', namesTools: true }), []);
  await assert.rejects(classic.call({ key: 'never', toolMode: 'classic' }), /this key gets no tools/);
});

test('in the other modes the gateway offers its own tools; a word that is no mode is refused and not guessed', async () => {
  const { call, seen, namesOf, add } = start({ toolMode: 'classic' });
  // No engine for scripts stands behind this bench.
  for (const toolMode of ['search', 'code', 'auto'])
    assert.deepEqual(await namesOf({ toolMode }), toolMode === 'auto' ? EVERYTHING : ['search_tools', 'call_tool']);
  add('finds', { allow: ['*', 'model:*'], deny: [], toolMode: 'search' });
  assert.deepEqual(await namesOf({ key: 'finds' }), ['search_tools', 'call_tool']);
  add('nothing', { allow: ['model:*'], deny: [], toolMode: 'search' });
  assert.deepEqual(await namesOf({ key: 'nothing' }), []);
  const before = seen.length;
  await assert.rejects(call({ toolMode: 'Classic' }), /takes off, classic, search, code, auto/);
  assert.equal(seen.length, before);
});

test('a tool is offered under the name, with the words and with the schema that the list shows', async () => {
  const { call } = start();
  const { injected } = await call({ toolMode: 'classic' });
  assert.deepEqual(injected?.tools.slice(0, 2), [
    { name: 'files__read', description: 'Reads "a" file', parameters: '{"type":"object","required":["p"]}' },
    { name: 'files__write', description: '', parameters: '{"type":"object"}' },
  ]);
  const { injected: desk } = await call({ namesTools: true, endpoint: { type: 'toolset', toolset: 'desk' } });
  assert.deepEqual(
    desk?.tools.map(({ name, description }) => [name, description]),
    [['post', 'Posts']],
  );
});

test('what a key may not use never goes along, and what the request leaves out neither', async () => {
  const { add, namesOf, call } = start({ toolMode: 'classic' });
  add('reader', { allow: ['files/read', 'model:*'], deny: [] });
  assert.deepEqual(await namesOf({ key: 'reader' }), ['files__read']);
  assert.deepEqual(await namesOf({ key: 'reader', narrowing: { servers: ['mail'], tools: undefined } }), []);
  assert.deepEqual(await namesOf({ narrowing: { servers: ['mail'], tools: undefined } }), ['mail__send']);
  assert.deepEqual(await namesOf({ narrowing: { servers: undefined, tools: ['*/w*'] } }), ['files__write']);
  const elsewhere: Endpoint = { type: 'toolset', toolset: 'desk' };
  await assert.rejects(call({ key: 'reader', endpoint: elsewhere }), { code: 'unknown_server' });
  await assert.rejects(call({ endpoint: { type: 'toolset', toolset: 'none' } }), { code: 'unknown_server' });
});

test('a toolset that a key names opens its tools to it, but no model', async () => {
  const { add, call, namesOf } = start();
  const desk: Endpoint = { type: 'toolset', toolset: 'desk' };
  add('desk', { allow: ['model:m/x'], deny: [], toolsets: ['desk'] });
  assert.deepEqual(await namesOf({ key: 'desk', endpoint: desk, namesTools: true }), ['post']);
  add('without', { allow: ['model:other/*'], deny: [], toolsets: ['desk'] });
  await assert.rejects(call({ key: 'without', endpoint: desk, namesTools: true }), { code: 'unknown_model' });
});

test("the request's own tool of a name stays, ours is left out and named, in every dialect's shape", async () => {
  const { call } = start({ toolMode: 'classic' });
  const name = 'files__read';
  const shapes: readonly object[] = [
    { tools: [{ type: 'function', function: { name } }] },
    { tools: [{ type: 'function', name }] },
    { tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'function', name }] }] },
    { tools: [{ name, input_schema: {} }] },
    { tools: [{ functionDeclarations: [{ name: 'other' }, { name }] }] },
    { toolConfig: { tools: [{ toolSpec: { name } }] } },
    { tools: [{ type: 'custom', custom: { name } }] },
  ];
  for (const body of shapes) {
    const { injected, leftOut } = await call({ body });
    assert.deepEqual(
      injected?.tools.map((tool) => tool.name),
      ['files__write', 'mail__send'],
    );
    assert.deepEqual(leftOut, [name]);
  }
  assert.equal((await call({ body: { tools: [{ name: 'mine' }] } })).leftOut, undefined);
});

test('one object serves all requests of a view, with its fragments; a change of the catalog makes a new one', async () => {
  const { call, add, harness } = start({ toolMode: 'classic' });
  add('same', { allow: ['*'], deny: [] });
  const [first, second, other, narrowed] = [
    await call(),
    await call({ body: { tools: [{ name: 'mine' }] } }),
    await call({ key: 'same' }),
    await call({ narrowing: { servers: ['mail'], tools: undefined } }),
  ].map(({ injected }) => injected);
  assert.ok(first !== undefined && narrowed !== undefined);
  assert.equal(first, second);
  assert.equal(first, other);
  assert.notEqual(first, narrowed);
  const clash = { body: { tools: [{ name: 'mail__send' }] } };
  assert.equal((await call(clash)).injected, (await call(clash)).injected);
  let renderings = 0;
  const render = (): string => `[${++renderings}]`;
  assert.deepEqual([first.fragment('a', render), first.fragment('a', render)], ['[1]', '[1]']);
  assert.deepEqual([first.fragment('b', render), narrowed.fragment('a', render)], ['[2]', '[3]']);
  harness.servers.get('mail')?.setOffer(offerOf({ tools: [{ name: 'draft' }] }));
  const { injected: changed } = await call();
  assert.notEqual(changed, first);
  assert.deepEqual(
    changed?.tools.map(({ name }) => name),
    ['files__read', 'files__write', 'mail__draft'],
  );
  assert.equal(changed.tools[0], first.tools[0]);
});

test('a provider that does not count has its tokens estimated, the tools that go along too', async () => {
  const { call } = start();
  const count = async (asked: Asked) => {
    const { outcome, report } = await call({ ...asked, kind: 'tokens.count' });
    assert.equal(report?.usage?.estimated, true);
    assert.ok(outcome.type === 'token-count' && outcome.answer.lane === 'neutral');
    return outcome.answer.value.inputTokens;
  };
  const plain = await count({});
  assert.equal(plain, 6);
  assert.ok((await count({ toolMode: 'classic' })) > plain + 3 * 8);
});
