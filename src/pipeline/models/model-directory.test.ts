import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelProvider, ProviderModel } from '../../contracts/models.ts';
import type { ProviderConfig } from '../../contracts/models-config.ts';
import { createModelDirectory } from './model-directory.ts';

function providerWith(listModels: ModelProvider['listModels']): ModelProvider {
  const config = { id: 'p', keys: [] } as unknown as ProviderConfig;
  const none = { chat: undefined, embed: undefined, countTokens: undefined, pass: undefined };
  return { id: 'p', config, ...none, listModels };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('all who ask at once share one answer, which is kept and served while it is renewed', async () => {
  let nowMs = 0;
  const asked: ((models: readonly ProviderModel[]) => void)[] = [];
  const provider = providerWith(() => new Promise((resolve) => asked.push(resolve)));
  const { modelsOf } = createModelDirectory({ monotonicMs: () => nowMs });
  const first = [modelsOf(provider), modelsOf(provider)];
  assert.equal(asked.length, 1);
  asked[0]?.([{ name: 'old' }]);
  assert.deepEqual(await Promise.all(first), [[{ name: 'old' }], [{ name: 'old' }]]);
  nowMs = 599_999;
  assert.deepEqual(modelsOf(provider), [{ name: 'old' }]);
  assert.equal(asked.length, 1);
  nowMs = 600_000;
  assert.deepEqual([modelsOf(provider), modelsOf(provider)], [[{ name: 'old' }], [{ name: 'old' }]]);
  assert.equal(asked.length, 2);
  asked[1]?.([{ name: 'new' }]);
  await settled();
  assert.deepEqual(modelsOf(provider), [{ name: 'new' }]);
});

test('a provider that fails has no models, or those it had, and is left in peace for a while', async () => {
  let nowMs = 0;
  let answer: (() => Promise<readonly ProviderModel[]>) | undefined;
  let asked = 0;
  const provider = providerWith(() => {
    asked++;
    return answer?.() ?? Promise.reject(new Error('down'));
  });
  const { modelsOf } = createModelDirectory({ monotonicMs: () => nowMs });
  assert.deepEqual(await modelsOf(provider), []);
  nowMs = 29_999;
  assert.deepEqual(await modelsOf(provider), []);
  assert.equal(asked, 1);
  nowMs = 30_000;
  answer = async () => [{ name: 'm' }];
  assert.deepEqual(await modelsOf(provider), [{ name: 'm' }]);
  answer = undefined;
  nowMs += 600_000;
  assert.deepEqual(modelsOf(provider), [{ name: 'm' }]);
  await settled();
  assert.deepEqual([modelsOf(provider), asked], [[{ name: 'm' }], 3]);
});

test('a provider without a list has none, and one with an endless list is cut', async () => {
  const { modelsOf } = createModelDirectory({ monotonicMs: () => 0 });
  assert.deepEqual(modelsOf(providerWith(undefined)), []);
  const many = Array.from({ length: 6_000 }, (_, i) => ({ name: `m${i}` }));
  assert.equal((await modelsOf(providerWith(async () => many))).length, 5_000);
});
