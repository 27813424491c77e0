import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ModelCall, ModelGateway } from '../contracts/call.ts';
import type { Grant, KnownKey, Level } from '../contracts/caller.ts';
import { GatewayError } from '../contracts/errors.ts';
import type { ExplainRequest } from '../contracts/explain.ts';
import type { ModelProvider } from '../contracts/models.ts';
import type { ProviderConfig } from '../contracts/models-config.ts';
import type { PolicyAction, PolicyRule } from '../contracts/policy.ts';
import { Secret } from '../contracts/secret.ts';
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
  a: offerOf({ tools: TOOLS, prompts: ['read'] }),
  b: offerOf({ tools: TOOLS, prompts: ['read'] }),
};

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
const asked = fc.record({
  target: fc.oneof(
    fc
      .constantFrom('a/read', 'a/write', 'a/other', 'b/read', 'b/write', 'b/other')
      .map((name) => ({ kind: 'tool' as const, name })),
    fc.constantFrom('a/read', 'b/read').map((name) => ({ kind: 'prompt' as const, name })),
    fc.constantFrom('p/x', 'p/y', 'q/x', 'q/y', 'alias', 'nothing/x').map((name) => ({ kind: 'model' as const, name })),
  ),
  args: fc.constantFrom({}, { n: 1 }, { n: 9 }, { path: '/tmp/x' }, { path: 3, n: 'x' }, { N: 9 }),
  from: fc.constantFrom('10.1.2.3', '192.0.2.1', '2001:db8::1', '::ffff:10.1.1.1', '::1'),
  atMs: fc.nat(7 * 24 * 60).map((minutes) => Date.parse('2026-10-22T00:00:00Z') + minutes * 60_000),
  narrowing: fc.record({
    servers: optional(fc.constantFrom(['a'], ['*'], [])),
    tools: optional(fc.constantFrom(['a/read'], ['*/write', 'b'], [])),
  }),
});

type Asked = Omit<ExplainRequest, 'who'> & Required<Pick<ExplainRequest, 'target' | 'narrowing' | 'from'>>;

function modelCall(request: Asked): ModelCall {
  const { target, from, narrowing } = request;
  const value = { model: target.name, messages: [] };
  return {
    ...{ id: 'c', kind: 'chat', receivedAtMs: 0, startedMs: performance.now(), surface: 'models', name: target.name },
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
  await fc.assert(
    fc.asyncProperty(
      grant,
      levels,
      policy,
      fc.array(asked, { minLength: CALLS_PER_POLICY, maxLength: CALLS_PER_POLICY }),
      async (own, above, rules, calls) => {
        const key: KnownKey = {
          ...{ keyId: 'key_1', keyName: 'key', grant: own, expiresAtMs: undefined },
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
            providers: [...PROVIDERS.values()].map(({ config }) => config),
            models: {
              ...{ aliases: [alias], fallbacks: [], routes: [], prices: [], usageHeaders: true },
              toolMode: 'off',
            },
          },
          providers: PROVIDERS,
        });
        harness.keys.add('key', own, key);
        harness.gateway.refreshKeys();
        const explain = createExplain({
          ...{ config: harness.config(), now: () => 0 },
          definitionOf: (_, name) => TOOLS.find((each) => each.name === name)?.text,
        });
        for (const request of calls) {
          harness.keys.nowMs = request.atMs;
          const { kind, name } = request.target;
          let code: string | undefined;
          try {
            if (kind === 'model') await (harness.gateway as ModelGateway).call(modelCall(request));
            else
              await harness.call(kind === 'tool' ? 'tools.call' : 'prompts.get', {
                ...{ key: 'key', name: name.replace('/', '__'), narrowing: request.narrowing },
                params: JSON.stringify({ name: name.replace('/', '__'), arguments: request.args }),
                client: { remoteAddress: request.from, forwardedFor: [] },
              });
          } catch (error) {
            if (!(error instanceof GatewayError)) throw error;
            code = error.code;
          }
          const explanation = explain(key, request);
          const context = JSON.stringify({ own, above, rules, request, explanation });
          assert.equal(explanation.code, code, context);
          const expected = code === undefined ? 'allowed' : code === 'approval_required' ? 'asks' : 'refused';
          assert.equal(explanation.verdict, expected, context);
          seen.set(code ?? 'allowed', (seen.get(code ?? 'allowed') ?? 0) + 1);
        }
      },
    ),
    { numRuns: Math.ceil(RUNS / CALLS_PER_POLICY) },
  );
  for (const code of [
    'allowed',
    'unknown_tool',
    'unknown_prompt',
    'unknown_model',
    'outside_network',
    'outside_hours',
    'no_provider_key',
    'denied_by_policy',
    'approval_required',
  ])
    assert.ok((seen.get(code) ?? 0) > 0, `${code} was never seen: ${JSON.stringify([...seen])}`);
});
