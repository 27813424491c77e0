/** Last step of resources.read: the server gets the URI it knows, which on its own endpoint is the one the client wrote. */

import { writeOwnUri } from '../../domain/tools/show-uris.ts';
import type { LastStep } from '../compile.ts';
import { type ForwardDeps, forward } from '../forward.ts';

export function createReadResource(deps: ForwardDeps): LastStep {
  return (call) => {
    const { target } = call.facts;
    const isOwn = target === undefined || target === call.name;
    const params = isOwn ? call.params : { text: writeOwnUri(call.params.text, target) };
    return forward(deps, call, 'resources/read', params, true);
  };
}
