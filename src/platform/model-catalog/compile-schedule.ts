/** Prices as the package has them (dollars, with times at which they hold) as integers of ours, made once for each model. */

import type { ConditionalPrice, ModelInfo, ModelPrice, TieredPrices } from '@pydantic/genai-prices';
import type { TokenPrices, TokenRate } from '../../contracts/model-catalog.ts';

/** The prices that hold at a time (epoch milliseconds). */
export type PriceSchedule = (atMs: number) => TokenPrices | undefined;

/** The package's dollars for so many units, as micro-dollars for a million of them. */
const MICRO_USD_PER_MTOK = 1_000_000;
const MICRO_USD_PER_KCOUNT = 1_000_000 * 1_000;

const NAMES: { readonly [part in keyof TokenPrices]-?: readonly [key: string, factor: number] } = {
  input: ['input_mtok', MICRO_USD_PER_MTOK],
  output: ['output_mtok', MICRO_USD_PER_MTOK],
  cached: ['cache_read_mtok', MICRO_USD_PER_MTOK],
  cacheWrite: ['cache_write_mtok', MICRO_USD_PER_MTOK],
  cacheWrite1h: ['cache_write_1h_mtok', MICRO_USD_PER_MTOK],
  reasoning: ['output_reasoning_mtok', MICRO_USD_PER_MTOK],
  audioInput: ['input_audio_mtok', MICRO_USD_PER_MTOK],
  audioOutput: ['output_audio_mtok', MICRO_USD_PER_MTOK],
  searches: ['web_searches_kcount', MICRO_USD_PER_KCOUNT],
  calls: ['requests_kcount', MICRO_USD_PER_KCOUNT],
};

export function compileSchedule(prices: ModelInfo['prices']): PriceSchedule | undefined {
  if (!Array.isArray(prices)) {
    const only = compilePrices(prices);
    return only && (() => only);
  }
  const entries = prices.map((entry) => ({ holdsAt: compileConstraint(entry), prices: compilePrices(entry.prices) }));
  // The last that holds counts, and the first where none does.
  return (atMs) => (entries.findLast(({ holdsAt }) => holdsAt(atMs)) ?? entries[0])?.prices;
}

function compileConstraint({ constraint }: ConditionalPrice): (atMs: number) => boolean {
  if (constraint === undefined) return () => true;
  if (constraint.type === 'start_date') {
    const fromMs = Date.parse(constraint.start_date);
    return (atMs) => atMs >= fromMs;
  }
  const from = secondOfDay(constraint.start_time);
  const to = secondOfDay(constraint.end_time);
  return (atMs) => {
    const at = (atMs / 1_000) % 86_400;
    return to < from ? at >= from || at < to : at >= from && at < to;
  };
}

/** Seconds since midnight UTC of a time such as `00:30:00Z`. */
function secondOfDay(time: string): number {
  return (Date.parse(`1970-01-01T${time}`) / 1_000 + 86_400) % 86_400;
}

function compilePrices(prices: ModelPrice): TokenPrices | undefined {
  const found = Object.entries(NAMES).flatMap(([part, [key, factor]]) => {
    const rate = compileRate(prices[key], factor);
    return rate === undefined ? [] : [[part, rate] as const];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

function compileRate(price: number | TieredPrices | undefined, factor: number): TokenRate | undefined {
  if (price === undefined) return undefined;
  const micro = (usd: number): number => Math.round(usd * factor);
  if (typeof price === 'number') return { base: micro(price), tiers: [] };
  const tiers = price.tiers.map((tier) => ({ aboveInputTokens: tier.start, rate: micro(tier.price) }));
  return { base: micro(price.base), tiers: tiers.sort((a, b) => a.aboveInputTokens - b.aboveInputTokens) };
}
