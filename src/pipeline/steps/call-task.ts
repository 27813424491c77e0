/** Last step of tasks.get, tasks.update and tasks.cancel: the server hears its own id of the task, the client reads ours. */

import type { Call, McpOutcome } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import { shownUri } from '../../domain/tools/catalog.ts';
import { showTask } from '../../domain/tools/show-task.ts';
import { DuplicateMemberError, memberText, withMembers } from '../../lib/json-text.ts';
import type { LastStep } from '../compile.ts';
import { type ForwardDeps, forward, isToolError } from '../forward.ts';

const METHOD_OF = { 'tasks.get': 'tasks/get', 'tasks.update': 'tasks/update', 'tasks.cancel': 'tasks/cancel' } as const;
const INVALID_PARAMS = '-32602';

export function createCallTask(deps: ForwardDeps): LastStep {
  /** A result in the task is shown as if the call had been answered with it. */
  const show = (call: Call, text: JsonText): McpOutcome => {
    const server = call.endpoint.type === 'server' ? undefined : deps.catalog().servers.get(call.facts.serverId ?? '');
    const result = memberText(text, 'result');
    return {
      type: 'result',
      text: showTask(text, call.name, server && ((uri) => shownUri(server, uri))),
      isError: result?.startsWith('{') === true && isToolError(result),
    };
  };

  const present = (call: Call, outcome: McpOutcome): McpOutcome => {
    try {
      if (outcome.type === 'result') return call.kind === 'tasks.get' ? show(call, outcome.text) : outcome;
      // In the server's own words it could name the task by an id that is not the client's. An update can be wrong otherwise.
      if (call.kind !== 'tasks.update' && memberText(outcome.text, 'code') === INVALID_PARAMS)
        throw new GatewayError('unknown_task');
      return outcome;
    } catch (cause) {
      if (!(cause instanceof DuplicateMemberError)) throw cause;
      throw new GatewayError('upstream_failed', 'its answer is ambiguous', { cause });
    }
  };

  return async (call) => {
    const { task } = call.facts;
    if (task === undefined) throw new GatewayError('unknown_task');
    const text = withMembers(call.params.text, { taskId: JSON.stringify(task.ownId) });
    const method = METHOD_OF[call.kind as keyof typeof METHOD_OF];
    return present(call, await forward(deps, call, method, { text }, call.kind !== 'tasks.update'));
  };
}
