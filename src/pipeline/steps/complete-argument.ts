/** Last step of completion.complete: the reference goes to its server under the server's own name. */

import { memberText, withMembers } from '../../lib/json-text.ts';
import type { LastStep } from '../compile.ts';
import { type ForwardDeps, forward } from '../forward.ts';

export function createCompleteArgument(deps: ForwardDeps): LastStep {
  return (call) => {
    const { target } = call.facts;
    const reference = call.params.value.ref as { type?: unknown } | undefined;
    if (target !== undefined && target !== call.name) {
      const key = reference?.type === 'ref/prompt' ? 'name' : 'uri';
      const ref = memberText(call.params.text, 'ref') ?? '{}';
      const renamed = withMembers(call.params.text, { ref: withMembers(ref, { [key]: JSON.stringify(target) }) });
      return forward(deps, call, 'completion/complete', { text: renamed }, true);
    }
    return forward(deps, call, 'completion/complete', call.params, true);
  };
}
