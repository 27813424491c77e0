/** A plan within the keys of providers that its caller may use. */

import type { Caller } from '../../contracts/caller.ts';
import type { ModelPlan } from '../../contracts/models.ts';
import type { ModelTarget, ProviderKey } from '../../contracts/models-config.ts';
import { boundsKeys, mayUseKey } from '../../domain/models/may-use-key.ts';
import { matchesWildcard } from '../../lib/wildcard.ts';

/** The same plan where nothing bounds keys. Undefined: no target is left. `keysOf` gives all keys of a provider. */
export function withinKeys(
  plan: ModelPlan,
  caller: Caller,
  keysOf: (provider: string) => readonly ProviderKey[],
): ModelPlan | undefined {
  if (!boundsKeys(caller)) return plan;
  /** A provider without any keys needs none. */
  const hasKey = ({ provider, model }: ModelTarget): boolean => {
    const keys = keysOf(provider);
    if (keys.length === 0) return true;
    return keys.some(
      (key) => key.models.some((pattern) => matchesWildcard(pattern, model)) && mayUseKey(caller, provider, key.name),
    );
  };
  const stages = plan.stages.map((stage) => stage.filter(hasKey)).filter((stage) => stage.length > 0);
  return stages.length === 0 ? undefined : { ...plan, stages };
}
