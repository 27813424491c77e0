/** What is known of models beforehand: what they cost, and how much they take. */

import type { ProviderConfig } from './models-config.ts';

/** Micro-dollars for a million units, an integer; another from so much input on. */
export interface TokenRate {
  readonly base: number;
  /** Ascending. One holds for a whole call (all of its tokens) if its input is larger than `aboveInputTokens`. */
  readonly tiers: readonly { readonly aboveInputTokens: number; readonly rate: number }[];
}

/** What one model costs. A part without a rate of its own costs what the whole it belongs to costs: cached input as input. */
export interface TokenPrices {
  readonly input?: TokenRate | undefined;
  readonly output?: TokenRate | undefined;
  readonly cached?: TokenRate | undefined;
  readonly cacheWrite?: TokenRate | undefined;
  readonly cacheWrite1h?: TokenRate | undefined;
  readonly reasoning?: TokenRate | undefined;
  readonly audioInput?: TokenRate | undefined;
  readonly audioOutput?: TokenRate | undefined;
  /** Searches the provider ran. */
  readonly searches?: TokenRate | undefined;
  /** Each call. */
  readonly calls?: TokenRate | undefined;
}

/** Port. Both give undefined for what is not known; answers are kept, so that asking again costs a look-up. */
export interface ModelCatalog {
  /** `model` as the provider names it; prices as they were at `atMs` (epoch milliseconds). */
  pricesOf(provider: ProviderConfig, model: string, atMs: number): TokenPrices | undefined;
  /** Tokens of prompt and answer together. */
  contextTokensOf(provider: ProviderConfig, model: string): number | undefined;
}
