/**
 * The ids clients know tasks by: sealed, good for one key only, and holding everything that is needed to find the task again,
 * so that nothing need be remembered and a restart changes nothing.
 */

import type { Call } from '../contracts/call.ts';
import { GatewayError } from '../contracts/errors.ts';
import type { Sealer } from '../contracts/sealing.ts';
import { callerOf } from './grants.ts';

/** Ids travel in a header, too. */
const MAX_OWN_ID_CHARS = 1_024;

export interface TaskRef {
  readonly serverId: string;
  /** The tool's own name. */
  readonly tool: string;
  /** As the server calls the task. */
  readonly ownId: string;
  /** The call that it came from. */
  readonly callId: string;
}

export interface TaskIds {
  /** The id to give out for a task that answers this call. Throws GatewayError `upstream_failed` if the own id is unusable. */
  seal(call: Call, ownId: string): string;
  /** The task that this call names; undefined: it is not this caller's, or no task at all. */
  open(call: Call): TaskRef | undefined;
}

export function createTaskIds(deps: { sealer: Sealer }): TaskIds {
  // Bound to its use as well: what is sealed for another one opens nothing here.
  const bindingOf = (call: Call): string => JSON.stringify(['task', callerOf(call).keyId]);
  return {
    seal(call, ownId) {
      const { serverId, target } = call.facts;
      if (ownId === '' || ownId.length > MAX_OWN_ID_CHARS)
        throw new GatewayError('upstream_failed', `the id of its task is empty or longer than ${MAX_OWN_ID_CHARS}`);
      return deps.sealer.seal(JSON.stringify([serverId, target, ownId, call.id]), bindingOf(call));
    },
    open(call) {
      const plain = deps.sealer.open(call.name, bindingOf(call));
      if (plain === undefined) return undefined;
      const [serverId, tool, ownId, callId] = JSON.parse(plain) as [string, string, string, string];
      return { serverId, tool, ownId, callId };
    },
  };
}
