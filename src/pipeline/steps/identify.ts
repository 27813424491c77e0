/** Step: who calls, and whether from here and now they may call at all. */

import type { Call, ProtectedPlace, SharedStep } from '../../contracts/call.ts';
import type { Caller, Level } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import { type CompiledPlace, checkPlaces, clientAddress, compilePlaces } from '../../domain/access/check-place.ts';
import { type Address, type Network, parseAddress } from '../../lib/network.ts';
import type { Admission } from '../authorization/admission.ts';
import type { Keyring } from '../keyring.ts';

export interface PlaceDeps {
  /** Proxies that are believed about whom they speak for. */
  readonly trusted: readonly Network[];
  readonly now: () => number;
}

/** Networks and hours of a caller, compiled once. */
export type PlacesOf = (caller: Caller) => readonly CompiledPlace[];

export function createPlacesOf(): PlacesOf {
  const compiled = new WeakMap<Caller, readonly CompiledPlace[]>();
  return (caller) => {
    let places = compiled.get(caller);
    if (places === undefined) {
      places = compilePlaces(caller);
      compiled.set(caller, places);
    }
    return places;
  };
}

export function createIdentify(
  deps: {
    keyring: Pick<Keyring, 'identify'>;
    /** Undefined: no access tokens are taken. */
    admission?: Pick<Admission, 'checkScope'> | undefined;
  } & PlaceDeps,
): SharedStep {
  const placesOf = createPlacesOf();
  const check = (call: Call, caller: Caller): void => {
    const places = placesOf(caller);
    if (places.length === 0) return;
    const refusal = checkPlaces(places, addressOf(call, deps.trusted), deps.now());
    if (refusal === undefined) return;
    const { code, level } = refusal;
    throw new GatewayError(code, `a bound of the ${level.type} "${level.name}"`, { data: { level: level.type } });
  };
  return (call, next) => {
    const caller = deps.keyring.identify(call.credential);
    call.facts.caller = caller;
    // Calls that a call makes are held to what the token was issued for, too.
    if (call.credential?.admitted !== undefined) deps.admission?.checkScope(call.credential, call.kind, placeOf(call));
    const { grant, levels } = caller;
    if (grant.networks !== undefined || grant.hours !== undefined || hasPlaces(levels)) check(call, caller);
    return next();
  };
}

const placeOf = ({ surface, endpoint }: Call): ProtectedPlace => (surface === 'models' ? { type: 'models' } : endpoint);

function hasPlaces(levels: readonly Level[] | undefined): boolean {
  if (levels === undefined) return false;
  for (const { grant } of levels) if (grant?.networks !== undefined || grant?.hours !== undefined) return true;
  return false;
}

function addressOf({ client }: Call, trusted: readonly Network[]): Address | undefined {
  if (client?.remoteAddress === undefined) return undefined;
  return clientAddress(parseAddress(client.remoteAddress), () => client.forwardedFor.map(parseAddress), trusted);
}
