/** Last step: the models this caller may use. */

import type { ListedModel } from '../../contracts/models.ts';
import type { ProviderConfig } from '../../contracts/models-config.ts';
import type { ModelLastStep } from '../compile.ts';
import { callerOf, type GrantOf } from '../grants.ts';

export function createListModels(deps: {
  readonly grantOf: GrantOf;
  readonly providers: readonly ProviderConfig[];
}): ModelLastStep {
  return (call) => {
    const grant = deps.grantOf(callerOf(call), call.narrowing, call.endpoint);
    const models = deps.providers.flatMap(({ id, models: names }) =>
      names
        .filter((name) => !name.includes('*') && grant.allows('model', id, name))
        .map(
          (name): ListedModel => ({
            ...{ id: `${id}/${name}`, provider: id, createdAtS: undefined, displayName: undefined },
            ...{ contextTokens: undefined, maxOutputTokens: undefined },
          }),
        ),
    );
    return { type: 'model-list', models };
  };
}
