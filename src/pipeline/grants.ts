/** Compiled grants, shared by equal grants and bounded, since narrowing headers come from outside. */

import type { Call, Endpoint } from '../contracts/call.ts';
import type { Caller, Grant, Narrowing } from '../contracts/caller.ts';
import { GatewayError } from '../contracts/errors.ts';
import { type CompiledGrant, compileGrant } from '../domain/access/compile-grant.ts';
import type { Catalog } from '../domain/tools/catalog.ts';
import { createLru } from '../lib/lru.ts';

const MAX_NARROWED = 1_024;

/** At the endpoint of a toolset that the key names, the toolset takes the place of `allow`: what it holds is all there is. */
export type GrantOf = (caller: Caller, narrowing: Narrowing, endpoint: Endpoint) => CompiledGrant;

export function createGrants(): GrantOf {
  const plain = new WeakMap<Caller['grant'], CompiledGrant>();
  const narrowed = createLru<CompiledGrant>(MAX_NARROWED);
  const opened = new WeakMap<Grant, Grant>();
  const openedFor = (grant: Grant): Grant => {
    let open = opened.get(grant);
    if (open === undefined) {
      open = { allow: ['*'], deny: grant.deny };
      opened.set(grant, open);
    }
    return open;
  };
  return (caller, narrowing, endpoint) => {
    const isNamed = endpoint.type === 'toolset' && caller.grant.toolsets?.includes(endpoint.toolset) === true;
    const effective = isNamed ? openedFor(caller.grant) : caller.grant;
    if (narrowing.servers === undefined && narrowing.tools === undefined) {
      let grant = plain.get(effective);
      if (grant === undefined) {
        grant = compileGrant(effective);
        plain.set(effective, grant);
      }
      return grant;
    }
    const key = JSON.stringify([effective.allow, effective.deny, narrowing.servers, narrowing.tools]);
    let grant = narrowed.get(key);
    if (grant === undefined) {
      grant = compileGrant(effective, narrowing);
      narrowed.set(key, grant, 1);
    }
    return grant;
  };
}

/** The caller of a call that identify has let through. */
export function callerOf(call: Call): Caller {
  if (call.facts.caller === undefined) throw new GatewayError('unauthenticated');
  return call.facts.caller;
}

/** Whether a toolset's endpoint exists for this caller: it is named by the key, or `grant` reaches a server it speaks of. */
export function servesToolset(catalog: Catalog, toolset: string, caller: Caller, grant: CompiledGrant): boolean {
  const view = catalog.toolsets.get(toolset);
  if (view === undefined) return false;
  return caller.grant.toolsets?.includes(toolset) === true || [...view.serverIds].some((id) => grant.reaches(id));
}
