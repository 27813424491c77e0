/** Last step of tools.call: the server gets the call as the client wrote it, under the tool's own name; the gateway answers its own tools. */

import { withMembers } from '../../lib/json-text.ts';
import type { LastStep } from '../compile.ts';
import { type ForwardDeps, forward } from '../forward.ts';
import { paramsOf } from '../intent.ts';

export function createCallTool(deps: ForwardDeps, meta?: LastStep): LastStep {
  return (call) => {
    if (call.facts.meta !== undefined && meta !== undefined) return meta(call);
    const isIdempotent = call.facts.tool?.idempotent ?? false;
    const params = paramsOf(call);
    if (params.value.task === undefined) return forward(deps, call, 'tools/call', params, isIdempotent);
    // Tasks of 2025-11-25 are not relayed, so the answer has to be the result itself.
    return forward(deps, call, 'tools/call', { text: withMembers(params.text, { task: undefined }) }, isIdempotent);
  };
}
