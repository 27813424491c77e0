import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Log } from '../../contracts/log.ts';
import { openTrail } from './open-trail.ts';
import { openTrailReader } from './open-trail-reader.ts';
import { freshDir } from './testing/fresh-dir.ts';
import { makeFinish, makeIntent } from './testing/make-call.ts';

const log: Log = { debug() {}, info() {}, warn() {}, error() {} };

test('costs are added up to the micro-dollar by key, tool or server, within the filter, and again after a restart', async (t) => {
  const dataDir = freshDir(t);
  const calls = [
    { key: 'k1', name: 'anna', server: 'a', tool: 'x', priceMicroUsd: 3, atMs: 1_000 },
    { key: 'k1', name: 'anna', server: 'a', tool: 'x', priceMicroUsd: 9_007_199_254_740, atMs: 2_000 },
    { key: 'k1', name: 'anna', server: 'a', tool: 'x', cached: true, atMs: 3_000 },
    { key: 'k2', name: 'anna', server: 'a', tool: 'y', priceMicroUsd: 5, atMs: 4_000 },
    { key: 'k2', name: 'anna', server: 'b', tool: 'x', atMs: 5_000 },
  ];
  // Two gateways, one after the other, over one data folder.
  for (const part of [calls.slice(0, 2), calls.slice(2)]) {
    const trail = await openTrail({ dataDir, sync: false, maxAgeDays: 36_500, maxSizeMb: 1_024, log });
    for (const { key, name, server, tool, atMs, ...cost } of part) {
      const id = `${key}-${atMs}`;
      const intent = makeIntent(id, { keyId: key, keyName: name, serverId: server, target: tool, atMs });
      trail.record(intent, makeFinish(id, cost));
    }
    trail.record(makeIntent(`list-${part.length}`, { kind: 'tools.list' }), makeFinish(`list-${part.length}`));
    await trail[Symbol.asyncDispose]();
  }
  const reader = openTrailReader(dataDir);
  t.after(() => reader.close());
  reader.fold();
  const sums = (by: 'key' | 'tool' | 'server', filter = {}) =>
    reader.costs(by, filter).map((sum) => [sum.keyId ?? sum.name, sum.calls, sum.cached, sum.priced, sum.microUsd]);
  assert.deepEqual(sums('key'), [
    ['k1', 3, 1, 2, 9_007_199_254_743],
    ['k2', 2, 0, 1, 5],
  ]);
  assert.deepEqual(sums('tool'), [
    ['a/x', 3, 1, 2, 9_007_199_254_743],
    ['a/y', 1, 0, 1, 5],
    ['b/x', 1, 0, 0, 0],
  ]);
  assert.deepEqual(sums('server', { sinceMs: 2_000, untilMs: 5_000 }), [['a', 3, 1, 2, 9_007_199_254_745]]);
  assert.deepEqual(sums('key', { key: 'k2', limit: 1 }), [['k2', 2, 0, 1, 5]]);
});

test('calls of models are added up by model and provider with their tokens, and stand beside tools in what a key cost', async (t) => {
  const dataDir = freshDir(t);
  const trail = await openTrail({ dataDir, sync: false, maxAgeDays: 36_500, maxSizeMb: 1_024, log });
  const record = (id: string, intent: Parameters<typeof makeIntent>[1], finish: Parameters<typeof makeFinish>[1]) =>
    trail.record(makeIntent(id, intent), makeFinish(id, finish));
  const usage = { inputTokens: 100, outputTokens: 10, cachedTokens: 60, searches: 2, estimated: true as const };
  const attempt = { provider: 'p', model: 'm', key: 'key1', failure: undefined, status: undefined, durationMs: 1 };
  const model = {
    usage,
    firstByteMs: 3.25,
    stop: 'end' as const,
    attempts: [attempt],
    dropped: ['seed'],
    rule: 'fast',
  };
  record('1', { kind: 'chat', serverId: 'p', target: 'm' }, { priceMicroUsd: 7, model });
  record('2', { kind: 'chat', serverId: 'p', target: 'm' }, { result: 'failed', model: { attempts: [] } });
  record('3', { kind: 'embed', serverId: 'p', target: 'e' }, { priceMicroUsd: 1, model });
  record('4', { kind: 'chat', serverId: 'q', target: 'm' }, { model });
  record('5', { kind: 'tools.call', serverId: 'p', target: 'm' }, { priceMicroUsd: 1_000 });
  record('6', { kind: 'models.list', serverId: undefined, target: undefined }, {});
  await trail[Symbol.asyncDispose]();
  const reader = openTrailReader(dataDir);
  t.after(() => reader.close());
  reader.fold();
  const sums = (by: 'key' | 'model' | 'provider' | 'tool') =>
    reader
      .costs(by, {})
      .map((sum) => [sum.name, sum.calls, sum.microUsd, sum.inputTokens, sum.outputTokens, sum.cachedTokens]);
  assert.deepEqual(sums('model'), [
    ['p/m', 2, 7, 100, 10, 60],
    ['p/e', 1, 1, 100, 10, 60],
    ['q/m', 1, 0, 100, 10, 60],
  ]);
  assert.deepEqual(sums('provider'), [
    ['p', 3, 8, 200, 20, 120],
    ['q', 1, 0, 100, 10, 60],
  ]);
  assert.deepEqual(sums('tool'), [['p/m', 1, 1_000, 0, 0, 0]]);
  assert.deepEqual(sums('key'), [['ci', 5, 1_008, 300, 30, 180]]);
  const [first, failed] = [...reader.query({ kind: 'chat' })];
  assert.deepEqual(
    JSON.parse(JSON.stringify(first?.model)),
    JSON.parse(JSON.stringify(model)),
    'the note comes back whole',
  );
  assert.deepEqual(failed?.model, { attempts: [] });
  assert.equal([...reader.query({ kind: 'tools.call' })][0]?.model, undefined);
});
