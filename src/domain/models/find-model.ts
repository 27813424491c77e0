/** What a name means that no rule decides on: an alias, a model of a provider, or a bare name that some provider knows. */

import type { ModelCall } from '../../contracts/call.ts';
import type { ModelAlias, ModelTarget, ProviderConfig, ProviderType } from '../../contracts/models-config.ts';
import { matchesWildcard } from '../../lib/wildcard.ts';

export type MayUseModel = (provider: string, model: string) => boolean;

export interface FoundModel {
  readonly targets: readonly ModelTarget[];
  /** Undefined: the model was named itself, not by an alias. */
  readonly alias: { readonly name: string; readonly fallbacks: readonly ModelTarget[] } | undefined;
}

/** The dialect of a call, as far as it says whose models a bare name can mean. */
export type Native = 'anthropic' | 'gemini' | 'bedrock' | 'cohere' | 'openai';

export interface ModelNames {
  /** Undefined: nothing has this name. Targets may be ones that the caller must not use. */
  find(name: string, native: Native, mayUse: MayUseModel): FoundModel | undefined;
  /** `provider/model` taken apart, if there is such a provider; else the name as it is. */
  ownName(name: string): string;
}

const TYPES: { readonly [native in Native]: readonly ProviderType[] } = {
  anthropic: ['anthropic'],
  gemini: ['gemini'],
  bedrock: ['bedrock'],
  cohere: ['cohere'],
  openai: ['openai', 'azure'],
};

/** Pass-through requests come in at OpenAI's paths. */
export function nativeOf({ model }: ModelCall): Native {
  if (!('dialect' in model)) return 'openai';
  return model.dialect === 'openai-chat' || model.dialect === 'openai-responses' ? 'openai' : model.dialect;
}

export function createModelNames(providers: readonly ProviderConfig[], aliases: readonly ModelAlias[]): ModelNames {
  const byId = new Map(providers.map((provider) => [provider.id, provider]));
  const enabled = providers.filter((provider) => provider.enabled);
  const exact = new Map(aliases.filter(({ name }) => !name.includes('*')).map((alias) => [alias.name, alias]));
  const patterns = aliases.filter(({ name }) => name.includes('*'));
  const natives = Object.fromEntries(
    (Object.keys(TYPES) as Native[]).map((native) => [native, nativeProviders(enabled, native)]),
  ) as { readonly [native in Native]: readonly ProviderConfig[] };

  const named = (name: string): { readonly provider: ProviderConfig; readonly model: string } | undefined => {
    const slash = name.indexOf('/');
    const provider = slash === -1 ? undefined : byId.get(name.slice(0, slash));
    return provider && { provider, model: name.slice(slash + 1) };
  };

  const findBare = (name: string, native: Native, mayUse: MayUseModel): ProviderConfig | undefined => {
    const usable = ({ id }: ProviderConfig): boolean => mayUse(id, name);
    return (
      enabled.find((each) => each.models.length > 0 && offers(each, name) && usable(each)) ??
      // None of these vendors has names with a slash: what stands before it is a provider that is not there.
      (name.includes('/') ? undefined : natives[native].find((each) => offers(each, name) && usable(each)))
    );
  };

  return {
    ownName: (name) => named(name)?.model ?? name,
    find(name, native, mayUse) {
      const alias = exact.get(name) ?? patterns.find((each) => matchesWildcard(each.name, name));
      if (alias !== undefined) return { targets: fill(alias.targets, alias.name, name), alias: filled(alias, name) };
      const explicit = named(name);
      if (explicit !== undefined) {
        const { provider, model } = explicit;
        return provider.enabled && model !== '' && offers(provider, model) ? alone(provider, model) : undefined;
      }
      const provider = findBare(name, native, mayUse);
      return provider && alone(provider, name);
    },
  };
}

const alone = ({ id }: ProviderConfig, model: string): FoundModel => ({
  targets: [{ provider: id, model, weight: 1 }],
  alias: undefined,
});

/** A provider whose models are not listed has any; requests that name none (files) go to whoever speaks the dialect. */
function offers({ models }: ProviderConfig, name: string): boolean {
  return models.length === 0 || name === '' || models.some((pattern) => matchesWildcard(pattern, name));
}

/** OpenAI's wire is spoken by many: the vendor itself comes first, then Azure. Nobody else is meant by a bare name. */
function nativeProviders(enabled: readonly ProviderConfig[], native: Native): readonly ProviderConfig[] {
  const fitting = enabled.filter(({ type }) => TYPES[native].includes(type));
  if (native !== 'openai') return fitting;
  const isOpenai = ({ id, preset }: ProviderConfig): boolean => id === 'openai' || preset === 'openai';
  return [
    ...fitting.filter((each) => each.type === 'openai' && isOpenai(each)),
    ...fitting.filter(({ type }) => type === 'azure'),
  ];
}

const filled = (alias: ModelAlias, name: string): FoundModel['alias'] => ({
  name: alias.name,
  fallbacks: fill(alias.fallbacks, alias.name, name),
});

/** `*` in a target stands for what the `*` of the alias matched. */
function fill(targets: readonly ModelTarget[], pattern: string, name: string): readonly ModelTarget[] {
  const star = pattern.indexOf('*');
  if (star === -1) return targets;
  return fillStar(targets, name.slice(star, name.length - (pattern.length - star - 1)));
}

/** Targets with `*` replaced by `words`. */
export function fillStar(targets: readonly ModelTarget[], words: string): readonly ModelTarget[] {
  return targets.map((target) =>
    target.model.includes('*') ? { ...target, model: target.model.replaceAll('*', () => words) } : target,
  );
}
