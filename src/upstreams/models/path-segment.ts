/** Names of models as part of a path: a client names the model, and must not be able to name another path. */

import { ProviderFailure } from '../../contracts/models.ts';

/** One segment, encoded. Throws ProviderFailure `unknown-model` for what URLs read as no name: nothing, `.` and `..`. */
export function pathSegment(name: string): string {
  if (name === '' || name === '.' || name === '..')
    throw new ProviderFailure('unknown-model', 'a name of a model that is a path');
  return encodeURIComponent(name);
}
