/** Step: may this caller do this. Finds the target on the way, since only what is visible can be named. */

import type { Call, Step } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import { TASKS_EXTENSION } from '../../contracts/extensions.ts';
import type { CompiledGrant } from '../../domain/access/compile-grant.ts';
import type { Catalog, CatalogItem } from '../../domain/tools/catalog.ts';
import { findHeaderMismatch } from '../../domain/tools/check-param-headers.ts';
import { endpointServers, type MaySee, resolveNamed, resolveTemplate, resolveUri } from '../../domain/tools/resolve.ts';
import { findTaskTool, mayHaveTasks } from '../../domain/tools/tasks.ts';
import { declaresExtension } from '../../lib/declares-extension.ts';
import { type AimMeta, withArguments } from '../codemode/aim.ts';
import type { Continuations } from '../continuations.ts';
import { callerOf, type GrantOf, servesToolset } from '../grants.ts';
import { argumentsText } from '../intent.ts';
import type { TaskIds } from '../task-ids.ts';

export function createAuthorize(deps: {
  grantOf: GrantOf;
  catalog: () => Catalog;
  continuations: Pick<Continuations, 'open'>;
  taskIds: Pick<TaskIds, 'open'>;
  /** Undefined: the gateway has no tools of its own. */
  aimMeta?: AimMeta | undefined;
}): Step {
  const pin = (call: Call, serverId: string, target: string, item?: CatalogItem): void => {
    call.facts.serverId = serverId;
    call.facts.target = target;
    if (item?.tool !== undefined) call.facts.tool = item.tool;
  };

  /** One of the gateway's own, or the one that `call_tool` names: from here on the call is one of that. */
  const pinMeta = (call: Call, grant: CompiledGrant): boolean => {
    const aim = deps.aimMeta?.(call, call.name, argumentsText(call.params), grant);
    if (aim === undefined) return false;
    pin(call, aim.item.serverId, aim.item.name, aim.item);
    if (aim.meta !== undefined) call.facts.meta = aim.meta;
    if (aim.arguments !== undefined) call.facts.params = withArguments(call.params, aim.arguments);
    return true;
  };

  const pinNamed = (call: Call, kind: 'tools' | 'prompts', grant: CompiledGrant): void => {
    const item = resolveNamed(deps.catalog(), call.endpoint, kind, call.name, grant.allows);
    if (item === undefined && kind === 'tools' && pinMeta(call, grant)) return;
    if (item === undefined) throw new GatewayError(kind === 'tools' ? 'unknown_tool' : 'unknown_prompt', call.name);
    pin(call, item.serverId, item.name, item);
    if (item.tool !== undefined && call.paramHeaders !== undefined) {
      const header = findHeaderMismatch(item.tool, call.params.value.arguments, call.paramHeaders);
      if (header !== undefined)
        throw new GatewayError('header_mismatch', `Mcp-Param-${header} does not match the argument it mirrors`);
    }
  };

  const pinUri = (call: Call, maySee: MaySee): void => {
    const found = resolveUri(deps.catalog(), call.endpoint, call.name, maySee);
    if (found === undefined) throw new GatewayError('unknown_resource', undefined, { data: { uri: call.name } });
    pin(call, found.serverId, found.uri);
  };

  const pinReference = (call: Call, grant: CompiledGrant): void => {
    const reference = call.params.value.ref as { type?: unknown } | undefined;
    if (reference?.type === 'ref/prompt') return pinNamed(call, 'prompts', grant);
    const found = resolveTemplate(deps.catalog(), call.endpoint, call.name, grant.allows);
    if (found === undefined) return pinUri(call, grant.allows);
    pin(call, found.serverId, found.name);
  };

  /** Whoever may not use its tool (any more) has no task; neither has anybody else than who made it. */
  const pinTask = (call: Call, grant: CompiledGrant): void => {
    const catalog = deps.catalog();
    const servers = endpointServers(catalog, call.endpoint).filter((server) => grant.reaches(server.serverId));
    if (!servers.some(mayHaveTasks)) throw new GatewayError('unknown_method');
    if (!declaresExtension(call.peer.capabilities, TASKS_EXTENSION))
      throw new GatewayError('missing_capability', `the extension ${TASKS_EXTENSION}`, {
        data: { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } },
      });
    const task = deps.taskIds.open(call);
    const found = task && findTaskTool(catalog, call.endpoint, task, grant.allows);
    if (task === undefined || found === undefined) throw new GatewayError('unknown_task');
    pin(call, task.serverId, task.tool, found.item);
    call.facts.task = { ownId: task.ownId, shownTool: found.shown };
    call.facts.continuesId = task.callId;
  };

  return (call, next) => {
    const grant = deps.grantOf(callerOf(call), call.narrowing, call.endpoint);
    if (
      call.endpoint.type === 'server' &&
      !(deps.catalog().servers.has(call.endpoint.serverId) && grant.reaches(call.endpoint.serverId))
    ) {
      throw new GatewayError('unknown_server');
    }
    if (
      call.endpoint.type === 'toolset' &&
      !servesToolset(deps.catalog(), call.endpoint.toolset, callerOf(call), grant)
    ) {
      throw new GatewayError('unknown_server');
    }
    switch (call.kind) {
      case 'tools.call':
        pinNamed(call, 'tools', grant);
        break;
      case 'prompts.get':
        pinNamed(call, 'prompts', grant);
        break;
      case 'resources.read':
      case 'skills.get':
      case 'directories.read':
      case 'resources.subscribe':
      case 'resources.unsubscribe':
        pinUri(call, grant.allows);
        break;
      case 'completion.complete':
        pinReference(call, grant);
        break;
      case 'tasks.get':
      case 'tasks.update':
      case 'tasks.cancel':
      case 'tasks.subscribe':
        pinTask(call, grant);
        break;
      case 'session.open':
      case 'tools.list':
      case 'prompts.list':
      case 'resources.list':
      case 'skills.list':
      case 'resources.templates.list':
        break;
    }
    // Whoever goes on with a call has to prove that it is this call of theirs; nothing later is reached otherwise.
    if (call.params.value.requestState !== undefined) deps.continuations.open(call);
    return next();
  };
}
