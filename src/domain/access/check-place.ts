/** From where and when a key may be used at all: networks and hours of its own grant and of the levels above. */

import type { Caller, Grant } from '../../contracts/caller.ts';
import type { LevelRef } from '../../contracts/limits.ts';
import { type Address, holds, type Network, parseNetwork } from '../../lib/network.ts';
import { compileHours, renderHours } from './within-hours.ts';

/** Undefined: that level says nothing of it. */
export interface CompiledPlace {
  readonly level: LevelRef;
  readonly networks: { readonly rule: string; isWithin(address: Address): boolean } | undefined;
  readonly hours: { readonly rule: string; isWithin(atMs: number): boolean } | undefined;
}

export interface PlaceRefusal {
  readonly code: 'outside_network' | 'outside_hours';
  readonly level: LevelRef;
  /** What would have been allowed. */
  readonly rule: string;
}

/** What key and levels say of networks and hours, nearest first; those that say nothing are left out. */
export function compilePlaces(
  caller: Pick<Caller, 'keyId' | 'keyName' | 'grant' | 'levels'>,
): readonly CompiledPlace[] {
  const own = { type: 'key', id: caller.keyId, name: caller.keyName, grant: caller.grant } as const;
  return [own, ...(caller.levels ?? [])].flatMap(({ type, id, name, grant }) => {
    if (grant?.networks === undefined && grant?.hours === undefined) return [];
    return [{ level: { type, id, name }, networks: compileNetworks(grant), hours: compileHoursOf(grant) }];
  });
}

/** Where the address is not known (no network between caller and gateway, or a wrong one), no network holds it. */
export function checkPlaces(
  places: readonly CompiledPlace[],
  address: Address | undefined,
  nowMs: number,
): PlaceRefusal | undefined {
  for (const { level, networks, hours } of places) {
    if (networks !== undefined && (address === undefined || !networks.isWithin(address)))
      return { code: 'outside_network', level, rule: networks.rule };
    if (hours !== undefined && !hours.isWithin(nowMs)) return { code: 'outside_hours', level, rule: hours.rule };
  }
  return undefined;
}

function compileNetworks({ networks }: Grant): CompiledPlace['networks'] {
  if (networks === undefined) return undefined;
  // What cannot be read was refused where it was written; should it come here all the same, it holds nobody.
  const blocks = networks.map(parseNetwork).filter((block): block is Network => block !== undefined);
  return { rule: networks.join(', '), isWithin: (address) => blocks.some((block) => holds(block, address)) };
}

function compileHoursOf({ hours }: Grant): CompiledPlace['hours'] {
  if (hours === undefined) return undefined;
  const rule = hours.map(renderHours).join('; ');
  try {
    return { rule, isWithin: compileHours(hours) };
  } catch (error) {
    // A time zone that this Node.js does not know is a time that never comes.
    if (error instanceof RangeError) return { rule, isWithin: () => false };
    throw error;
  }
}

/** Whose request it is: who connected, or whom proxies that are trusted say they speak for. Undefined: nobody knows. */
export function clientAddress(
  remote: Address | undefined,
  forwardedFor: () => readonly (Address | undefined)[],
  trusted: readonly Network[],
): Address | undefined {
  const isTrusted = (address: Address): boolean => trusted.some((block) => holds(block, address));
  if (remote === undefined || trusted.length === 0 || !isTrusted(remote)) return remote;
  let client: Address = remote;
  for (const each of forwardedFor().toReversed()) {
    // A trusted proxy passed on what is no address: whoever stands behind it cannot be told.
    if (each === undefined) return undefined;
    client = each;
    if (!isTrusted(each)) break;
  }
  return client;
}
