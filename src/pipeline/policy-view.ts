/** The policy in the pipeline: which plan holds for a caller and a target, and what it takes out of everybody's view. */

import type { Call, Step } from '../contracts/call.ts';
import { GatewayError } from '../contracts/errors.ts';
import type { PolicyNote } from '../contracts/policy.ts';
import type { OfferedTool } from '../contracts/upstream.ts';
import type { CompiledGrant, TargetKind } from '../domain/access/compile-grant.ts';
import type { CompiledPolicy, Plan, Ruling } from '../domain/policy/compile-policy.ts';
import type { Catalog } from '../domain/tools/catalog.ts';
import { exposedName } from '../domain/tools/exposed-name.ts';
import { resolveNamed, resolveUri } from '../domain/tools/resolve.ts';
import { createLru } from '../lib/lru.ts';
import { callerOf, type GrantOf } from './grants.ts';

/** Plans kept per tool; one per key that rules tell apart. */
const MAX_PLANS_PER_TOOL = 512;
const MAX_VIEWS = 1_024;

export interface PolicyView {
  /** As the grants, without what a rule denies whatever the call may hold: hidden and missing are one. */
  readonly grantOf: GrantOf;
  /** For a call that authorize has let through. */
  planOf(call: Call): Plan;
  /** Writes down for the trail which rule hides what a call named in vain; the answer stays that of a missing one. */
  noteHidden(authorize: Step): Step;
}

/** What the trail keeps of a ruling against a call. */
export function noteOf({ action, rule = '', problem }: Ruling): PolicyNote {
  return { verdict: action === 'ask' ? 'ask' : 'deny', rule, ...(problem === undefined ? {} : { problem }) };
}

export function createPolicyView(deps: {
  policy: CompiledPolicy;
  grantOf: GrantOf;
  catalog: () => Catalog;
}): PolicyView {
  const { policy, catalog } = deps;
  const plans = new WeakMap<OfferedTool, Map<string, Plan>>();
  const views = createLru<{ readonly of: CompiledGrant; readonly view: CompiledGrant }>(MAX_VIEWS);

  const makePlan = (keyName: string, kind: TargetKind, serverId: string, name: string, tool?: OfferedTool): Plan => {
    const exposed = kind === 'resource' ? name : exposedName(serverId, name);
    return policy.plan(keyName, { kind, serverId, name, exposed, definition: tool?.text });
  };

  const planFor = (keyName: string, kind: TargetKind, serverId: string, name: string, tool?: OfferedTool): Plan => {
    if (tool === undefined) return makePlan(keyName, kind, serverId, name);
    const who = policy.dependsOnKey ? keyName : '';
    let ofTool = plans.get(tool);
    let plan = ofTool?.get(who);
    if (plan === undefined) {
      plan = makePlan(keyName, kind, serverId, name, tool);
      if (ofTool === undefined || ofTool.size >= MAX_PLANS_PER_TOOL) {
        ofTool = new Map();
        plans.set(tool, ofTool);
      }
      ofTool.set(who, plan);
    }
    return plan;
  };

  const lookUp = (keyName: string, kind: TargetKind, serverId: string, name: string): Plan => {
    const tool = kind === 'tool' ? catalog().servers.get(serverId)?.byName.tools.get(name)?.tool : undefined;
    return planFor(keyName, kind, serverId, name, tool);
  };
  const hides = (plan: Plan): boolean => plan.type === 'settled' && plan.ruling.action === 'deny';

  const viewOf = (grant: CompiledGrant, keyName: string): CompiledGrant => ({
    ...grant,
    signature: policy.dependsOnKey ? `${keyName}\0${grant.signature}` : grant.signature,
    allows: (kind, serverId, name) =>
      grant.allows(kind, serverId, name) && (kind === 'model' || !hides(lookUp(keyName, kind, serverId, name))),
  });

  const grantOf: GrantOf = (caller, narrowing, endpoint) => {
    const grant = deps.grantOf(caller, narrowing, endpoint);
    const key = `${policy.dependsOnKey ? caller.keyName : ''}\0${grant.signature}`;
    let known = views.get(key);
    if (known === undefined || known.of !== grant) {
      known = { of: grant, view: viewOf(grant, caller.keyName) };
      views.set(key, known, 1);
    }
    return known.view;
  };

  /** What the call would have reached but for the policy. */
  const findHidden = (call: Call): { kind: TargetKind; serverId: string; name: string } | undefined => {
    const { allows } = deps.grantOf(callerOf(call), call.narrowing, call.endpoint);
    if (call.kind === 'tools.call' || call.kind === 'prompts.get') {
      const list = call.kind === 'tools.call' ? 'tools' : 'prompts';
      const item = resolveNamed(catalog(), call.endpoint, list, call.name, allows);
      return item && { kind: list === 'tools' ? 'tool' : 'prompt', serverId: item.serverId, name: item.name };
    }
    const found = resolveUri(catalog(), call.endpoint, call.name, allows);
    return found && { kind: 'resource', serverId: found.serverId, name: found.uri };
  };

  const note = (call: Call): void => {
    const hidden = findHidden(call);
    if (hidden === undefined) return;
    const plan = lookUp(callerOf(call).keyName, hidden.kind, hidden.serverId, hidden.name);
    if (plan.type !== 'settled' || plan.ruling.action !== 'deny') return;
    call.facts.policy = noteOf(plan.ruling);
    call.facts.serverId = hidden.serverId;
    call.facts.target = hidden.name;
  };

  return {
    grantOf,
    planOf(call) {
      const { serverId = '', target = call.name, tool } = call.facts;
      const kind = call.kind === 'tools.call' ? 'tool' : call.kind === 'prompts.get' ? 'prompt' : 'resource';
      return planFor(callerOf(call).keyName, kind, serverId, target, tool);
    },
    noteHidden: (authorize) => (call, next) => {
      try {
        return authorize(call, next);
      } catch (error) {
        const isMissing = error instanceof GatewayError && /^unknown_(tool|prompt|resource)$/.test(error.code);
        if (isMissing && call.facts.serverId === undefined) note(call);
        throw error;
      }
    },
  };
}
