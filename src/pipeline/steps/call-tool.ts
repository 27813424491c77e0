/** Last step of tools.call: the server gets the call as the client wrote it, under the tool's own name. */

import { withMembers } from '../../lib/json-text.ts';
import type { LastStep } from '../compile.ts';
import { type ForwardDeps, forward } from '../forward.ts';

export function createCallTool(deps: ForwardDeps): LastStep {
  return (call) => {
    const { target, tool } = call.facts;
    const params =
      target === undefined || target === call.name
        ? call.params.text
        : withMembers(call.params.text, { name: JSON.stringify(target) });
    return forward(deps, call, 'tools/call', params, tool?.idempotent ?? false);
  };
}
