import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResultsConfig } from '../contracts/config.ts';
import { GatewayError } from '../contracts/errors.ts';
import { createHarness, offerOf } from './fixtures/harness.ts';
import { createKeptResults } from './kept-results.ts';

const LONG = 'line\n'.repeat(2_000);
const BIG = JSON.stringify({ content: [{ type: 'text', text: LONG }], isError: false, _meta: { 'a/b': 1 } });
const results = (more: Partial<ResultsConfig> = {}): ResultsConfig => ({
  tools: [{ source: 'a/big', server: 'a', tool: 'big', value: { maxBytes: 2_000 } }],
  keepMs: 60_000,
  maxKeptBytes: 1_048_576,
  ...more,
});

function start(config: ResultsConfig | undefined = results()) {
  const harness = createHarness(
    {
      a: offerOf({ tools: [{ name: 'big' }, { name: 'free' }], capabilities: { tools: {} } }),
      b: offerOf({ tools: [{ name: 'other' }] }),
    },
    config === undefined ? {} : { config: { results: config } },
  );
  for (const server of harness.servers.values()) server.answer = async () => ({ type: 'result', text: BIG });
  return harness;
}
const uriIn = (text: string): string => /portcullis:\/\/results\/[0-9a-f]{32}/.exec(text)?.[0] ?? '';
const isUnknown = (error: unknown): boolean => error instanceof GatewayError && error.code === 'unknown_resource';

test('a result above its bound goes out shortened, and the whole is read at the address it names; others go out as they came', async () => {
  const harness = start();
  const { text, isError } = await harness.call('tools.call', { name: 'a__big' });
  assert.ok(text.length < 4_100);
  assert.equal(isError, false);
  assert.match(text, /"a\/b":1/);
  const uri = uriIn(text);
  const read = async (address: string) =>
    JSON.parse((await harness.call('resources.read', { name: address })).text) as { contents: { text: string }[] };
  assert.equal((await read(uri)).contents[0]?.text, BIG);
  assert.equal((await read(`${uri}?path=/content/0/text`)).contents[0]?.text, LONG);
  assert.equal((await read(`${uri}?path=/content/0/text&from=5&bytes=5`)).contents[0]?.text, 'line\n');
  await assert.rejects(read(`${uri}?path=/nowhere`), isUnknown);
  assert.equal((await harness.call('tools.call', { name: 'a__free' })).text, BIG);
  const row = harness.trail.events.find((event) => event.kind === 'resources.read');
  assert.deepEqual([row?.serverId, row?.target, row?.result], ['a', 'big', 'ok']);
});

test('whole results belong to one key at one endpoint, and only while it may call the tool', async () => {
  const harness = start();
  harness.keys.add('mine', { allow: ['*'], deny: [] });
  harness.gateway.refreshKeys();
  const uri = uriIn((await harness.call('tools.call', { name: 'a__big', key: 'mine' })).text);
  await harness.call('resources.read', { name: uri, key: 'mine' });
  await assert.rejects(harness.call('resources.read', { name: uri }), isUnknown, 'another key');
  await assert.rejects(harness.call('resources.read', { name: uri, key: 'mine', endpoint: 'a' }), isUnknown);
  const narrowing = { servers: ['b'], tools: undefined };
  await assert.rejects(harness.call('resources.read', { name: uri, key: 'mine', narrowing }), isUnknown);
  const own = uriIn((await harness.call('tools.call', { name: 'big', endpoint: 'a' })).text);
  await harness.call('resources.read', { name: own, endpoint: 'a' });
});

test('whole results outlive a new configuration, and the bound goes with the old one', async () => {
  const harness = start();
  const uri = uriIn((await harness.call('tools.call', { name: 'a__big' })).text);
  harness.gateway.swap(harness.config({ results: results({ tools: [] }) }));
  await harness.call('resources.read', { name: uri });
  assert.equal((await harness.call('tools.call', { name: 'a__big' })).text, BIG);
});

test('questions are not shortened, a result too large to keep says so, an ambiguous one is refused', async () => {
  const harness = start();
  const server = harness.servers.get('a');
  assert.ok(server);
  const question = JSON.stringify({ resultType: 'input_required', content: [{ type: 'text', text: LONG }] });
  server.answer = async () => ({ type: 'result', text: question });
  assert.equal((await harness.call('tools.call', { name: 'a__big' })).text, question);
  const huge = JSON.stringify({ content: [{ type: 'text', text: 'x'.repeat(300_000) }] });
  server.answer = async () => ({ type: 'result', text: huge });
  const { text } = await harness.call('tools.call', { name: 'a__big' });
  assert.equal(uriIn(text), '');
  assert.match(text, /too large to keep/);
  server.answer = async () => ({ type: 'result', text: `{"content":[],"content":["${LONG.replaceAll('\n', ' ')}"]}` });
  await assert.rejects(harness.call('tools.call', { name: 'a__big' }), /ambiguous/);
});

test('kept results expire, the oldest make room, and one key cannot take all of it', () => {
  let now = 0;
  let ids = 0;
  const kept = createKeptResults({ monotonicMs: () => now, randomHex: () => String(++ids) });
  const bounds = { keepMs: 1_000, maxBytes: 1_000 };
  const keep = (keyId: string, chars: number) =>
    kept.keep({ keyId, endpoint: '', serverId: 'a', tool: 't', text: 'x'.repeat(chars) }, bounds);
  assert.equal(keep('greedy', 251), undefined, 'more than half of all');
  const other = keep('other', 100) ?? '';
  const first = keep('greedy', 200) ?? '';
  const second = keep('greedy', 200) ?? '';
  assert.equal(kept.find(first), undefined, 'its own oldest made room');
  assert.ok(kept.find(second) && kept.find(other));
  const third = keep('third', 250) ?? '';
  assert.equal(kept.find(other), undefined, 'the oldest of all made room');
  assert.ok(kept.find(second) && kept.find(third));
  now = 1_000;
  assert.equal(kept.find(second), undefined, 'its time is over');
});
