/** Last step of tools.call: the server gets the call as the client wrote it, under the tool's own name. */

import type { LastStep } from '../compile.ts';
import { type ForwardDeps, forward } from '../forward.ts';

export function createCallTool(deps: ForwardDeps): LastStep {
  return (call) => forward(deps, call, 'tools/call', call.params, call.facts.tool?.idempotent ?? false);
}
