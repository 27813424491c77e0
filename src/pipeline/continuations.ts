/**
 * How a call goes on after its client was asked something: the state given to the client is sealed, bound to the caller and
 * to this very call, and opened again before anything is executed.
 */

import { hash } from 'node:crypto';
import type { Call } from '../contracts/call.ts';
import { GatewayError } from '../contracts/errors.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { Sealer } from '../contracts/sealing.ts';
import type { Continuation } from '../contracts/upstream.ts';
import { canonicalValue } from '../lib/canonical-json.ts';
import { callerOf } from './grants.ts';

/** What may differ between the legs of one call; the target is bound by the name its server knows it by. */
const NOT_BOUND: ReadonlySet<string> = new Set(['_meta', 'inputResponses', 'requestState', 'name', 'uri']);

interface Sealed {
  readonly continuation: Continuation;
  /** Id of the leg that was answered with the questions. */
  readonly leg: string;
  readonly expiresAtMs: number;
}

export interface Continuations {
  /** For a call whose target is pinned: notes in its facts what it continues. Throws GatewayError `invalid_state`. */
  open(call: Call): void;
  /** The `requestState` under which the client may go on with this call. */
  seal(call: Call, continuation: Continuation): string;
}

export function createContinuations(deps: {
  sealer: Sealer;
  now: () => number;
  /** A client has this long to answer. */
  lifetimeMs: number;
}): Continuations {
  return {
    open(call) {
      const given = call.params.value.requestState;
      if (given === undefined) return;
      if (call.peer.era !== 'modern') throw new GatewayError('invalid_state', 'this revision has none');
      const plain = typeof given === 'string' ? deps.sealer.open(given, bindingOf(call)) : undefined;
      if (plain === undefined)
        throw new GatewayError('invalid_state', 'it was changed, or belongs to another caller or call');
      const { continuation, leg, expiresAtMs } = JSON.parse(plain) as Sealed;
      if (expiresAtMs <= deps.now()) throw new GatewayError('invalid_state', 'it has expired');
      call.facts.continues = continuation;
      call.facts.continuesId = leg;
    },
    seal(call, continuation) {
      const sealed: Sealed = { continuation, leg: call.id, expiresAtMs: deps.now() + deps.lifetimeMs };
      return deps.sealer.seal(JSON.stringify(sealed), bindingOf(call));
    },
  };
}

function bindingOf(call: Call): string {
  const { serverId, target } = call.facts;
  return JSON.stringify([callerOf(call).keyId, serverId, call.kind, target, digestOf(call.params.value)]);
}

function digestOf(params: JsonObject): string {
  const bound = Object.fromEntries(Object.entries(params).filter(([key]) => !NOT_BOUND.has(key)));
  return hash('sha256', canonicalValue(bound), 'base64url');
}
