/** Last step of prompts.get. */

import type { LastStep } from '../compile.ts';
import { type ForwardDeps, forward } from '../forward.ts';

export function createGetPrompt(deps: ForwardDeps): LastStep {
  return (call) => forward(deps, call, 'prompts/get', call.params, true);
}
