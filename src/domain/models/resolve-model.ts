/** From the model a client named to the targets its call may go to: rules, aliases, names, fallbacks, and the key's grant. */

import type { ModelCall } from '../../contracts/call.ts';
import type { ModelPlan } from '../../contracts/models.ts';
import type { ModelsConfig, ModelTarget, ProviderConfig } from '../../contracts/models-config.ts';
import { matchesWildcard } from '../../lib/wildcard.ts';
import { createModelNames, fillStar, type MayUseModel, type Native, nativeOf } from './find-model.ts';
import { compileRoutes } from './route-rules.ts';

/**
 * Undefined: there is no such model for this caller. `grant`: an object that stands for what `mayUse` says, so that the plan for
 * a name is made once for each; left out, it is made for this call.
 */
export type ResolveModel = (call: ModelCall, mayUse: MayUseModel, grant?: object) => ModelPlan | undefined;

/** Names come from clients. */
const MAX_PLANS_PER_GRANT = 256;

interface Draft {
  readonly targets: readonly ModelTarget[];
  readonly fallbacks: readonly ModelTarget[];
  readonly rule: string | undefined;
}

/** Compiles the routing of one configuration. */
export function createResolveModel(
  providers: readonly ProviderConfig[],
  models: Pick<ModelsConfig, 'aliases' | 'fallbacks' | 'routes'> = { aliases: [], fallbacks: [], routes: [] },
): ResolveModel {
  const byId = new Map(providers.filter(({ enabled }) => enabled).map((provider) => [provider.id, provider]));
  const names = createModelNames(providers, models.aliases);
  const decideRoute = compileRoutes(models.routes);

  /** Switched-off providers, and those without a key for the model, cannot be asked by anybody. */
  const exists = (provider: string, model: string): boolean => {
    const config = byId.get(provider);
    if (config === undefined) return false;
    return config.keys.length === 0 || config.keys.some((key) => key.models.some((p) => matchesWildcard(p, model)));
  };

  const fallbacksOf = (target: ModelTarget): readonly ModelTarget[] => {
    const full = `${target.provider}/${target.model}`;
    const found = models.fallbacks.find(({ source }) => matchesWildcard(source, full));
    return found === undefined ? [] : fillStar(found.targets, target.model);
  };

  const draft = (call: ModelCall, mayUse: MayUseModel): Draft | undefined => {
    const route = decideRoute(call);
    if (route !== undefined) {
      const asked = names.ownName(call.name);
      const { name: rule, targets, fallbacks } = route;
      return { targets: fillStar(targets, asked), fallbacks: fillStar(fallbacks, asked), rule };
    }
    const found = names.find(call.name, nativeOf(call), mayUse);
    if (found === undefined) return undefined;
    const { targets, alias } = found;
    if (alias !== undefined) return { targets, fallbacks: alias.fallbacks, rule: alias.name };
    return { targets, fallbacks: targets.flatMap(fallbacksOf), rule: undefined };
  };

  const plans = new WeakMap<object, Map<Native, Map<string, ModelPlan>>>();
  /** Undefined: what comes of this call depends on more than its name and its dialect. */
  const plansFor = (call: ModelCall, grant: object | undefined): Map<string, ModelPlan> | undefined => {
    const isPlain = models.routes.length === 0 && call.model.wishes.fallbacks === undefined && call.name !== '';
    if (grant === undefined || !isPlain) return undefined;
    const byNative = orNew(plans, grant, () => new Map<Native, Map<string, ModelPlan>>());
    return orNew(byNative, nativeOf(call), () => new Map<string, ModelPlan>());
  };

  return (call, isAllowed, grant) => {
    const known = plansFor(call, grant);
    const before = known?.get(call.name);
    if (before !== undefined) return before;
    const plan = resolve(call, isAllowed);
    if (known === undefined || plan === undefined) return plan;
    if (known.size >= MAX_PLANS_PER_GRANT) known.clear();
    known.set(call.name, plan);
    return plan;
  };

  function resolve(call: ModelCall, isAllowed: MayUseModel): ModelPlan | undefined {
    const mayUse: MayUseModel = (provider, model) => exists(provider, model) && isAllowed(provider, model);
    const drafted = draft(call, mayUse);
    if (drafted === undefined) return undefined;
    const usable = (targets: readonly ModelTarget[]): readonly ModelTarget[] =>
      targets.filter(({ provider, model }) => mayUse(provider, model));
    const { fallbacks: wished } = call.model.wishes;
    const native = nativeOf(call);
    // A request without a model (files) is about what one provider keeps: no other one has it.
    const later =
      call.name === ''
        ? []
        : wished === undefined
          ? drafted.fallbacks.map((each) => [each])
          : wished.map((name) => names.find(name, native, mayUse)?.targets ?? []);
    const stages = arrange(usable(drafted.targets), later.map(usable));
    return stages.length === 0 ? undefined : { stages, rule: drafted.rule };
  }
}

type Known<K, V> = { get(key: K): V | undefined; set(key: K, value: V): unknown };

function orNew<K, V>(known: Known<K, V>, key: K, make: () => V): V {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    known.set(key, value);
  }
  return value;
}

/** The stages without what is empty or stands there already; targets of weight 0 come last of all. */
function arrange(
  first: readonly ModelTarget[],
  later: readonly (readonly ModelTarget[])[],
): readonly (readonly ModelTarget[])[] {
  const seen = new Set<string>();
  const lastResort: ModelTarget[] = [];
  const stages: ModelTarget[][] = [];
  for (const targets of [first, ...later]) {
    const stage: ModelTarget[] = [];
    for (const target of targets) {
      const full = `${target.provider}/${target.model}`;
      if (seen.has(full)) continue;
      seen.add(full);
      (target.weight > 0 ? stage : lastResort).push(target);
    }
    if (stage.length > 0) stages.push(stage);
  }
  if (lastResort.length > 0) stages.push(lastResort);
  return stages;
}
