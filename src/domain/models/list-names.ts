/** The models a configuration speaks of, and those that its providers list: one list, as clients name them. */

import type { ListedModel, ProviderModel } from '../../contracts/models.ts';
import type { ModelAlias, ProviderConfig } from '../../contracts/models-config.ts';
import { matchesWildcard } from '../../lib/wildcard.ts';

const isPattern = (name: string): boolean => name.includes('*');

/** Whether the provider's own list says more than the configuration does. */
export function wantsDiscovery({ models }: ProviderConfig): boolean {
  return models.length === 0 || models.some(isPattern);
}

/** One provider's models: those written, in their order, then those discovered that fit a pattern, sorted; each once. */
export function listProvider(
  { id, models: written }: ProviderConfig,
  discovered: readonly ProviderModel[],
  mayUse: (provider: string, model: string) => boolean,
): readonly ListedModel[] {
  const known = new Map(discovered.map((model) => [model.name, model]));
  const patterns = written.filter(isPattern);
  const fits = (name: string): boolean =>
    written.length === 0 || patterns.some((pattern) => matchesWildcard(pattern, name));
  const names = new Set(written.filter((name) => !isPattern(name)));
  for (const name of [...known.keys()].sort()) if (fits(name)) names.add(name);
  return [...names]
    .filter((name) => mayUse(id, name))
    .map((name) => {
      const { createdAtS, displayName, contextTokens, maxOutputTokens } = known.get(name) ?? {};
      return { id: `${id}/${name}`, provider: id, createdAtS, displayName, contextTokens, maxOutputTokens };
    });
}

/** Names of ours for models, those of which at least one target may be used; one with a `*` is no name of a model. */
export function listAliases(
  aliases: readonly ModelAlias[],
  providers: readonly ProviderConfig[],
  mayUse: (provider: string, model: string) => boolean,
): readonly { readonly listed: ListedModel; readonly target: { readonly provider: string; readonly model: string } }[] {
  const enabled = new Set(providers.filter((provider) => provider.enabled).map(({ id }) => id));
  return aliases.flatMap(({ name, targets }) => {
    const target = targets.find(({ provider, model }) => enabled.has(provider) && mayUse(provider, model));
    if (isPattern(name) || target === undefined) return [];
    const listed: ListedModel = {
      ...{ id: name, provider: target.provider, createdAtS: undefined, displayName: undefined },
      ...{ contextTokens: undefined, maxOutputTokens: undefined },
    };
    return [{ listed, target }];
  });
}
