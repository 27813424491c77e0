/** What a model costs: by the configuration where it says so, else by the catalogue. */

import type { ModelCatalog, TokenPrices, TokenRate } from '../../contracts/model-catalog.ts';
import type { ModelPrice, ModelsConfig, ProviderConfig } from '../../contracts/models-config.ts';
import { createLru } from '../../lib/lru.ts';
import { matchesWildcard } from '../../lib/wildcard.ts';

const MAX_KEPT_MODELS = 2_000;

/** Undefined: no price is known. `atMs` is the wall clock. */
export type PriceOf = (provider: string, model: string, atMs: number) => TokenPrices | undefined;

export function createPriceOf(
  deps: { readonly catalog: ModelCatalog | undefined; readonly providers: readonly ProviderConfig[] },
  overrides: ModelsConfig['prices'],
): PriceOf {
  const byId = new Map(deps.providers.map((provider) => [provider.id, provider]));
  const own = overrides.map(({ source, price }) => ({ source, prices: pricesFrom(price) }));
  const kept = createLru<{ readonly prices: TokenPrices | undefined }>(MAX_KEPT_MODELS);
  let last: { readonly provider: string; readonly model: string; readonly prices: TokenPrices | undefined } | undefined;
  const ownPrices = (provider: string, model: string): TokenPrices | undefined => {
    if (last === undefined || last.provider !== provider || last.model !== model)
      last = { provider, model, prices: findPrices(`${provider}/${model}`) };
    return last.prices;
  };
  const findPrices = (name: string): TokenPrices | undefined => {
    let found = kept.get(name);
    if (found === undefined) {
      found = { prices: own.find(({ source }) => matchesWildcard(source, name))?.prices };
      kept.set(name, found, 1);
    }
    return found.prices;
  };
  return (providerId, model, atMs) => {
    const said = own.length === 0 ? undefined : ownPrices(providerId, model);
    if (said !== undefined) return said;
    const provider = byId.get(providerId);
    return provider && deps.catalog?.pricesOf(provider, model, atMs);
  };
}

function pricesFrom(price: ModelPrice): TokenPrices {
  const rate = (microUsd: number | undefined): TokenRate | undefined =>
    microUsd === undefined ? undefined : { base: microUsd, tiers: [] };
  return {
    input: rate(price.inputMicroUsdPerMillion),
    output: rate(price.outputMicroUsdPerMillion),
    cached: rate(price.cachedMicroUsdPerMillion),
    cacheWrite: rate(price.cacheWriteMicroUsdPerMillion),
    cacheWrite1h: rate(price.cacheWrite1hMicroUsdPerMillion),
    // A rate is for a million.
    calls: rate(price.perCallMicroUsd === undefined ? undefined : price.perCallMicroUsd * 1_000_000),
  };
}
