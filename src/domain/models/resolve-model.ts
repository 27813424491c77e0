/** From the model a client named to the targets its call may go to. */

import type { ModelCall } from '../../contracts/call.ts';
import type { ModelPlan } from '../../contracts/models.ts';
import type { ProviderConfig } from '../../contracts/models-config.ts';

export type MayUseModel = (provider: string, model: string) => boolean;

/** Undefined: there is no such model for this caller. */
export type ResolveModel = (call: ModelCall, mayUse: MayUseModel) => ModelPlan | undefined;

export function createResolveModel(providers: readonly ProviderConfig[]): ResolveModel {
  const byId = new Map(providers.filter(({ enabled }) => enabled).map((provider) => [provider.id, provider]));
  return ({ name }, mayUse) => {
    const slash = name.indexOf('/');
    const provider = slash === -1 ? undefined : byId.get(name.slice(0, slash));
    if (provider === undefined) return undefined;
    const model = name.slice(slash + 1);
    if (!mayUse(provider.id, model)) return undefined;
    return { stages: [[{ provider: provider.id, model, weight: 1 }]], rule: undefined };
  };
}
