/** Step: a kept result is read by whom it belongs to, as long as the tool it came from is still theirs to call. */

import type { Step } from '../../contracts/call.ts';
import { readPart } from '../../domain/results/read-part.ts';
import { parseResultUri } from '../../domain/results/result-uri.ts';
import { endpointKey } from '../../domain/tools/resolve.ts';
import { callerOf, type GrantOf } from '../grants.ts';
import type { KeptResults } from '../kept-results.ts';

/** What is not theirs, or not there any more, is left to the servers: to them the URI is one like any other. */
export function createReadKeptResult(deps: { kept: KeptResults; grantOf: GrantOf }): Step {
  return (call, next) => {
    const part = call.kind === 'resources.read' ? parseResultUri(call.name) : undefined;
    const result = part && deps.kept.find(part.id);
    const caller = callerOf(call);
    if (part === undefined || result?.keyId !== caller.keyId || result.endpoint !== endpointKey(call.endpoint))
      return next();
    const grant = deps.grantOf(caller, call.narrowing, call.endpoint);
    if (!grant.allows('tool', result.serverId, result.tool)) return next();
    const text = readPart(result.text, call.name, part);
    if (text === undefined) return next();
    call.facts.serverId = result.serverId;
    call.facts.target = result.tool;
    return { type: 'result', text, isError: false };
  };
}
