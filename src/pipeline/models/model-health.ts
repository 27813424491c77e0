/** What is known of models and keys from the calls so far: health, circuits, keys to leave alone. Outlives configurations. */

import type { ModelTarget, ProviderConfig, ProviderKey } from '../../contracts/models-config.ts';
import {
  errorRate,
  type Health,
  latencyMs,
  noteAnswer,
  noteFailure,
  noteLatency,
  UNKNOWN_HEALTH,
} from '../../domain/models/health.ts';

/**
 * How an attempt ended, as far as it says something about the model: it answered; it failed; it lives, but would not (a limit,
 * a key); or nothing can be said.
 */
export type AttemptVerdict = 'answered' | 'failed' | 'declined' | 'unknown';

/** Leave to make one attempt. */
export interface Ticket {
  /** The answer has begun, after so long. */
  began(latencyMs: number): void;
  /** Heard once. */
  ended(verdict: AttemptVerdict): void;
}

/** Why a key is left alone. */
export type CoolingReason = 'rate-limited' | 'quota-exceeded' | 'unauthorized';

export interface KeyState {
  readonly health: Health;
  /** Undefined: it may be used. */
  readonly cooling: { readonly reason: CoolingReason; readonly leftMs: number } | undefined;
}

export interface ModelStatus {
  readonly provider: string;
  readonly model: string;
  readonly circuit: 'closed' | 'open' | 'half-open';
  /** 0 to 1, of late. */
  readonly errorRate: number;
  /** Until answers began, of late; undefined: there were none. */
  readonly latencyMs: number | undefined;
}

export interface ModelHealth {
  of(target: ModelTarget): Health;
  /** Undefined: may be asked now; else how long not. */
  closedForMs(target: ModelTarget): number | undefined;
  admit(target: ModelTarget, breaker: ProviderConfig['circuitBreaker']): Ticket;
  key(target: ModelTarget, key: ProviderKey): KeyState;
  noteKey(target: ModelTarget, key: ProviderKey, failure: { reason: CoolingReason; forMs: number } | undefined): void;
  /** True the first time for this key (or provider without one), so that the operator is told once. */
  isNews(refused: ProviderKey | ProviderConfig): boolean;
  /** True at most once a minute for this target, so that one that is down does not fill the log. */
  isNewsOf(target: ModelTarget): boolean;
  snapshot(): readonly ModelStatus[];
}

interface Entry {
  readonly target: ModelTarget;
  health: Health;
  failuresInRow: number;
  /** When the operator was last told that it fails; undefined: not yet. */
  toldMs: number | undefined;
  /** Undefined: closed. */
  openUntilMs: number | undefined;
  isProbing: boolean;
  /** Grows with each opening and closing: an attempt begun before has nothing to say about what is after. */
  epoch: number;
}

interface KeyEntry {
  /** Of the configuration it was noted under: a key that was read anew may be another one. */
  readonly owner: ProviderKey;
  health: Health;
  reason: CoolingReason | undefined;
  coolUntilMs: number;
}

/** Names of models come from clients. What was used longest ago is forgotten first. */
const MAX_ENTRIES = 4_096;
/** While the one call that finds out is under way. */
const PROBING_MS = 1_000;
const TELL_AGAIN_MS = 60_000;

const UNTRIED: KeyState = { health: UNKNOWN_HEALTH, cooling: undefined };

export function createModelHealth({ monotonicMs }: { readonly monotonicMs: () => number }): ModelHealth {
  const entries = new Map<string, Entry>();
  const keys = new Map<string, KeyEntry>();
  const told = new WeakSet<ProviderKey | ProviderConfig>();
  /** The last of `entries`, which need not be moved to the end. */
  let newest: Entry | undefined;
  const nameOf = ({ provider, model }: ModelTarget): string => `${provider}/${model}`;

  const keep = <V>(map: Map<string, V>, name: string, value: V): V => {
    map.delete(name);
    map.set(name, value);
    for (const oldest of map.keys()) {
      if (map.size <= MAX_ENTRIES) break;
      map.delete(oldest);
    }
    return value;
  };
  /** What `newest` was asked by: plans are remembered, so it is mostly the same object. */
  let newestTarget: ModelTarget | undefined;
  const known = (target: ModelTarget): Entry | undefined =>
    target === newestTarget ? newest : entries.get(nameOf(target));
  const entryOf = (target: ModelTarget): Entry => {
    if (target === newestTarget && newest !== undefined) return newest;
    newestTarget = target;
    const name = nameOf(target);
    const before = entries.get(name);
    if (before !== undefined && before === newest) return before;
    newest = keep(
      entries,
      name,
      before ?? {
        ...{ target, health: UNKNOWN_HEALTH, failuresInRow: 0, openUntilMs: undefined, isProbing: false, epoch: 0 },
        toldMs: undefined,
      },
    );
    return newest;
  };
  const keyName = (target: ModelTarget, key: ProviderKey): string => `${nameOf(target)}\0${key.name}`;
  const keyEntry = (target: ModelTarget, key: ProviderKey): KeyEntry | undefined => {
    const entry = keys.get(keyName(target, key));
    return entry?.owner === key ? entry : undefined;
  };
  return {
    of: (target) => known(target)?.health ?? UNKNOWN_HEALTH,
    closedForMs(target) {
      const entry = known(target);
      if (entry?.openUntilMs === undefined) return undefined;
      const leftMs = entry.openUntilMs - monotonicMs();
      if (leftMs > 0) return leftMs;
      return entry.isProbing ? PROBING_MS : undefined;
    },
    admit: (target, breaker) => new AttemptTicket(entryOf(target), breaker, monotonicMs),
    key(target, key) {
      if (keys.size === 0) return UNTRIED;
      const entry = keyEntry(target, key);
      const leftMs = (entry?.coolUntilMs ?? 0) - monotonicMs();
      const cooling = entry?.reason !== undefined && leftMs > 0 ? { reason: entry.reason, leftMs } : undefined;
      return { health: entry?.health ?? UNKNOWN_HEALTH, cooling };
    },
    noteKey(target, key, failure) {
      // Most keys never fail: nothing is kept of those.
      if (failure === undefined && keys.size === 0) return;
      const known = keyEntry(target, key);
      if (known === undefined && failure === undefined) return;
      const nowMs = monotonicMs();
      const health = known?.health ?? UNKNOWN_HEALTH;
      keep(keys, keyName(target, key), {
        owner: key,
        health: failure === undefined ? noteAnswer(health, nowMs) : noteFailure(health, nowMs),
        reason: failure?.reason,
        coolUntilMs: failure === undefined ? 0 : nowMs + failure.forMs,
      });
    },
    isNews(refused) {
      const isNew = !told.has(refused);
      told.add(refused);
      return isNew;
    },
    isNewsOf(target) {
      const entry = entryOf(target);
      const nowMs = monotonicMs();
      if (entry.toldMs !== undefined && nowMs - entry.toldMs < TELL_AGAIN_MS) return false;
      entry.toldMs = nowMs;
      return true;
    },
    snapshot() {
      const nowMs = monotonicMs();
      return [...entries.values()].map(({ target: { provider, model }, health, openUntilMs }) => ({
        ...{ provider, model, errorRate: errorRate(health, nowMs), latencyMs: latencyMs(health, nowMs) },
        circuit: openUntilMs === undefined ? 'closed' : openUntilMs > nowMs ? 'open' : 'half-open',
      }));
    },
  };
}

function close(entry: Entry): void {
  entry.epoch++;
  entry.openUntilMs = undefined;
  entry.failuresInRow = 0;
}

/** A class, because each attempt has one. */
class AttemptTicket implements Ticket {
  readonly #entry: Entry;
  readonly #breaker: ProviderConfig['circuitBreaker'];
  readonly #monotonicMs: () => number;
  readonly #isProbe: boolean;
  readonly #epoch: number;
  #isOver = false;

  constructor(entry: Entry, breaker: ProviderConfig['circuitBreaker'], monotonicMs: () => number) {
    this.#entry = entry;
    this.#breaker = breaker;
    this.#monotonicMs = monotonicMs;
    this.#isProbe = entry.openUntilMs !== undefined;
    if (this.#isProbe) entry.isProbing = true;
    this.#epoch = entry.epoch;
  }

  began(ms: number): void {
    const entry = this.#entry;
    entry.health = noteLatency(entry.health, this.#monotonicMs(), ms);
    if (!this.#isProbe) return;
    entry.isProbing = false;
    if (this.#epoch === entry.epoch) close(entry);
  }

  ended(verdict: AttemptVerdict): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const entry = this.#entry;
    if (this.#isProbe) entry.isProbing = false;
    if (verdict === 'unknown') return;
    const nowMs = this.#monotonicMs();
    entry.health = verdict === 'answered' ? noteAnswer(entry.health, nowMs) : noteFailure(entry.health, nowMs);
    // A probe that began to answer has closed the circuit itself; what comes of its answer counts like any other.
    if (this.#epoch !== entry.epoch && !this.#isProbe) return;
    if (verdict === 'declined') {
      if (entry.openUntilMs !== undefined) close(entry);
    } else if (verdict === 'answered') {
      entry.failuresInRow = 0;
      if (entry.openUntilMs !== undefined) close(entry);
    } else {
      entry.failuresInRow++;
      if (entry.failuresInRow < this.#breaker.failures && entry.openUntilMs === undefined) return;
      entry.epoch++;
      entry.openUntilMs = nowMs + this.#breaker.openMs;
    }
  }
}
