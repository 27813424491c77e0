/** Compiled grants, shared by equal grants and bounded, since narrowing headers come from outside. */

import type { Call } from '../contracts/call.ts';
import type { Caller, Narrowing } from '../contracts/caller.ts';
import { GatewayError } from '../contracts/errors.ts';
import { type CompiledGrant, compileGrant } from '../domain/access/compile-grant.ts';
import { createLru } from '../lib/lru.ts';

const MAX_NARROWED = 1_024;

export type GrantOf = (caller: Caller, narrowing: Narrowing) => CompiledGrant;

export function createGrants(): GrantOf {
  const plain = new WeakMap<Caller['grant'], CompiledGrant>();
  const narrowed = createLru<CompiledGrant>(MAX_NARROWED);
  return (caller, narrowing) => {
    if (narrowing.servers === undefined && narrowing.tools === undefined) {
      let grant = plain.get(caller.grant);
      if (grant === undefined) {
        grant = compileGrant(caller.grant);
        plain.set(caller.grant, grant);
      }
      return grant;
    }
    const key = JSON.stringify([caller.grant.allow, caller.grant.deny, narrowing.servers, narrowing.tools]);
    let grant = narrowed.get(key);
    if (grant === undefined) {
      grant = compileGrant(caller.grant, narrowing);
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
