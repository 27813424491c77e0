/** Every configured provider, made from the codec of its type: one line per type. */

import type { ModelProvider } from '../../contracts/models.ts';
import type { ProviderConfig, ProviderType } from '../../contracts/models-config.ts';
import { createFakeProvider } from './fake/fake-provider.ts';
import { createOpenaiProvider } from './openai/openai-provider.ts';
import type { CreateProvider, ProviderDeps } from './provider-codec.ts';

const CODECS: { readonly [type in ProviderType]?: CreateProvider } = {
  openai: createOpenaiProvider,
  azure: createOpenaiProvider,
  fake: createFakeProvider,
};

/** By id, in the order of the configuration; those that are switched off are not there. */
export function createProviders(
  deps: ProviderDeps,
  configs: readonly ProviderConfig[],
): ReadonlyMap<string, ModelProvider> {
  const providers = new Map<string, ModelProvider>();
  for (const config of configs) {
    const create = CODECS[config.type];
    if (config.enabled && create !== undefined) providers.set(config.id, create(deps, config));
  }
  return providers;
}
