import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calcPrice, findProvider } from '@pydantic/genai-prices';
import type { ProviderConfig } from '../../contracts/models-config.ts';
import { tokenCost } from '../../domain/models/token-cost.ts';
import { parseConfig } from '../config/parse-config.ts';
import { openModelCatalog } from './open-model-catalog.ts';

const NOON = Date.parse('2026-11-22T12:00:00Z');

function providersOf(section: object): readonly ProviderConfig[] {
  const result = parseConfig(JSON.stringify({ providers: section }), { file: 'portcullis.json', env: {} });
  assert.ok(result.ok, JSON.stringify(result));
  return result.config.providers ?? [];
}
const one = (id: string, entry: object = { apiKey: 'secret' }): ProviderConfig => {
  const [provider] = providersOf({ [id]: entry });
  assert.ok(provider);
  return provider;
};
async function open(...providers: ProviderConfig[]) {
  const catalog = await openModelCatalog(providers);
  assert.ok(catalog);
  return catalog;
}

test('where no provider can have a price nothing is loaded', async () => {
  assert.equal(await openModelCatalog(providersOf({ fake: {}, ollama: {} })), undefined);
  assert.equal(await openModelCatalog([]), undefined);
});

test('a vendor is found by its preset, its wire or its address', async () => {
  const catalog = await open(one('openai'));
  const input = (provider: ProviderConfig, model: string) => catalog.pricesOf(provider, model, NOON)?.input?.base;
  assert.equal(input(one('openai'), 'gpt-5'), 1_250_000);
  assert.equal(input(one('xai'), 'grok-4') !== undefined, true);
  assert.equal(input(one('mine', { type: 'anthropic', apiKey: 'k' }), 'claude-sonnet-4-5'), 3_000_000);
  const byAddress = { type: 'openai', baseUrl: 'https://api.groq.com/openai/v1', apiKey: 'k' };
  assert.equal(input(one('mine', byAddress), 'llama-3.3-70b-versatile'), input(one('groq'), 'llama-3.3-70b-versatile'));
  const aws = one('bedrock', { region: 'eu-central-1', apiKey: 'k' });
  assert.equal(input(aws, 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0'), 3_300_000);
  assert.equal(input(one('mine', { type: 'openai', baseUrl: 'http://127.0.0.1:1/v1' }), 'gpt-5'), undefined);
  assert.equal(input(one('openai'), 'no-such-model'), undefined);
  assert.equal(catalog.contextTokensOf(one('openai'), 'gpt-5'), 400_000);
  assert.equal(catalog.contextTokensOf(one('openai'), 'no-such-model'), undefined);
});

test('prices that change with the hour are those of the hour', async () => {
  const provider = one('deepseek');
  const catalog = await open(provider);
  const at = (time: string) =>
    catalog.pricesOf(provider, 'deepseek-chat', Date.parse(`2025-06-01T${time}Z`))?.input?.base;
  assert.deepEqual(
    [at('00:29:59'), at('00:30:00'), at('16:29:59'), at('16:30:00')],
    [135_000, 270_000, 270_000, 135_000],
  );
});

test('every model of the vendors costs what the package says it costs, tiers and times included', async () => {
  const vendors: [string, string, object?][] = [
    ['openai', 'openai'],
    ['anthropic', 'anthropic'],
    ['gemini', 'google'],
    ['mistral', 'mistral'],
    ['groq', 'groq'],
    ['deepseek', 'deepseek'],
    ['perplexity', 'perplexity'],
    ['bedrock', 'aws', { region: 'us-east-1', apiKey: 'k' }],
  ];
  let seen = 0;
  for (const [id, providerId, entry] of vendors) {
    const provider = one(id, entry);
    const catalog = await open(provider);
    for (const { id: model } of findProvider({ providerId })?.models ?? []) {
      for (const inputTokens of [1_000, 250_000]) {
        const usage = { inputTokens, outputTokens: 777, cachedTokens: 123, cacheWriteTokens: 45 };
        const given = { input_tokens: inputTokens, output_tokens: 777, cache_read_tokens: 123, cache_write_tokens: 45 };
        let said: number | undefined;
        try {
          said = calcPrice(given, model, { providerId, timestamp: new Date(NOON) })?.total_price;
        } catch {
          continue;
        }
        const prices = catalog.pricesOf(provider, model, NOON);
        if (said === undefined || prices === undefined) continue;
        seen++;
        // The package adds floats; ours is exact, and rounded to the micro-dollar.
        const difference = Math.abs((tokenCost(usage, prices) ?? 0) - said * 1e6);
        assert.ok(difference <= 0.5 + 1e-6 * said * 1e6, `${providerId} ${model} ${inputTokens}: off by ${difference}`);
      }
    }
  }
  assert.ok(seen > 400, `only ${seen} seen`);
});

test('the same model asked for again is the same answer, and names without end are not kept', async () => {
  const provider = one('openai');
  const catalog = await open(provider);
  assert.equal(catalog.pricesOf(provider, 'gpt-5', NOON), catalog.pricesOf(provider, 'gpt-5', NOON));
  assert.equal(catalog.pricesOf(provider, 'g'.repeat(10_000), NOON), undefined);
});
