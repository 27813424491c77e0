/** Last step: the models this caller may use. */

import type { ModelCall } from '../../contracts/call.ts';
import type { ListedModel, ModelOutcome, ModelProvider, ProviderModel } from '../../contracts/models.ts';
import type { ModelAlias, ProviderConfig } from '../../contracts/models-config.ts';
import { listAliases, listProvider, wantsDiscovery } from '../../domain/models/list-names.ts';
import type { ModelLastStep } from '../compile.ts';
import type { GrantOf } from '../grants.ts';
import { createModelDirectory } from '../models/model-directory.ts';
import { mayUseModel } from './authorize-model.ts';

export interface ListModelsDeps {
  readonly grantOf: GrantOf;
  readonly configs: readonly ProviderConfig[];
  readonly aliases: readonly ModelAlias[];
  readonly providers: () => ReadonlyMap<string, ModelProvider>;
  readonly monotonicMs: () => number;
  /** From the catalogue, where the provider does not say. Undefined: not known. */
  readonly contextTokensOf?: ((provider: ProviderConfig, model: string) => number | undefined) | undefined;
}

/** Aliases first, then provider by provider in the order of the configuration. */
export function createListModels(deps: ListModelsDeps): ModelLastStep {
  const directory = createModelDirectory(deps);
  const configs = new Map(deps.configs.map((config) => [config.id, config]));

  const withContext = (listed: ListedModel, model: string): ListedModel => {
    const config = configs.get(listed.provider);
    if (listed.contextTokens !== undefined || config === undefined) return listed;
    const contextTokens = deps.contextTokensOf?.(config, model);
    return contextTokens === undefined ? listed : { ...listed, contextTokens };
  };

  const discover = (config: ProviderConfig): readonly ProviderModel[] | Promise<readonly ProviderModel[]> => {
    const provider = deps.providers().get(config.id);
    return provider === undefined || !wantsDiscovery(config) ? [] : directory.modelsOf(provider);
  };

  return async (call: ModelCall): Promise<ModelOutcome> => {
    const mayUse = mayUseModel(call, deps.grantOf);
    const enabled = deps.configs.filter((config) => config.enabled);
    const discovered = await Promise.all(enabled.map(discover));
    const aliases = listAliases(deps.aliases, deps.configs, mayUse).map(({ listed, target }) =>
      withContext(listed, target.model),
    );
    const own = enabled.flatMap((config, i) =>
      listProvider(config, discovered[i] ?? [], mayUse).map((listed) =>
        withContext(listed, listed.id.slice(config.id.length + 1)),
      ),
    );
    // An alias that reads like a provider's model hides it, as it does for calls.
    const taken = new Set(aliases.map(({ id }) => id));
    return { type: 'model-list', models: [...aliases, ...own.filter(({ id }) => !taken.has(id))] };
  };
}
