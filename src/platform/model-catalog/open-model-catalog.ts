/**
 * Prices and context sizes from the data of `@pydantic/genai-prices`. The package is loaded only here, only for providers it
 * may know, and asked once for each model: what it says is turned into integers of ours and kept.
 */

import type { ModelInfo } from '@pydantic/genai-prices';
import type { ModelCatalog, TokenPrices } from '../../contracts/model-catalog.ts';
import type { ProviderConfig, ProviderType } from '../../contracts/models-config.ts';
import { createLru } from '../../lib/lru.ts';
import { compileSchedule, type PriceSchedule } from './compile-schedule.ts';

/** Names of models come from clients. */
const MAX_KEPT_MODELS = 2_000;
const MAX_MODEL_CHARS = 256;

/** Names of ours that the package spells otherwise. Others are looked up as they are. */
const PACKAGE_IDS: { readonly [preset: string]: string } = {
  gemini: 'google',
  vertex: 'google',
  bedrock: 'aws',
  xai: 'x-ai',
  moonshot: 'moonshotai',
  nebius: 'huggingface_nebius',
  huggingface: 'huggingface',
};

/** Wires that belong to one vendor; whoever speaks `openai` may be anybody. */
const TYPE_IDS: { readonly [type in ProviderType]?: string } = {
  azure: 'azure',
  anthropic: 'anthropic',
  gemini: 'google',
  vertex: 'google',
  bedrock: 'aws',
  cohere: 'cohere',
};

/** What runs on one's own machine has no price. */
const UNPRICED: ReadonlySet<string> = new Set(['fake', 'ollama', 'vllm', 'lmstudio', 'sglang']);

interface Known {
  readonly schedule: PriceSchedule | undefined;
  readonly contextTokens: number | undefined;
}

/** Undefined: none of these providers can be in the catalogue, and nothing was loaded. */
export async function openModelCatalog(providers: readonly ProviderConfig[]): Promise<ModelCatalog | undefined> {
  if (!providers.some(mayBeKnown)) return undefined;
  const { calcPrice, findProvider } = await import('@pydantic/genai-prices');

  const packageIdOf = ({ preset, type, baseUrl }: ProviderConfig): string | undefined => {
    const named = preset === undefined ? undefined : (PACKAGE_IDS[preset] ?? preset);
    for (const id of [named, TYPE_IDS[type]])
      if (id !== undefined && findProvider({ providerId: id }) !== undefined) return id;
    return findProvider({ providerApiUrl: baseUrl })?.id;
  };
  const find = (provider: ProviderConfig, model: string): ModelInfo | undefined => {
    const providerId = packageIdOf(provider);
    if (providerId === undefined) return undefined;
    try {
      // Without usage it computes nothing; what matters is which of its models it takes this name for.
      return calcPrice({}, model, { providerId })?.model;
    } catch {
      // Data it cannot make sense of is a price we do not know.
      return undefined;
    }
  };

  const kept = createLru<Known>(MAX_KEPT_MODELS);
  const lookUp = (provider: ProviderConfig, model: string): Known | undefined => {
    if (!mayBeKnown(provider) || model.length > MAX_MODEL_CHARS) return undefined;
    const key = `${provider.id}\0${provider.type}\0${provider.preset ?? ''}\0${provider.baseUrl}\0${model}`;
    let known = kept.get(key);
    if (known === undefined) {
      const info = find(provider, model);
      known = { schedule: info && compileSchedule(info.prices), contextTokens: info?.context_window };
      kept.set(key, known, 1);
    }
    return known;
  };
  return {
    pricesOf: (provider, model, atMs): TokenPrices | undefined => lookUp(provider, model)?.schedule?.(atMs),
    contextTokensOf: (provider, model) => lookUp(provider, model)?.contextTokens,
  };
}

function mayBeKnown({ preset, type }: ProviderConfig): boolean {
  return type !== 'fake' && (preset === undefined || !UNPRICED.has(preset));
}
