/** Step: adds the gateway's tools to a request to a model, as far as its caller may use them and wants them. */

import type { ModelStep } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ToolMode } from '../../contracts/models-config.ts';
import { covers, scopeFor } from '../../domain/access/scopes.ts';
import { decideToolMode } from '../../domain/models/decide-tool-mode.ts';
import { ownToolNames } from '../../domain/models/own-tool-names.ts';
import type { Catalog } from '../../domain/tools/catalog.ts';
import type { Admission } from '../authorization/admission.ts';
import { type CodeMode, toolsetMode } from '../codemode/code-mode.ts';
import { callerOf, type GrantOf, servesToolset } from '../grants.ts';
import { createToolViews } from '../models/tool-views.ts';

export function createInjectTools(
  deps: {
    /** With what the policy hides: the view of `tools/list`. */
    readonly grantOf: GrantOf;
    readonly catalog: () => Catalog;
    readonly codeMode?: CodeMode | undefined;
    /** Undefined: no access tokens are taken. */
    readonly admission?: Pick<Admission, 'checkScope'> | undefined;
  },
  configured: ToolMode,
): ModelStep {
  const views = createToolViews(deps);
  return (call, next) => {
    const caller = callerOf(call);
    const { wishes } = call.model;
    const { endpoint } = call;
    const verdict = decideToolMode({
      ...{ header: wishes.toolMode, namesTools: wishes.namesTools, toolset: toolsetMode(deps.catalog(), endpoint) },
      ...{ key: caller.grant.toolMode, configured },
    });
    if (verdict.type === 'refused')
      throw new GatewayError('invalid_request', `x-portcullis-tool-mode: ${verdict.reason}`);
    if (verdict.mode === 'off') return next();
    const admitted = call.credential?.admitted;
    if (admitted !== undefined && !covers(admitted.scopes, scopeFor('tools.call'))) {
      // Whoever asks for tools is told what their token lacks; where they only come along, they do not.
      if (wishes.namesTools || wishes.toolMode !== undefined)
        deps.admission?.checkScope(call.credential, 'tools.call', { type: 'models' });
      return next();
    }
    const grant = deps.grantOf(caller, call.narrowing, endpoint);
    // Named and not there, or not for this caller: going on without its tools would be another request than was made.
    if (endpoint.type === 'toolset' && !servesToolset(deps.catalog(), endpoint.toolset, caller, grant))
      throw new GatewayError('unknown_server', `x-portcullis-toolset: ${endpoint.toolset}`);
    const mode = deps.codeMode?.settle(verdict.mode, endpoint, grant);
    const view = views.viewOf(endpoint, grant, ownToolNames(call.params), mode);
    if (view === undefined) return next();
    if (view.injected.tools.length > 0) call.facts.injected = view.injected;
    if (view.leftOut.length > 0) call.facts.leftOutTools = view.leftOut;
    return next();
  };
}
