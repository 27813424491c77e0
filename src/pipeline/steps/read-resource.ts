/** Last step of resources.read. URIs are the server's own, so nothing is rewritten. */

import type { LastStep } from '../compile.ts';
import { type ForwardDeps, forward } from '../forward.ts';

export function createReadResource(deps: ForwardDeps): LastStep {
  return (call) => forward(deps, call, 'resources/read', call.params, true);
}
