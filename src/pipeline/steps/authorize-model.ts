/** Step: which models a call may go to. What the key may not use does not exist for it. */

import type { Endpoint, ModelCall, ModelStep } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ModelPlan, RawRequest } from '../../contracts/models.ts';
import type { ProviderKey } from '../../contracts/models-config.ts';
import { boundsParameters, checkParameters, describeRefusal } from '../../domain/access/check-parameters.ts';
import type { MayUseModel } from '../../domain/models/find-model.ts';
import type { ResolveModel } from '../../domain/models/resolve-model.ts';
import type { ResolveSurface } from '../../domain/models/resolve-surface.ts';
import { callerOf, type GrantOf } from '../grants.ts';
import type { BudgetShare } from '../limits/budget-share.ts';
import { askedParameters } from '../models/asked-parameters.ts';
import { withinKeys } from '../models/within-keys.ts';

/** A toolset opens what it holds to a key that names it; models it does not hold, so it must not open those. */
const WITHOUT_TOOLSET: Endpoint = Object.freeze({ type: 'all' });

/** Whether this caller may use a model. */
export function mayUseModel(call: ModelCall, grantOf: GrantOf): MayUseModel {
  const grant = grantOf(callerOf(call), call.narrowing, WITHOUT_TOOLSET);
  return (provider, model) => grant.allows('model', provider, model);
}

/** What its caller may ask for. A caller without such bounds pays a comparison or two. */
function checkCaps(call: ModelCall): void {
  const caller = callerOf(call);
  if (!boundsParameters(caller)) return;
  const asked = askedParameters(call);
  if (asked === undefined) return;
  if (!asked.isReadable) throw new GatewayError('outside_parameters', 'requests of this kind cannot be checked');
  const refusal = checkParameters(caller, asked.asked);
  if (refusal !== undefined) throw new GatewayError('outside_parameters', describeRefusal(refusal));
}

export function createAuthorizeModel(deps: {
  readonly grantOf: GrantOf;
  readonly resolve: ResolveModel;
  readonly resolveSurface: ResolveSurface;
  /** All keys of a provider. */
  readonly keysOf: (provider: string) => readonly ProviderKey[];
  /** Undefined: no rule asks. */
  readonly budgetShare: BudgetShare | undefined;
}): ModelStep {
  const planSurface = ({ surface, provider }: RawRequest, mayUse: MayUseModel): ModelPlan => {
    const verdict = deps.resolveSurface(surface, provider, mayUse);
    switch (verdict.type) {
      case 'plan':
        return verdict.plan;
      case 'none':
        throw new GatewayError('unknown_model', `no provider has ${surface} for this key`);
      case 'several':
        throw new GatewayError('invalid_request', `name one in x-portcullis-provider: ${verdict.providers.join(', ')}`);
    }
  };
  const route = (call: ModelCall, share: number | undefined): void => {
    if (share !== undefined) call.facts.budgetShare = share;
    const grant = deps.grantOf(callerOf(call), call.narrowing, WITHOUT_TOOLSET);
    const mayUse: MayUseModel = (provider, name) => grant.allows('model', provider, name);
    const { model } = call;
    const isNameless = model.operation === 'pass' && call.name === '';
    const plan = isNameless ? planSurface(model.raw, mayUse) : deps.resolve(call, mayUse, grant);
    if (plan === undefined) throw new GatewayError('unknown_model', call.name);
    const usable = withinKeys(plan, callerOf(call), deps.keysOf);
    if (usable === undefined) throw new GatewayError('no_provider_key');
    checkCaps(call);
    call.facts.plan = usable;
  };
  return (call, next) => {
    const share = deps.budgetShare?.(callerOf(call));
    if (share instanceof Promise)
      return share.then((told) => {
        route(call, told);
        return next();
      });
    route(call, share);
    return next();
  };
}
