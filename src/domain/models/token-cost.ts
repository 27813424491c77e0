/** What a call of a model cost, from its usage and its model's prices: exact, and rounded once. */

import type { Usage } from '../../contracts/chat.ts';
import type { TokenPrices, TokenRate } from '../../contracts/model-catalog.ts';

const UNITS_PER_RATE = 1_000_000;

/** One kind of unit, and how many of them are charged by its own rate. */
type Part = readonly [rate: TokenRate | undefined, units: number];

/** Micro-dollars, the sum of all parts rounded half up. Undefined: nothing that was used has a price. */
export function tokenCost(usage: Usage, prices: TokenPrices): number | undefined {
  return plainCost(usage, prices) ?? sumParts(usage, prices);
}

/** Where there is one rate for input, one for output and one for the call at most: most calls. Undefined: it is not so plain. */
function plainCost({ inputTokens, outputTokens }: Usage, prices: TokenPrices): number | undefined {
  const { input, output, searches, calls, cached, cacheWrite, cacheWrite1h, audioInput, audioOutput, reasoning } =
    prices;
  if (input === undefined || output === undefined || input.tiers.length + output.tiers.length > 0) return undefined;
  const others = searches ?? cached ?? cacheWrite ?? cacheWrite1h ?? audioInput ?? audioOutput ?? reasoning;
  if (others !== undefined || (calls !== undefined && calls.tiers.length > 0)) return undefined;
  const total = input.base * whole(inputTokens) + output.base * whole(outputTokens) + (calls?.base ?? 0);
  return total <= MAX_EXACT ? rounded(total) : undefined;
}

function sumParts(usage: Usage, prices: TokenPrices): number | undefined {
  const parts = inputParts(usage, prices);
  parts.push(...outputParts(usage, prices), [prices.searches, usage.searches ?? 0], [prices.calls, 1]);
  let total = 0;
  let isPriced = false;
  for (const [rate, units] of parts) {
    if (rate === undefined) continue;
    isPriced = true;
    total += rateAt(rate, usage) * whole(units);
  }
  if (!isPriced) return undefined;
  return total <= MAX_EXACT ? rounded(total) : exactCost(parts, usage);
}

/** Up to here whole numbers are exact, each sum on the way included, and stay so when they are rounded. */
const MAX_EXACT = Number.MAX_SAFE_INTEGER - UNITS_PER_RATE;

function rounded(total: number): number {
  const up = total + UNITS_PER_RATE / 2;
  return (up - (up % UNITS_PER_RATE)) / UNITS_PER_RATE;
}

/** Of sums that a number cannot hold: many times slower, for nine billion dollars and more. */
function exactCost(parts: readonly Part[], usage: Usage): number {
  const total = parts.reduce((sum, [rate, units]) => sum + BigInt(rateAt(rate, usage)) * BigInt(whole(units)), 0n);
  return Number((total + BigInt(UNITS_PER_RATE / 2)) / BigInt(UNITS_PER_RATE));
}

/** Input that no part with a rate of its own has claimed costs the rate of input. Parts never come to more than the whole. */
function inputParts(usage: Usage, prices: TokenPrices): Part[] {
  const written = whole(usage.cacheWriteTokens);
  const writtenForLong = Math.min(whole(usage.cacheWrite1hTokens), written);
  const longRate = prices.cacheWrite1h ?? prices.cacheWrite;
  return shareOut(whole(usage.inputTokens), prices.input, [
    [prices.cached, whole(usage.cachedTokens)],
    [longRate, writtenForLong],
    [prices.cacheWrite, written - writtenForLong],
    [prices.audioInput, whole(usage.audioInputTokens)],
  ]);
}

function outputParts(usage: Usage, prices: TokenPrices): Part[] {
  return shareOut(whole(usage.outputTokens), prices.output, [
    [prices.reasoning, whole(usage.reasoningTokens)],
    [prices.audioOutput, whole(usage.audioOutputTokens)],
  ]);
}

function shareOut(units: number, rate: TokenRate | undefined, own: readonly Part[]): Part[] {
  let left = units;
  const parts: Part[] = [];
  for (const [ownRate, wanted] of own) {
    if (ownRate === undefined) continue;
    const taken = Math.min(wanted, left);
    left -= taken;
    parts.push([ownRate, taken]);
  }
  parts.push([rate, left]);
  return parts;
}

function rateAt(rate: TokenRate | undefined, { inputTokens }: Usage): number {
  let at = rate?.base ?? 0;
  for (const tier of rate?.tiers ?? []) if (inputTokens > tier.aboveInputTokens) at = tier.rate;
  return at;
}

/** Counts come from providers: what is no count is none. */
function whole(count: number | undefined): number {
  return count !== undefined && Number.isFinite(count) && count > 0 ? Math.min(Math.round(count), 1e15) : 0;
}
