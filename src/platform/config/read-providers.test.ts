// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** The sections `providers` and `models`: what they become, and what is said of a mistake in them, with its place. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse-config.ts';
import { PROVIDER_PRESETS } from './provider-presets.ts';

const ENV = { KEY: 'sk-secret-of-the-provider' };

function parse(config: object) {
  return parseConfig(JSON.stringify(config), { file: 'portcullis.json', env: ENV });
}

function providersOf(providers: object) {
  const result = parse({ providers });
  assert.ok(result.ok, JSON.stringify(result));
  return result.config.providers ?? [];
}

function complaints(config: object): string[] {
  const result = parse(config);
  const problems = result.ok ? result.warnings : result.problems;
  return problems.map(({ path, message, remedy }) => `${path}: ${message}${remedy ? ` -> ${remedy}` : ''}`);
}

test('a known vendor needs no more than its key', () => {
  for (const [id, preset] of Object.entries(PROVIDER_PRESETS)) {
    if (preset.baseUrl === undefined) continue;
    const [provider] = providersOf({ [id]: preset.keyless ? {} : { apiKey: '${env:KEY}' } });
    assert.equal(provider?.type, preset.type, id);
    assert.equal(provider?.baseUrl, preset.baseUrl, id);
    assert.equal(provider?.preset, id);
    assert.deepEqual(provider?.keys.map(({ value }) => value.open()) ?? [], preset.keyless ? [] : [ENV.KEY]);
  }
});

test('what is compatible is a provider by its URL alone, and nothing of a key is shown', () => {
  const [provider] = providersOf({
    'my-vllm': { type: 'openai', baseUrl: 'http://10.0.0.7:8000/v1/', apiKey: '${env:KEY}', models: ['llama-4'] },
  });
  assert.equal(provider?.baseUrl, 'http://10.0.0.7:8000/v1');
  assert.equal(provider?.preset, undefined);
  assert.deepEqual(provider?.models, ['llama-4']);
  assert.ok(!JSON.stringify(provider).includes(ENV.KEY));
});

test('several keys have names, weights and models of their own', () => {
  const [provider] = providersOf({
    openai: {
      keys: [
        { value: '${env:KEY}', weight: 3 },
        { name: 'eu', value: 'sk-other', models: ['gpt-5*'] },
      ],
    },
  });
  assert.deepEqual(
    provider?.keys.map(({ name, weight, models }) => [name, weight, models]),
    [
      ['key1', 3, ['*']],
      ['eu', 1, ['gpt-5*']],
    ],
  );
});

test('clouds are told where they are, and how we prove ourselves there', () => {
  const [bedrock, vertex] = providersOf({
    bedrock: { region: 'eu-central-1', accessKeyId: 'AKIA', secretAccessKey: '${env:KEY}' },
    vertex: { project: 'p', location: 'europe-west4', serviceAccount: '${env:KEY}' },
  });
  assert.equal(bedrock?.baseUrl, 'https://bedrock-runtime.eu-central-1.amazonaws.com');
  assert.ok(bedrock?.cloud?.type === 'aws' && bedrock.cloud.secretAccessKey?.open() === ENV.KEY);
  assert.equal(vertex?.baseUrl, 'https://europe-west4-aiplatform.googleapis.com');
  assert.ok(vertex?.cloud?.type === 'google' && vertex.cloud.project === 'p');
});

const WRONG: readonly (readonly [providers: object, ...complaints: RegExp[]])[] = [
  [{ opnai: {} }, /^providers\.opnai\.type: is missing, .* -> did you mean "openai"\?$/],
  [{ openai: {} }, /^providers\.openai\.apiKey: is missing -> /],
  [{ azure: { apiKey: 'x' } }, /^providers\.azure\.baseUrl: is missing -> /],
  [{ openai: { apiKey: 'x', keys: [{ value: 'y' }] } }, /^providers\.openai\.keys: stands beside "apiKey" -> /],
  [{ openai: { apiKey: '${env:NOPE}' } }, /^providers\.openai\.apiKey: .*NOPE/],
  [{ openai: { apiKey: 'x', baseUrl: 'ftp://x' } }, /baseUrl: is no http or https URL -> /],
  [{ openai: { apiKey: 'x', baseUrl: 'https://u:p@x/v1' } }, /baseUrl: holds more than scheme, host and path -> /],
  [
    { openai: { apiKey: 'x', apiKay: 'y' } },
    /^providers\.openai\.apiKay: unknown field; .* -> did you mean "apiKey"\?$/,
  ],
  [{ 'Open AI': { type: 'openai', baseUrl: 'http://x' } }, /^providers\["Open AI"\]: is no name for a provider -> /],
  [{ bedrock: { accessKeyId: 'a' } }, /\.region: is missing -> /, /\.secretAccessKey: is missing -> /],
  [{ vertex: {} }, /\.project: is missing -> /],
];

for (const [providers, ...expected] of WRONG)
  test(`refused with a reason and a remedy: ${JSON.stringify(providers)}`, () => {
    const result = parse({ providers });
    assert.ok(!result.ok);
    const said = complaints({ providers });
    for (const each of expected)
      assert.ok(
        said.some((text) => each.test(text)),
        said.join('\n'),
      );
  });

test('aliases, fallbacks and routes become targets with weights', () => {
  const result = parse({
    providers: { fake: {}, local: { type: 'openai', baseUrl: 'http://127.0.0.1:1/v1' } },
    models: {
      aliases: {
        one: 'fake/echo',
        several: ['fake/echo', { target: 'local/meta/llama', weight: 3 }],
        careful: { targets: ['local/a'], fallbacks: ['fake/echo'] },
        'claude-*': 'local/anthropic.claude-*',
      },
      fallbacks: { 'local/*': ['fake/echo'] },
    },
  });
  assert.ok(result.ok, JSON.stringify(result));
  const { aliases, fallbacks } = result.config.models ?? { aliases: [], fallbacks: [] };
  const echo = { provider: 'fake', model: 'echo', weight: 1 };
  assert.deepEqual(aliases, [
    { name: 'one', targets: [echo], fallbacks: [] },
    { name: 'several', targets: [echo, { provider: 'local', model: 'meta/llama', weight: 3 }], fallbacks: [] },
    { name: 'careful', targets: [{ provider: 'local', model: 'a', weight: 1 }], fallbacks: [echo] },
    { name: 'claude-*', targets: [{ provider: 'local', model: 'anthropic.claude-*', weight: 1 }], fallbacks: [] },
  ]);
  assert.deepEqual(fallbacks, [{ source: 'local/*', targets: [echo] }]);
});

test('prices are written in dollars, and kept exact in millionths', () => {
  const result = parse({
    providers: { fake: {} },
    models: {
      prices: { 'fake/*': { inputUsdPerMillion: 0.15, outputUsdPerMillion: 0.6, cachedUsdPerMillion: 0.075 } },
    },
  });
  assert.ok(result.ok);
  const [entry] = result.config.models?.prices ?? [];
  assert.deepEqual(entry?.price, {
    ...{ inputMicroUsdPerMillion: 150_000, outputMicroUsdPerMillion: 600_000, cachedMicroUsdPerMillion: 75_000 },
    ...{ cacheWriteMicroUsdPerMillion: undefined, cacheWrite1hMicroUsdPerMillion: undefined, perCallMicroUsd: 0 },
  });
});

test('a target that is none, or of a provider that is not there, is refused with its place', () => {
  const said = complaints({ providers: { fake: {} }, models: { aliases: { a: 'echo', b: ['fak/echo'], c: [] } } });
  assert.ok(
    said.some((text) => /^models\.aliases\.a: is no target -> write "provider\/model"/.test(text)),
    said.join('\n'),
  );
  assert.ok(
    said.some((text) => /aliases\.b.*there is no provider "fak" -> did you mean "fake"\?$/.test(text)),
    said.join('\n'),
  );
  assert.ok(
    said.some((text) => /^models\.aliases\.c: names no target/.test(text)),
    said.join('\n'),
  );
});

test('without providers there are no models, and nothing is said of them', () => {
  const result = parse({ mcpServers: { a: { command: 'x' } } });
  assert.ok(result.ok && result.config.providers === undefined && result.config.models === undefined);
});

test('conditions of routes are checked with the file, over what they may name', () => {
  const routes = (...whens: string[]) => ({
    providers: { fake: {} },
    models: { routes: whens.map((when, i) => ({ name: `r${i}`, when, targets: ['fake/echo'] })) },
  });
  const fine = parse(routes('request.tokens > 1000 && headers["x-team"] == "a"', 'key.name == "ci" && model != "x"'));
  assert.ok(fine.ok, JSON.stringify(fine));
  assert.match(
    complaints(routes('request.stream', 'request.tokns > 5')).join(),
    /^models\.routes\[1\]\.when: character \d+: .* -> did you mean "tokens"\?$/,
  );
  assert.match(complaints(routes('credential == "x"')).join(), /when: .*credential/);
});

test('a route whose name stands twice, and a target whose * nothing can fill, are refused', () => {
  const twice = [
    { name: 'r', when: 'true', targets: ['fake/echo'] },
    { name: 'r', when: 'false', targets: ['fake/echo'] },
  ];
  assert.match(
    complaints({ providers: { fake: {} }, models: { routes: twice } }).join(),
    /routes\[1\]\.name: stands twice/,
  );
  const aliases = { fast: 'fake/*' };
  assert.match(
    complaints({ providers: { fake: {} }, models: { aliases } }).join(),
    /aliases\.fast: has a target with \*/,
  );
});
