/** Picks the target and the key of the next attempt. */

import type { ModelCall } from '../../contracts/call.ts';
import type { Caller } from '../../contracts/caller.ts';
import type { ModelTarget, ProviderConfig, ProviderKey } from '../../contracts/models-config.ts';
import { choose, chooseSteadily } from '../../domain/models/choose.ts';
import { mayUseKey } from '../../domain/models/may-use-key.ts';
import { peekMember } from '../../lib/peek-member.ts';
import { matchesWildcard } from '../../lib/wildcard.ts';
import type { CoolingReason, ModelHealth } from './model-health.ts';

export interface PickDeps {
  readonly health: ModelHealth;
  readonly monotonicMs: () => number;
  /** 0 to 1, exclusive. */
  readonly random: () => number;
}

/** `wait`: all that could be used are left alone for now. */
export type PickedKey =
  | { readonly type: 'key'; readonly key: ProviderKey | undefined }
  | { readonly type: 'wait'; readonly reason: CoolingReason; readonly leftMs: number }
  | { readonly type: 'none' };

/**
 * What a provider keeps between requests lives under one of its keys: threads, stored answers, conversations. Their calls go
 * the same way every time, as far as it is open; undefined: this call is not one of them.
 */
export function steadyName(call: ModelCall): string | undefined {
  const of = (member: string): unknown => peekMember(call.params, member);
  const isKept = of('thread') !== undefined || of('previous_response_id') != null || of('conversation') != null;
  return isKept ? (call.facts.caller?.keyId ?? '') : undefined;
}

/** Takes one out of `left`, and gives it. `left` is not empty. */
export function takeTarget(deps: PickDeps, left: ModelTarget[], steady: string | undefined): ModelTarget | undefined {
  const [only] = left;
  if (left.length < 2) {
    left.length = 0;
    return only;
  }
  const open = left.filter((target) => deps.health.closedForMs(target) === undefined);
  const among = open.length > 0 ? open : left;
  const index =
    steady === undefined
      ? choose(
          among.map((target) => ({ weight: target.weight, health: deps.health.of(target) })),
          deps.monotonicMs(),
          deps.random(),
        )
      : chooseSteadily(
          steady,
          among.map(({ provider, model }) => `${provider}/${model}`),
          among.map(({ weight }) => weight),
        );
  const target = among[Math.max(0, index)];
  if (target !== undefined) left.splice(left.indexOf(target), 1);
  return target;
}

const NO_KEY: PickedKey = { type: 'key', key: undefined };

/** Fits, was not tried, and is not left alone. */
function isFree(deps: PickDeps, target: ModelTarget, key: ProviderKey, used: ReadonlySet<ProviderKey>): boolean {
  if (used.has(key) || deps.health.key(target, key).cooling !== undefined) return false;
  for (const pattern of key.models) if (matchesWildcard(pattern, target.model)) return true;
  return false;
}

/** `used`: keys that this call has tried for this target, and shall not try again. */
export function pickKey(
  deps: PickDeps,
  target: ModelTarget,
  { keys }: ProviderConfig,
  used: ReadonlySet<ProviderKey>,
  steady: string | undefined,
  caller?: Caller | undefined,
): PickedKey {
  const [only] = keys;
  if (only === undefined) return NO_KEY;
  if (keys.length === 1 && isFree(deps, target, only, used) && mayUseKey(caller, target.provider, only.name))
    return { type: 'key', key: only };
  const fitting = keys
    .filter((key) => !used.has(key) && key.models.some((pattern) => matchesWildcard(pattern, target.model)))
    .filter((key) => mayUseKey(caller, target.provider, key.name))
    .map((key) => ({ key, weight: key.weight, ...deps.health.key(target, key) }));
  const ready = fitting.filter(({ cooling }) => cooling === undefined);
  // One that was refused for its rate may still do for a small request; the provider knows better than we do.
  const among = ready.length > 0 ? ready : fitting.filter(({ cooling }) => cooling?.reason === 'rate-limited');
  if (among.length === 0) {
    const cooling = fitting[0]?.cooling;
    return cooling === undefined ? { type: 'none' } : { type: 'wait', ...cooling };
  }
  const index =
    steady === undefined
      ? choose(among, deps.monotonicMs(), deps.random())
      : chooseSteadily(
          steady,
          among.map(({ key }) => key.name),
          among.map(({ weight }) => weight),
        );
  return { type: 'key', key: among[Math.max(0, index)]?.key };
}
