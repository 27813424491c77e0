/** Compiled grants, shared by equal grants and bounded, since narrowing headers come from outside. */

import type { Call, Endpoint } from '../contracts/call.ts';
import type { Caller, Grant, Level, Narrowing } from '../contracts/caller.ts';
import { GatewayError } from '../contracts/errors.ts';
import { type CompiledGrant, compileGrant } from '../domain/access/compile-grant.ts';
import { type CompiledBounds, compileBounds, withinBounds } from '../domain/access/within-levels.ts';
import type { Catalog } from '../domain/tools/catalog.ts';
import { createLru } from '../lib/lru.ts';

const MAX_NARROWED = 1_024;

interface Narrowed {
  readonly within: CompiledBounds | undefined;
  readonly grant: CompiledGrant;
}

/** At the endpoint of a toolset that the key names, the toolset takes the place of `allow`: what it holds is all there is. */
export type GrantOf = (caller: Caller, narrowing: Narrowing, endpoint: Endpoint) => CompiledGrant;

export function createGrants(): GrantOf {
  const plain = new WeakMap<Grant, CompiledGrant>();
  const narrowed = createLru<Narrowed>(MAX_NARROWED);
  const opened = new WeakMap<Grant, Grant>();
  const bounds = new WeakMap<readonly Level[], { readonly is: CompiledBounds | undefined }>();
  const bounded = new WeakMap<CompiledBounds, WeakMap<Grant, CompiledGrant>>();

  const openedFor = (grant: Grant): Grant => {
    let open = opened.get(grant);
    if (open === undefined) {
      open = { allow: ['*'], deny: grant.deny };
      opened.set(grant, open);
    }
    return open;
  };
  const ownOf = (grant: Grant): CompiledGrant => {
    let own = plain.get(grant);
    if (own === undefined) {
      own = compileGrant(grant);
      plain.set(grant, own);
    }
    return own;
  };
  const boundsOf = (levels: readonly Level[]): CompiledBounds | undefined => {
    let known = bounds.get(levels);
    if (known === undefined) {
      known = { is: compileBounds(levels) };
      bounds.set(levels, known);
    }
    return known.is;
  };
  const boundedOf = (grant: Grant, within: CompiledBounds): CompiledGrant => {
    let all = bounded.get(within);
    if (all === undefined) {
      all = new WeakMap();
      bounded.set(within, all);
    }
    let both = all.get(grant);
    if (both === undefined) {
      both = withinBounds(ownOf(grant), within);
      all.set(grant, both);
    }
    return both;
  };

  return (caller, narrowing, endpoint) => {
    const isNamed = endpoint.type === 'toolset' && caller.grant.toolsets?.includes(endpoint.toolset) === true;
    const effective = isNamed ? openedFor(caller.grant) : caller.grant;
    const within = caller.levels && boundsOf(caller.levels);
    if (narrowing.servers === undefined && narrowing.tools === undefined)
      return within === undefined ? ownOf(effective) : boundedOf(effective, within);
    const { allow, deny } = effective;
    const key = JSON.stringify([allow, deny, narrowing.servers, narrowing.tools, within?.signature]);
    const known = narrowed.get(key);
    // Bounds with equal patterns may be of different levels, and a verdict names the level.
    if (known !== undefined && known.within === within) return known.grant;
    const own = compileGrant(effective, narrowing);
    const grant = within === undefined ? own : withinBounds(own, within);
    narrowed.set(key, { within, grant }, 1);
    return grant;
  };
}

/** The caller of a call that identify has let through. */
export function callerOf(call: Call): Caller {
  if (call.facts.caller === undefined) throw new GatewayError('unauthenticated');
  return call.facts.caller;
}

/** Id of the user whose key it is; undefined: it belongs to none. */
export function userOf({ levels }: Caller): string | undefined {
  return levels?.find(({ type }) => type === 'user')?.id;
}

/** Whether a toolset's endpoint exists for this caller: it is named by the key, or `grant` reaches a server it speaks of. */
export function servesToolset(catalog: Catalog, toolset: string, caller: Caller, grant: CompiledGrant): boolean {
  const view = catalog.toolsets.get(toolset);
  if (view === undefined) return false;
  return caller.grant.toolsets?.includes(toolset) === true || [...view.serverIds].some((id) => grant.reaches(id));
}
