/** Last step of prompts.get. */

import { withMembers } from '../../lib/json-text.ts';
import type { LastStep } from '../compile.ts';
import { type ForwardDeps, forward } from '../forward.ts';

export function createGetPrompt(deps: ForwardDeps): LastStep {
  return (call) => {
    const { target } = call.facts;
    const params =
      target === undefined || target === call.name
        ? call.params.text
        : withMembers(call.params.text, { name: JSON.stringify(target) });
    return forward(deps, call, 'prompts/get', params, true);
  };
}
