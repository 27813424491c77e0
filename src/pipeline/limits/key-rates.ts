/** What each key has used of its rates: requests, tokens and calls of tools in sliding spans, and how many are under way. */

import type { Caller } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { RateLimit, RateSpan, RateStanding, UsageLimits } from '../../contracts/limits.ts';
import { createRateWindow, type RateWindow } from '../../lib/rate-window.ts';

const SPAN_MS: { readonly [span in RateSpan]: number } = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

export interface Usage {
  /** 0 where the call uses none. */
  readonly tokens: number;
  readonly isToolCall: boolean;
}

/** One admitted call. */
export interface Admission {
  /** Where the key stands with the limit it is nearest to; undefined: it only has a bound on calls at once. */
  readonly standing: RateStanding | undefined;
  /** The call is over, and used this many tokens; once. */
  leave(tokens: number): void;
}

export interface KeyRates {
  /**
   * Throws GatewayError `rate_limited`; then nothing was counted, and `onRefused` has heard where the key stands with the
   * limit it met, unless that is the bound on calls at once.
   */
  enter(caller: Caller, limits: UsageLimits, usage: Usage, onRefused?: (standing: RateStanding) => void): Admission;
}

type What = 'requests' | 'tokens' | 'toolCalls';

interface Rate {
  readonly what: What;
  readonly limit: RateLimit;
  readonly window: RateWindow;
}

interface KeyState {
  /** Whose windows these are: other limits begin anew. */
  readonly limits: UsageLimits;
  readonly rates: readonly Rate[];
  running: number;
}

const WHATS: readonly What[] = ['requests', 'tokens', 'toolCalls'];

export function createKeyRates(deps: { readonly monotonicMs: () => number }): KeyRates {
  const states = new Map<string, KeyState>();

  const stateOf = ({ keyId }: Caller, limits: UsageLimits): KeyState => {
    const known = states.get(keyId);
    if (known !== undefined && known.limits === limits) return known;
    // What stays the same keeps its count, so that an edit of one limit is no amnesty for the others.
    const rates = WHATS.flatMap((what) =>
      limits[what].map((limit): Rate => {
        const same = known?.rates.find(
          (rate) => rate.what === what && rate.limit.per === limit.per && rate.limit.max === limit.max,
        );
        return { what, limit, window: same?.window ?? createRateWindow(limit.max, SPAN_MS[limit.per]) };
      }),
    );
    const state = { limits, rates, running: known?.running ?? 0 };
    states.set(keyId, state);
    return state;
  };

  return {
    enter(caller, limits, usage, onRefused) {
      const state = stateOf(caller, limits);
      const nowMs = deps.monotonicMs();
      const amounts: { readonly [what in What]: number } = {
        requests: 1,
        tokens: usage.tokens,
        toolCalls: usage.isToolCall ? 1 : 0,
      };
      if (limits.maxConcurrent !== undefined && state.running >= limits.maxConcurrent)
        throw new GatewayError('rate_limited', `${limits.maxConcurrent} calls of this key are under way`, {
          data: { limit: 'maxConcurrent', max: limits.maxConcurrent },
        });
      // All are asked before one is counted.
      for (const { what, limit, window } of state.rates) {
        if (amounts[what] === 0) continue;
        const retryAfterMs = window.waitMs(Math.min(amounts[what], limit.max), nowMs);
        if (retryAfterMs === 0) continue;
        onRefused?.({ max: limit.max, remaining: Math.max(0, limit.max - window.used(nowMs)), resetMs: retryAfterMs });
        throw new GatewayError('rate_limited', `${limit.max} ${what} per ${limit.per}`, {
          data: { limit: what, max: limit.max, per: limit.per, retryAfterMs: Math.ceil(retryAfterMs) },
        });
      }
      for (const { what, window } of state.rates) if (amounts[what] > 0) window.correct(amounts[what], nowMs);
      state.running++;
      return {
        standing: standingOf(state.rates, nowMs),
        leave(tokens) {
          // The state of now: limits may have changed while the call ran, and the count of running ones went along.
          const current = states.get(caller.keyId) ?? state;
          current.running--;
          const more = tokens - usage.tokens;
          if (more === 0) return;
          for (const { what, window } of current.rates) if (what === 'tokens') window.correct(more, deps.monotonicMs());
        },
      };
    },
  };
}

/** The one with the smallest share left. */
function standingOf(rates: readonly Rate[], nowMs: number): RateStanding | undefined {
  let nearest: RateStanding | undefined;
  for (const { limit, window } of rates) {
    const remaining = Math.max(0, limit.max - window.used(nowMs));
    if (nearest !== undefined && remaining / limit.max >= nearest.remaining / nearest.max) continue;
    nearest = { max: limit.max, remaining, resetMs: remaining >= 1 ? 0 : window.waitMs(1, nowMs) };
  }
  return nearest;
}
