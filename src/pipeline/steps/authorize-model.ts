/** Step: which models a call may go to. What the key may not use does not exist for it. */

import type { ModelStep } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ResolveModel } from '../../domain/models/resolve-model.ts';
import { callerOf, type GrantOf } from '../grants.ts';

export function createAuthorizeModel(deps: { readonly grantOf: GrantOf; readonly resolve: ResolveModel }): ModelStep {
  return (call, next) => {
    const grant = deps.grantOf(callerOf(call), call.narrowing, call.endpoint);
    const plan = deps.resolve(call, (provider, model) => grant.allows('model', provider, model));
    if (plan === undefined) throw new GatewayError('unknown_model', call.name);
    call.facts.plan = plan;
    return next();
  };
}
