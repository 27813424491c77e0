/** Last steps of resources.subscribe, resources.unsubscribe and tasks.subscribe: attach to, or leave, the one shared upstream subscription. */

import type { Call, McpOutcome, Watch } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { LastStep } from '../compile.ts';

const DONE: McpOutcome = { type: 'result', text: '{}', isError: false };

function holderOf(call: Call): { watch: Watch; serverId: string; target: string } {
  if (call.watch === undefined || call.facts.serverId === undefined || call.facts.target === undefined) {
    throw new GatewayError('invalid_request', 'subscriptions need a session or a listen stream');
  }
  return { watch: call.watch, serverId: call.facts.serverId, target: call.facts.target };
}

export function createSubscribeResource(): LastStep {
  return async (call) => {
    const { watch, serverId, target } = holderOf(call);
    await watch.hold(serverId, target, call.name);
    return DONE;
  };
}

export function createUnsubscribeResource(): LastStep {
  return (call) => {
    const { watch, serverId } = holderOf(call);
    watch.release(serverId, call.name);
    return DONE;
  };
}

export function createSubscribeTask(): LastStep {
  return async (call) => {
    const { watch, serverId, target } = holderOf(call);
    if (call.facts.task === undefined) throw new GatewayError('unknown_task');
    await watch.holdTask({ serverId, tool: target, ownId: call.facts.task.ownId }, call.name);
    return DONE;
  };
}
