import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProviderConfig } from '../../contracts/models-config.ts';
import { estimateTokens } from './estimate-tokens.ts';
import { listAliases, listProvider, wantsDiscovery } from './list-names.ts';

const provider = (id: string, models: readonly string[], enabled = true): ProviderConfig =>
  ({ id, models, enabled }) as unknown as ProviderConfig;

const all = () => true;
const found = [{ name: 'b' }, { name: 'a-1', contextTokens: 9 }, { name: 'a-2' }];

test('written names come first and as written, discovered ones only where a pattern or nothing is written', () => {
  const ids = (models: readonly string[]) => listProvider(provider('p', models), found, all).map(({ id }) => id);
  assert.deepEqual(ids([]), ['p/a-1', 'p/a-2', 'p/b']);
  assert.deepEqual(ids(['z', 'a-1']), ['p/z', 'p/a-1']);
  assert.deepEqual(ids(['z', 'a-*', 'a-2']), ['p/z', 'p/a-2', 'p/a-1']);
  assert.deepEqual(
    [[], ['a'], ['a', 'b*']].map((models) => wantsDiscovery(provider('p', models))),
    [true, false, true],
  );
  assert.equal(listProvider(provider('p', ['a-1']), found, all)[0]?.contextTokens, 9);
});

test('what may not be used is not listed, and an alias only with a target that may', () => {
  const mayUse = (id: string, model: string) => id === 'p' && model === 'b';
  assert.deepEqual(
    listProvider(provider('p', []), found, mayUse).map(({ id }) => id),
    ['p/b'],
  );
  const target = (id: string, model: string) => ({ provider: id, model, weight: 1 });
  const aliases = [
    { name: 'mixed', targets: [target('q', 'x'), target('p', 'b')], fallbacks: [] },
    { name: 'hidden', targets: [target('q', 'x')], fallbacks: [target('p', 'b')] },
    { name: 'wild-*', targets: [target('p', 'b')], fallbacks: [] },
    { name: 'off', targets: [target('off', 'b')], fallbacks: [] },
  ];
  const providers = [provider('p', []), provider('q', []), provider('off', [], false)];
  assert.deepEqual(
    listAliases(aliases, providers, mayUse).map(({ listed }) => [listed.id, listed.provider]),
    [['mixed', 'p']],
  );
  assert.deepEqual(
    listAliases(aliases, providers, all).map(({ listed }) => listed.id),
    ['mixed', 'hidden'],
  );
});

test('an estimate counts text by its bytes, and messages, tools and images besides', () => {
  const chat = (text: string) => ({
    ...{ dialect: 'openai-chat' as const, tools: [], stream: false },
    messages: [{ role: 'user' as const, parts: [{ type: 'text' as const, text }] }],
  });
  assert.equal(estimateTokens(chat('x'.repeat(400)), undefined), 104);
  assert.equal(estimateTokens(chat('語'.repeat(400)), undefined), 304);
  const image = { type: 'image' as const, source: { type: 'url' as const, url: 'https://x.test/a.png' } };
  const seen = { ...chat(''), messages: [{ role: 'user' as const, parts: [image] }] };
  assert.equal(estimateTokens(seen, undefined), 1_004);
  const tool = { name: 'abcd', description: 'efgh', parameters: '{"a":1}x' };
  const injected = { tools: [tool, tool], fragment: () => '' };
  assert.equal(estimateTokens(chat(''), injected), 4 + 2 * 8 + (2 * 16) / 4);
});
