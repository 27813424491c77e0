/** Last step of resources.read and of what else names a resource: the server gets the URI it knows, which on its own endpoint is the one the client wrote. */

import { writeOwnUri } from '../../domain/tools/show-uris.ts';
import type { LastStep } from '../compile.ts';
import { type ForwardDeps, forward } from '../forward.ts';

const METHOD_OF = {
  'resources.read': 'resources/read',
  'skills.get': 'skills/get',
  'directories.read': 'resources/directory/read',
} as const;

export function createReadResource(deps: ForwardDeps): LastStep {
  return (call) => {
    const { target } = call.facts;
    const isOwn = target === undefined || target === call.name;
    const params = isOwn ? call.params : { text: writeOwnUri(call.params.text, target) };
    return forward(deps, call, METHOD_OF[call.kind as keyof typeof METHOD_OF], params, true);
  };
}
