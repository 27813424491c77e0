import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ModelCall } from '../../contracts/call.ts';
import type { ChatDialect, ChatRequest } from '../../contracts/chat.ts';
import type { ModelsConfig, ModelTarget, ProviderConfig, ProviderType } from '../../contracts/models-config.ts';
import { Secret } from '../../contracts/secret.ts';
import { createResolveModel } from './resolve-model.ts';

function providerOf(id: string, type: ProviderType, rest: Partial<ProviderConfig> = {}): ProviderConfig {
  return {
    ...{ id, type, enabled: true, preset: undefined, baseUrl: 'http://127.0.0.1:1', keys: [], headers: {} },
    ...{ cloud: undefined, apiVersion: undefined, models: [] },
    quirks: { refuses: [], renames: {}, streamUsage: true, has: [] },
    ...{ timeoutMs: 1_000, firstByteTimeoutMs: 1_000, idleTimeoutMs: 1_000, maxRetries: 0, maxAnswerBytes: 1_000 },
    circuitBreaker: { failures: 5, openMs: 1_000 },
    ...rest,
  };
}

interface Asking {
  readonly dialect?: ChatDialect;
  readonly fallbacks?: readonly string[];
  readonly key?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly chat?: Partial<ChatRequest>;
  readonly undecodable?: boolean;
}

function callOf(name: string, asking: Asking = {}): ModelCall {
  const chat: ChatRequest = {
    ...{ dialect: asking.dialect ?? 'openai-chat', messages: [], tools: [], stream: false, ...asking.chat },
  };
  const call: Partial<ModelCall> = {
    name,
    facts: { caller: { keyId: 'k', keyName: asking.key ?? 'team', grant: { allow: ['*'], deny: [] } } },
    params: { text: '{}', value: {} },
    routingHeaders: () => new Map(Object.entries(asking.headers ?? {})),
    model: {
      ...{ operation: 'chat', dialect: chat.dialect, stream: chat.stream, headers: new Map() },
      wishes: { fallbacks: asking.fallbacks, timeoutMs: undefined, toolMode: undefined, namesTools: false },
      chat: () => {
        if (asking.undecodable) throw new Error('not to be read');
        return chat;
      },
    },
  };
  return call as ModelCall;
}

const target = (text: string, weight = 1): ModelTarget => {
  const slash = text.indexOf('/');
  return { provider: text.slice(0, slash), model: text.slice(slash + 1), weight };
};
const models = (config: Partial<ModelsConfig>): ModelsConfig => ({
  ...{ aliases: [], fallbacks: [], routes: [], prices: [], toolMode: 'off', usageHeaders: true },
  ...config,
});

const PROVIDERS = [
  providerOf('groq', 'openai', { preset: 'groq' }),
  providerOf('azure', 'azure'),
  providerOf('openai', 'openai', { preset: 'openai' }),
  providerOf('aws', 'bedrock'),
  providerOf('anthropic', 'anthropic'),
  providerOf('gemini', 'gemini'),
  providerOf('off', 'openai', { enabled: false }),
];

function plan(
  name: string,
  asking: Asking = {},
  config: Partial<ModelsConfig> = {},
  allows: (full: string) => boolean = () => true,
  providers: readonly ProviderConfig[] = PROVIDERS,
): { readonly stages: readonly (readonly string[])[]; readonly rule: string | undefined } | undefined {
  const resolved = createResolveModel(providers, models(config))(callOf(name, asking), (p, m) => allows(`${p}/${m}`));
  return (
    resolved && {
      stages: resolved.stages.map((stage) => stage.map((each) => `${each.provider}/${each.model}`)),
      rule: resolved.rule,
    }
  );
}

const only = (full: string) => ({ stages: [[full]], rule: undefined });

test('a model is found by its provider, whatever slashes its own name has', () => {
  assert.deepEqual(plan('groq/meta-llama/llama-4'), only('groq/meta-llama/llama-4'));
  assert.equal(plan('off/x'), undefined);
  assert.equal(plan('nobody/x'), undefined);
});

test('a bare name goes to whoever speaks the dialect of the client natively', () => {
  assert.deepEqual(plan('claude-sonnet-5', { dialect: 'anthropic' }), only('anthropic/claude-sonnet-5'));
  assert.deepEqual(plan('gemini-3-pro', { dialect: 'gemini' }), only('gemini/gemini-3-pro'));
  assert.deepEqual(plan('gpt-6', { dialect: 'openai-responses' }), only('openai/gpt-6'));
  assert.deepEqual(
    plan('gpt-6', {}, {}, (full) => !full.startsWith('openai/')),
    only('azure/gpt-6'),
  );
  const noOpenai = PROVIDERS.filter(({ id }) => id !== 'openai' && id !== 'azure');
  assert.equal(
    plan('gpt-6', {}, {}, () => true, noOpenai),
    undefined,
  );
});

test('a bare name goes first to the provider that lists it', () => {
  const providers = [...PROVIDERS, providerOf('vllm', 'openai', { models: ['qwen-*', 'gpt-oss'] })];
  assert.deepEqual(
    plan('gpt-oss', {}, {}, () => true, providers),
    only('vllm/gpt-oss'),
  );
  assert.deepEqual(
    plan('vllm/qwen-4', {}, {}, () => true, providers),
    only('vllm/qwen-4'),
  );
  assert.equal(
    plan('vllm/other', {}, {}, () => true, providers),
    undefined,
    'a provider that lists its models has no others',
  );
});

test('an alias is found by its whole name before one with a wildcard, and fills in what the wildcard matched', () => {
  const aliases = [
    { name: 'claude-*', targets: [target('aws/anthropic.claude-*-v1')], fallbacks: [target('anthropic/claude-*')] },
    { name: 'claude-best', targets: [target('anthropic/claude-opus-5')], fallbacks: [] },
  ];
  assert.deepEqual(plan('claude-best', {}, { aliases }), {
    stages: [['anthropic/claude-opus-5']],
    rule: 'claude-best',
  });
  assert.deepEqual(plan('claude-$&-5', {}, { aliases }), {
    stages: [['aws/anthropic.claude-$&-5-v1'], ['anthropic/claude-$&-5']],
    rule: 'claude-*',
  });
});

test('fallbacks of a pattern follow a model that was asked for by its own name, each a stage', () => {
  const fallbacks = [
    { source: 'openai/gpt-*', targets: [target('azure/*'), target('groq/gpt-oss')] },
    { source: 'openai/*', targets: [target('groq/other')] },
  ];
  assert.deepEqual(plan('openai/gpt-6', {}, { fallbacks })?.stages, [
    ['openai/gpt-6'],
    ['azure/gpt-6'],
    ['groq/gpt-oss'],
  ]);
});

test('fallbacks that the request names take the place of the configured ones, and cannot reach further than the key', () => {
  const fallbacks = [{ source: 'openai/*', targets: [target('azure/*')] }];
  const aliases = [{ name: 'fast', targets: [target('groq/a'), target('gemini/b')], fallbacks: [target('aws/c')] }];
  const asking = { fallbacks: ['fast', 'anthropic/secret', 'nothing/here', 'openai/gpt-6'] };
  const allows = (full: string) => full !== 'anthropic/secret';
  assert.deepEqual(plan('openai/gpt-6', asking, { fallbacks, aliases }, allows)?.stages, [
    ['openai/gpt-6'],
    ['groq/a', 'gemini/b'],
  ]);
  assert.deepEqual(plan('openai/gpt-6', { fallbacks: [] }, { fallbacks })?.stages, [['openai/gpt-6']]);
});

test('what a key may not use is as if it were not there', () => {
  const aliases = [{ name: 'fast', targets: [target('groq/a'), target('gemini/b')], fallbacks: [target('aws/c')] }];
  assert.deepEqual(plan('fast', {}, { aliases }, (full) => full === 'aws/c')?.stages, [['aws/c']]);
  assert.equal(
    plan('fast', {}, { aliases }, () => false),
    undefined,
  );
});

test('targets of weight 0 come last of all', () => {
  const aliases = [{ name: 'fast', targets: [target('groq/a', 0), target('gemini/b')], fallbacks: [target('aws/c')] }];
  assert.deepEqual(plan('fast', {}, { aliases })?.stages, [['gemini/b'], ['aws/c'], ['groq/a']]);
});

test('a provider without a key for the model is passed over', () => {
  const key = { name: 'k', value: new Secret('x'), weight: 1, models: ['gpt-*'] };
  const providers = [providerOf('openai', 'openai', { keys: [key] }), providerOf('azure', 'azure')];
  assert.deepEqual(
    plan('o9', {}, {}, () => true, providers),
    only('azure/o9'),
  );
});

test('the first rule that holds decides, before aliases, over key, headers, dialect and the request', () => {
  const aliases = [{ name: 'fast', targets: [target('groq/a')], fallbacks: [] }];
  const route = (name: string, when: string, to: string) => ({ name, when, targets: [target(to)], fallbacks: [] });
  const routes = [
    route('missing', 'headers["x-none"] == "1"', 'aws/none'),
    route('batch', 'headers["x-team"] == "batch" && key.name.startsWith("ci-")', 'aws/cheap'),
    route('pictures', 'request.hasImages', 'gemini/*'),
    route('tools', 'request.hasTools && request.dialect == "anthropic"', 'anthropic/*'),
    route('long', 'request.tokens > 1000', 'gemini/long'),
    route('stream', 'request.stream && request.operation == "chat" && model == "fast"', 'openai/streamy'),
  ];
  const to = (asking: Asking, name = 'fast') => plan(name, asking, { aliases, routes });
  assert.deepEqual(to({ headers: { 'x-team': 'batch' }, key: 'ci-1' }), { stages: [['aws/cheap']], rule: 'batch' });
  assert.deepEqual(to({ headers: { 'x-team': 'batch' }, key: 'me' })?.stages, [['groq/a']]);
  const image = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } } as const;
  assert.deepEqual(to({ chat: { messages: [{ role: 'user', parts: [image] }] } }, 'openai/gpt-6')?.stages, [
    ['gemini/gpt-6'],
  ]);
  assert.deepEqual(
    to({ dialect: 'anthropic', chat: { tools: [{ type: 'function', name: 't' }] } }, 'claude-x')?.stages,
    [['anthropic/claude-x']],
  );
  const text = { type: 'text', text: 'x'.repeat(4_004) } as const;
  assert.deepEqual(to({ chat: { messages: [{ role: 'user', parts: [text] }] } })?.stages, [['gemini/long']]);
  assert.deepEqual(to({ chat: { stream: true } })?.stages, [['openai/streamy']]);
  assert.deepEqual(to({ undecodable: true })?.stages, [['groq/a']], 'a condition without an answer does not hold');
});

test('whatever the names, a plan holds only what exists and is allowed, nothing twice, and no empty stage', () => {
  const id = fc.constantFrom('groq', 'azure', 'openai', 'aws', 'off', 'gone');
  const anyTarget = fc
    .record({ provider: id, model: fc.constantFrom('a', 'b', '*'), weight: fc.constantFrom(0, 1, 5) })
    .map((each): ModelTarget => each);
  const alias = fc
    .record({
      name: fc.constantFrom('fast', 'f*', '*', 'slow'),
      targets: fc.array(anyTarget, { minLength: 1, maxLength: 4 }),
      fallbacks: fc.array(anyTarget, { maxLength: 3 }),
    })
    .map((each) => {
      // The configuration refuses a * in a target where the alias has none to fill it with.
      const whole = (targets: readonly ModelTarget[]) =>
        each.name.includes('*') ? targets : targets.map((to) => ({ ...to, model: to.model.replace('*', 'c') }));
      return { ...each, targets: whole(each.targets), fallbacks: whole(each.fallbacks) };
    });
  fc.assert(
    fc.property(
      fc.array(alias, { maxLength: 3 }),
      fc.constantFrom('fast', 'slow', 'groq/a', 'bare', 'off/a'),
      fc.option(fc.array(fc.constantFrom('slow', 'azure/b', 'nope/x'), { maxLength: 3 }), { nil: undefined }),
      fc.func(fc.boolean()),
      (aliases, name, fallbacks, allows) => {
        const found = plan(name, fallbacks === undefined ? {} : { fallbacks }, { aliases }, allows);
        if (found === undefined) return;
        const all = found.stages.flat();
        assert.ok(found.stages.length > 0 && found.stages.every((stage) => stage.length > 0));
        assert.equal(new Set(all).size, all.length);
        for (const each of all) {
          assert.ok(allows(each), each);
          assert.match(each, /^(groq|azure|openai|aws)\//);
          assert.doesNotMatch(each, /\*/);
        }
      },
    ),
  );
});
