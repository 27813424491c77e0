import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GatewayConfig } from '../contracts/config.ts';
import { GatewayError } from '../contracts/errors.ts';
import type { UpstreamReply } from '../contracts/upstream.ts';
import { createHarness, offerOf } from './fixtures/harness.ts';

const PRICES: GatewayConfig['prices'] = {
  tools: [
    { source: 'a', server: 'a', tool: '*', value: { perCallMicroUsd: 7 } },
    { source: 'a/free', server: 'a', tool: 'free', value: { perCallMicroUsd: 0 } },
  ],
};
const READ = { ttlMs: 60_000, scope: 'caller' as const, readOnly: false };

function start(config: Partial<GatewayConfig> = { prices: PRICES }) {
  const tools = [
    { name: 'read', readOnly: true },
    { name: 'free', readOnly: true },
  ];
  const harness = createHarness({ a: offerOf({ tools }), b: offerOf({ tools }) }, { config });
  return {
    harness,
    /** The price in the trail after one call that the server answers so. */
    async priceOf(answer: () => UpstreamReply, name = 'a__read'): Promise<number | undefined> {
      for (const server of harness.servers.values()) server.answer = async () => answer();
      await harness.call('tools.call', { name }).catch(() => undefined);
      return harness.trail.events.at(-1)?.priceMicroUsd;
    },
  };
}
const result = (text: string) => (): UpstreamReply => ({ type: 'result', text });
const fail = (code: ConstructorParameters<typeof GatewayError>[0]) => (): UpstreamReply => {
  throw new GatewayError(code);
};

test('a call that was made, or may have been, has its price; one that certainly was not has none', async () => {
  const { priceOf } = start();
  assert.equal(await priceOf(result('{"content":[]}')), 7);
  assert.equal(await priceOf(result('{"content":[],"isError":true}')), 7, 'a tool that failed has run');
  assert.equal(await priceOf(fail('upstream_timeout')), 7);
  assert.equal(await priceOf(fail('outcome_unknown')), 7);
  assert.equal(await priceOf(result('{"content":[]}'), 'a__free'), 0);
  assert.equal(await priceOf(result('{"content":[]}'), 'b__read'), undefined);
  assert.equal(await priceOf(fail('upstream_unavailable')), undefined);
  assert.equal(await priceOf(fail('too_many')), undefined);
  assert.equal(await priceOf(() => ({ type: 'rpc-error', text: '{"code":-32602,"message":"no"}' })), undefined);
  assert.equal(await priceOf(result('{"resultType":"input_required"}')), undefined, 'it has only begun');
  assert.equal(await priceOf(result('{}'), 'a__missing'), undefined);
});

test('what comes from the cache costs nothing', async () => {
  const cache = { tools: [{ source: 'a', server: 'a', tool: '*', value: READ }], maxBytes: 1e6 };
  const { priceOf } = start({ prices: PRICES, cache });
  assert.equal(await priceOf(result('{"content":[]}')), 7);
  assert.equal(await priceOf(result('{"content":[]}')), undefined);
});
