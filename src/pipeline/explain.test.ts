import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Endpoint, ModelCall, ModelGateway } from '../contracts/call.ts';
import type { Grant, KnownKey, Level } from '../contracts/caller.ts';
import type { ToolsetConfig, ToolsetEntry } from '../contracts/config.ts';
import { GatewayError } from '../contracts/errors.ts';
import type { ExplainRequest } from '../contracts/explain.ts';
import type { ModelProvider } from '../contracts/models.ts';
import type { ProviderConfig, RouteRule } from '../contracts/models-config.ts';
import type { PolicyAction, PolicyRule } from '../contracts/policy.ts';
import { Secret } from '../contracts/secret.ts';
import { exposedUri } from '../domain/tools/exposed-uri.ts';
import { createExplain } from './explain.ts';
import { createHarness, offerOf } from './fixtures/harness.ts';

const RUNS = 10_000;
const CALLS_PER_POLICY = 4;

const tool = (name: string, annotations: object) => ({
  name,
  text: JSON.stringify({ name, inputSchema: { type: 'object' }, annotations }),
});
const TOOLS = [tool('read', { readOnlyHint: true }), tool('write', { destructiveHint: true }), tool('other', {})];
const OFFERS = {
  a: offerOf({ tools: TOOLS, prompts: ['read'], resources: ['mem:1', 'mem:2'] }),
  // Of its own `other` it shows nothing, as of a definition that is held.
  b: offerOf({ tools: TOOLS.slice(0, 2), prompts: ['read'], resources: ['mem:1'], templates: ['mem:t/{x}'] }),
  away: undefined,
};
const entry = (server: string, name: string, own: ToolsetEntry['own'] = {}): ToolsetEntry => ({
  ...{ source: `${server}/${name}`, server, name, own },
});
const TOOLSETS: readonly ToolsetConfig[] = [
  {
    ...{ name: 'some', description: undefined, instructions: undefined },
    tools: [entry('a', 'read', { name: 'look' }), entry('b', '*'), entry('away', 'read')],
    prompts: [entry('a', 'read')],
    resources: [entry('a', 'mem:1'), entry('b', '*')],
  },
  {
    name: 'far',
    description: undefined,
    instructions: undefined,
    tools: [entry('away', '*')],
    prompts: [],
    resources: [],
  },
];

function providerOf(id: string): ModelProvider {
  const config = {
    ...{
      id,
      type: 'openai',
      enabled: true,
      models: [],
      quirks: { has: [] },
      circuitBreaker: { failures: 5, openMs: 1 },
    },
    ...{ timeoutMs: 60_000, firstByteTimeoutMs: 60_000, idleTimeoutMs: 60_000, maxRetries: 0 },
    keys: ['one', 'two'].map((name, i) => ({
      name,
      value: new Secret('s'),
      weight: 1,
      models: i === 0 ? ['*'] : ['x*'],
    })),
  };
  return {
    ...{ id, config: config as unknown as ProviderConfig, embed: undefined, pass: undefined },
    ...{ listModels: undefined, countTokens: undefined },
    chat: async () => ({ type: 'chat', answer: { lane: 'pass', value: '{}' } }),
  };
}
const PROVIDERS = new Map(['p', 'q'].map((id) => [id, providerOf(id)]));

const pattern = fc.constantFrom(
  '*',
  'a',
  'b/*',
  'a/read',
  '*/write',
  'b__other',
  'tool:*',
  'prompt:a',
  'model:*',
  'model:p/*',
  'model:q/x',
  'model:*/y',
  'resource:*',
  'resource:a/mem:1',
);
const patterns = fc.array(pattern, { maxLength: 3 });
const optional = <T>(of: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: of });
const hour = fc.constantFrom('00:00', '06:00', '08:00', '12:30', '18:00', '23:00');
const hours = fc.record({
  days: fc.option(fc.uniqueArray(fc.constantFrom('mon', 'tue', 'fri', 'sat', 'sun'), { minLength: 1, maxLength: 4 }), {
    nil: undefined,
  }),
  ...{ from: hour, to: hour, timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York') },
});
const grant: fc.Arbitrary<Grant> = fc.record({
  allow: fc.oneof({ weight: 3, arbitrary: fc.constant(['*']) }, { weight: 2, arbitrary: patterns }),
  deny: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: patterns }),
  networks: optional(fc.constantFrom(['10.0.0.0/8'], ['2001:db8::/32', '192.0.2.0/24'], ['0.0.0.0/0'])),
  hours: optional(fc.array(hours, { minLength: 1, maxLength: 2 })),
  toolsets: optional(fc.constantFrom(['some'], ['far', 'some'], ['gone'])),
  providerKeys: optional(fc.constantFrom(['p/*'], ['*/two'], ['q/one', 'p/two'])),
});
const levels: fc.Arbitrary<readonly Level[]> = fc
  .array(fc.option(grant, { nil: undefined }), { maxLength: 3 })
  .map((all) =>
    all.map((each, i) => {
      const type = (['user', 'team', 'organization'] as const)[i] ?? 'team';
      return { type, id: `${type}_1`, name: type, grant: each, limits: undefined };
    }),
  );
const rule = fc.record({
  action: fc.constantFrom<PolicyAction>('allow', 'ask', 'deny'),
  keys: optional(fc.constantFrom(['k*'], ['other'])),
  targets: fc.option(fc.constantFrom(['a'], ['*/write'], ['prompt:*'], ['b/read', 'a/other']), { nil: undefined }),
  when: fc.option(
    fc.constantFrom(
      'args.n > 5',
      'args.path.startsWith("/tmp")',
      'tool.readOnly',
      'now.getHours() < 12',
      'server.id == "a"',
      'has(args.n) && args.n == 1',
      'request.endpoint == "/mcp"',
      'request.toolset == "some"',
    ),
    { nil: undefined },
  ),
});
const action = fc.constantFrom<PolicyAction>('allow', 'allow', 'ask', 'deny');
const policy = fc.option(
  fc.record({
    rules: fc
      .array(rule, { maxLength: 4 })
      .map((all) => all.map((each, i): PolicyRule => ({ ...each, name: `rule ${i}`, message: undefined }))),
    defaults: fc.record({ readOnly: action, write: action, destructive: action, unannotated: action }),
    annotations: fc.constant([]),
  }),
  { nil: undefined, freq: 4 },
);
/** What a client has to write where the question says `server/name`. */
function writtenAt(endpoint: Endpoint, kind: 'tool' | 'prompt' | 'resource', name: string): string {
  const slash = name.indexOf('/');
  const [server, own] = [name.slice(0, slash), name.slice(slash + 1)];
  if (!(server in OFFERS)) return name;
  if (endpoint.type === 'server') return endpoint.serverId === server ? own : name;
  if (kind === 'resource') return exposedUri(server, own);
  // A tool that a toolset calls otherwise has lost the name it has at `/mcp`.
  return endpoint.type === 'toolset' && endpoint.toolset === 'some' && kind === 'tool' && name === 'a/read'
    ? 'look'
    : `${server}__${own}`;
}

const routeOf = (name: string, when: string, ...targets: string[]): RouteRule => ({
  ...{ name, when, fallbacks: [] },
  targets: targets.map((target) => {
    const [provider = '', model = ''] = target.split('/');
    return { provider, model, weight: 1 };
  }),
});
const routes = fc.uniqueArray(
  fc.constantFrom(
    routeOf('cheap', 'headers["x-tier"] == "low"', 'q/x'),
    routeOf('dear', '"x-tier" in headers && headers["x-tier"] == "high"', 'p/*', 'q/*'),
    routeOf('named', 'model == "routed"', 'q/y', 'p/x'),
    routeOf('keyed', 'key.name == "key" && model.startsWith("x")', 'p/x'),
    routeOf('spent', 'key.budgetUsedPercent > 50', 'q/x'),
    routeOf('long', 'request.tokens > 1000', 'p/y'),
  ),
  { maxLength: 3, selector: ({ name }) => name },
);

const asked = fc.record({
  target: fc.oneof(
    fc
      .constantFrom('a/read', 'a/write', 'a/other', 'b/read', 'b/write', 'b/other')
      .map((name) => ({ kind: 'tool' as const, name })),
    fc.constantFrom('look', 'a__read', 'read', 'away/read').map((name) => ({ kind: 'tool' as const, name })),
    fc.constantFrom('a/read', 'b/read', 'read').map((name) => ({ kind: 'prompt' as const, name })),
    fc
      .constantFrom('a/mem:1', 'b/mem:1', 'b/mem:t/1', 'away/mem:1', 'mem:1', 'mem:2', 'mem:t/9', 'x:no')
      .map((name) => ({ kind: 'resource' as const, name })),
    fc
      .constantFrom('p/x', 'p/y', 'q/x', 'q/y', 'alias', 'nothing/x', 'routed', 'x')
      .map((name) => ({ kind: 'model' as const, name })),
  ),
  args: fc.constantFrom({}, { n: 1 }, { n: 9 }, { path: '/tmp/x' }, { path: 3, n: 'x' }, { N: 9 }),
  endpoint: fc.oneof(
    { weight: 2, arbitrary: fc.constant<Endpoint>({ type: 'all' }) },
    fc.constantFrom('a', 'b', 'away', 'gone').map((serverId): Endpoint => ({ type: 'server', serverId })),
    fc.constantFrom('some', 'far', 'gone').map((toolset): Endpoint => ({ type: 'toolset', toolset })),
  ),
  headers: optional(fc.constantFrom({ 'x-tier': 'low' }, { 'X-Tier': 'high' })),
  from: fc.constantFrom('10.1.2.3', '192.0.2.1', '2001:db8::1', '::ffff:10.1.1.1', '::1'),
  atMs: fc.nat(7 * 24 * 60).map((minutes) => Date.parse('2026-10-22T00:00:00Z') + minutes * 60_000),
  narrowing: fc.record({
    servers: optional(fc.constantFrom(['a'], ['*'], [])),
    tools: optional(fc.constantFrom(['a/read'], ['*/write', 'b'], [])),
  }),
});

type Asked = Omit<ExplainRequest, 'who'> &
  Required<Pick<ExplainRequest, 'target' | 'narrowing' | 'from' | 'endpoint' | 'headers' | 'atMs'>>;

function modelCall(request: Asked): ModelCall {
  const { target, from, narrowing, headers } = request;
  const value = { model: target.name, messages: [] };
  return {
    ...{ id: 'c', kind: 'chat', receivedAtMs: 0, startedMs: performance.now(), surface: 'models', name: target.name },
    routingHeaders: () => new Map(Object.entries(headers ?? {}).map(([name, each]) => [name.toLowerCase(), each])),
    ...{ endpoint: { type: 'all' }, credential: { source: 'authorization', token: 'key' } },
    narrowing: narrowing ?? { servers: undefined, tools: undefined },
    client: { remoteAddress: from, forwardedFor: [] },
    params: { text: JSON.stringify(value), value },
    peer: {
      ...{ era: 'modern', protocolVersion: '', info: undefined, capabilities: '{}', session: undefined },
      ...{ logLevel: undefined, progressToken: undefined, ask: undefined, notify() {} },
    },
    ...{ watch: undefined, signal: new AbortController().signal, traceparent: undefined, parentId: undefined },
    facts: {},
    model: {
      ...{ operation: 'chat', dialect: 'openai-chat', stream: false, headers: new Map() },
      wishes: { fallbacks: undefined, timeoutMs: undefined, toolMode: undefined, namesTools: false },
      chat: () => ({ dialect: 'openai-chat', tools: [], stream: false, messages: [] }),
    },
  };
}

test(`what is explained is what happens, for ${RUNS} random calls under random policies`, async () => {
  const seen = new Map<string, number>();
  const see = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);
  await fc.assert(
    fc.asyncProperty(
      grant,
      levels,
      policy,
      routes,
      optional(fc.constantFrom(Date.parse('2026-10-20T00:00:00Z'), Date.parse('2026-10-25T12:00:00Z'))),
      fc.array(asked, { minLength: CALLS_PER_POLICY, maxLength: CALLS_PER_POLICY }),
      async (own, above, rules, ways, expiresAtMs, calls) => {
        const key: KnownKey = {
          ...{ keyId: 'key_1', keyName: 'key', grant: own, expiresAtMs },
          ...(above.length > 0 && { levels: above }),
        };
        const alias = {
          name: 'alias',
          targets: [
            { provider: 'p', model: 'y', weight: 1 },
            { provider: 'q', model: 'x', weight: 1 },
          ],
          fallbacks: [],
        };
        const harness = createHarness(OFFERS, {
          config: {
            ...(rules !== undefined && { policy: rules }),
            toolsets: TOOLSETS,
            providers: [...PROVIDERS.values()].map(({ config }) => config),
            models: {
              ...{ aliases: [alias], fallbacks: [], routes: ways, prices: [], usageHeaders: true },
              toolMode: 'off',
            },
          },
          providers: PROVIDERS,
        });
        harness.keys.add('key', own, key);
        harness.gateway.refreshKeys();
        const explain = createExplain({ ...{ config: harness.config(), now: () => 0 }, catalog: harness.catalog });
        for (const request of calls) {
          harness.keys.nowMs = request.atMs;
          const { kind, name } = request.target;
          let code: string | undefined;
          try {
            if (kind === 'model') await (harness.gateway as ModelGateway).call(modelCall(request));
            else {
              const written = writtenAt(request.endpoint, kind, name);
              await harness.call(
                ({ tool: 'tools.call', prompt: 'prompts.get', resource: 'resources.read' } as const)[kind],
                {
                  ...{ key: 'key', name: written, narrowing: request.narrowing, ...placeOf(request.endpoint) },
                  params: JSON.stringify(
                    kind === 'resource' ? { uri: written } : { name: written, arguments: request.args },
                  ),
                  client: { remoteAddress: request.from, forwardedFor: [] },
                },
              );
            }
          } catch (error) {
            if (!(error instanceof GatewayError)) throw error;
            code = error.code;
          }
          const explanation = explain(key, request);
          const noted = harness.trail.events.at(-1);
          const context = JSON.stringify({ own, above, rules, ways, request, explanation, noted });
          assert.equal(explanation.code, code, context);
          const expected = code === undefined ? 'allowed' : code === 'approval_required' ? 'asks' : 'refused';
          assert.equal(explanation.verdict, expected, context);
          const deciding = explanation.rules.at(-1);
          // What the trail names as the reason is what the explanation ends with.
          if (noted?.policy !== undefined) {
            assert.deepEqual([deciding?.step, deciding?.rule], ['decide-policy', noted.policy.rule], context);
            see(`policy ${noted.policy.verdict}`);
          }
          if (code === undefined && kind === 'model') {
            const route = explanation.rules.find(({ step }) => step === 'route')?.rule;
            assert.equal(route, noted?.model?.rule, context);
            see(`route ${route}`);
          }
          see(code ?? 'allowed');
          see(`${kind} at ${request.endpoint.type} ${expected}`);
        }
      },
    ),
    { numRuns: Math.ceil(RUNS / CALLS_PER_POLICY) },
  );
  for (const what of [
    ...['allowed', 'unauthenticated', 'unknown_server', 'unknown_tool', 'unknown_prompt', 'unknown_resource'],
    ...[
      'unknown_model',
      'outside_network',
      'outside_hours',
      'no_provider_key',
      'denied_by_policy',
      'approval_required',
    ],
    ...['policy deny', 'policy ask', 'route alias', 'route cheap', 'route dear', 'route named', 'route keyed'],
    ...['tool', 'prompt', 'resource'].flatMap((kind) =>
      ['all', 'server', 'toolset'].flatMap((where) => [`${kind} at ${where} allowed`, `${kind} at ${where} refused`]),
    ),
  ])
    assert.ok((seen.get(what) ?? 0) > 0, `${what} was never seen: ${JSON.stringify([...seen])}`);
});

function placeOf(endpoint: Endpoint): { readonly endpoint?: string } {
  switch (endpoint.type) {
    case 'all':
      return {};
    case 'server':
      return { endpoint: endpoint.serverId };
    case 'toolset':
      return { endpoint: `t/${endpoint.toolset}` };
  }
}
