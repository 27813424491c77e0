import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TokenPrices, TokenRate } from '../../contracts/model-catalog.ts';
import { tokenCost } from './token-cost.ts';

const flat = (usdPerMillion: number): TokenRate => ({ base: usdPerMillion * 1e6, tiers: [] });
const SONNET: TokenPrices = {
  input: { base: 3e6, tiers: [{ aboveInputTokens: 200_000, rate: 6e6 }] },
  output: { base: 15e6, tiers: [{ aboveInputTokens: 200_000, rate: 22.5e6 }] },
  cached: flat(0.3),
  cacheWrite: flat(3.75),
  cacheWrite1h: flat(6),
  searches: { base: 10 * 1e9, tiers: [] },
};

test('each part of the input costs its own rate, the rest the rate of input', () => {
  const usage = {
    inputTokens: 1_000,
    outputTokens: 100,
    cachedTokens: 400,
    cacheWriteTokens: 300,
    cacheWrite1hTokens: 100,
  };
  // 300 × 3 + 400 × 0.3 + 200 × 3.75 + 100 × 6 + 100 × 15
  assert.equal(tokenCost(usage, SONNET), 900 + 120 + 750 + 600 + 1_500);
});

test('a part without a rate of its own costs what the whole costs', () => {
  const usage = { inputTokens: 10, outputTokens: 10, cachedTokens: 9, cacheWriteTokens: 1, reasoningTokens: 5 };
  assert.equal(tokenCost(usage, { input: flat(1), output: flat(2) }), 30);
  assert.equal(tokenCost(usage, { input: flat(1), output: flat(2), reasoning: flat(4) }), 10 + 10 + 20);
});

test('a call whose input is larger than a tier pays that rate for all of its tokens, and not at the bound itself', () => {
  assert.equal(tokenCost({ inputTokens: 200_000, outputTokens: 10 }, SONNET), 600_000 + 150);
  assert.equal(tokenCost({ inputTokens: 200_001, outputTokens: 10 }, SONNET), 1_200_006 + 225);
});

test('searches and the call itself are charged besides', () => {
  assert.equal(tokenCost({ inputTokens: 0, outputTokens: 0, searches: 3 }, SONNET), 30_000);
  assert.equal(tokenCost({ inputTokens: 0, outputTokens: 0 }, { calls: { base: 7e6, tiers: [] } }), 7);
});

test('half a micro-dollar is rounded up, once, over the sum', () => {
  const prices = { input: flat(0.5), output: flat(0.5) };
  assert.equal(tokenCost({ inputTokens: 1, outputTokens: 0 }, prices), 1);
  assert.equal(tokenCost({ inputTokens: 1, outputTokens: 1 }, prices), 1, 'not rounded up twice');
});

test('without a price there is no cost; what is no count counts for nothing', () => {
  assert.equal(tokenCost({ inputTokens: 1, outputTokens: 1 }, {}), undefined);
  const odd = { inputTokens: Number.NaN, outputTokens: -5, cachedTokens: Number.POSITIVE_INFINITY };
  assert.equal(tokenCost(odd, SONNET), 0);
});

test('the cost is the exact sum of the parts, rounded half up, whatever the counts', () => {
  const count = fc.integer({ min: 0, max: 50_000_000 });
  const rate = fc.integer({ min: 0, max: 1_000_000_000 });
  fc.assert(
    fc.property(count, count, count, rate, rate, rate, (fresh, cached, output, a, b, c) => {
      const prices = { input: { base: a, tiers: [] }, cached: { base: b, tiers: [] }, output: { base: c, tiers: [] } };
      const usage = { inputTokens: fresh + cached, outputTokens: output, cachedTokens: cached };
      const exact = BigInt(fresh) * BigInt(a) + BigInt(cached) * BigInt(b) + BigInt(output) * BigInt(c);
      const twice = 2n * BigInt(tokenCost(usage, prices) ?? -1) * 1_000_000n;
      // cost - 1/2 <= exact < cost + 1/2
      assert.ok(twice - 1_000_000n <= 2n * exact && 2n * exact < twice + 1_000_000n);
    }),
  );
});

test('more usage never costs less, and parts larger than the whole are cut to it', () => {
  const count = fc.integer({ min: 0, max: 1_000_000 });
  fc.assert(
    fc.property(count, count, count, count, (inputTokens, outputTokens, cachedTokens, more) => {
      const usage = { inputTokens, outputTokens, cachedTokens };
      const cost = tokenCost(usage, SONNET) ?? 0;
      assert.ok((tokenCost({ ...usage, outputTokens: outputTokens + more }, SONNET) ?? 0) >= cost);
      assert.ok((tokenCost({ ...usage, inputTokens: inputTokens + more }, SONNET) ?? 0) >= cost);
      assert.ok(cost >= 0);
    }),
  );
});
