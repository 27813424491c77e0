/** Stops calling a server that keeps failing, and lets one call find out whether it has recovered. */

import type { CircuitBreakerConfig } from '../../contracts/config.ts';
import { type ErrorCode, GatewayError } from '../../contracts/errors.ts';
import type { CircuitState } from '../../contracts/upstream.ts';
import type { Clock } from './clock.ts';

/** How a call ended, as far as it says something about the server. `neutral`: nothing. */
export type CallVerdict = 'answered' | 'failed' | 'neutral';

/** What an error says about the server. Only silence, loss and nonsense count: not what a client did, nor our own bounds. */
export function judgeError(code: ErrorCode | undefined): CallVerdict {
  switch (code) {
    case 'upstream_timeout':
    case 'upstream_unavailable':
    case 'upstream_failed':
    case 'outcome_unknown':
      return 'failed';
    case 'cross_era_unsupported':
      return 'answered';
    default:
      return 'neutral';
  }
}

export interface CircuitBreaker {
  readonly state: CircuitState;
  /** The error to refuse a call with, if calls are refused now. */
  refusal(): GatewayError | undefined;
  /** Lets a call through; it must be told how the call ended. Throws what `refusal` gives. */
  admit(): (verdict: CallVerdict, code?: ErrorCode) => void;
}

/** `onOpen` is told the code of the last failure. `onChange`: whenever `state` is another one, but for the passing of time. */
export function createCircuitBreaker(
  deps: {
    clock: Pick<Clock, 'ticks'>;
    serverId: string;
    onOpen: (failures: number, last: ErrorCode | undefined) => void;
    onChange: () => void;
  },
  { failures, openMs }: CircuitBreakerConfig,
): CircuitBreaker {
  const { clock } = deps;
  let failed = 0;
  /** Undefined: closed. */
  let openUntilTicks: number | undefined;
  let isProbing = false;
  /** Grows with each opening and closing: a call begun before has nothing to say about what is after. */
  let epoch = 0;

  const refusal = (): GatewayError | undefined => {
    if (openUntilTicks === undefined) return undefined;
    const leftMs = openUntilTicks - clock.ticks();
    if (leftMs <= 0 && !isProbing) return undefined;
    const when = leftMs > 0 ? `it is tried again in ${Math.ceil(leftMs / 1000)} s` : 'it is being tried right now';
    return new GatewayError(
      'upstream_unavailable',
      `server "${deps.serverId}" failed ${failures} calls in a row; ${when}`,
      leftMs > 0 ? { data: { retryAfterMs: Math.ceil(leftMs) } } : {},
    );
  };
  const open = (code: ErrorCode | undefined): void => {
    epoch++;
    openUntilTicks = clock.ticks() + openMs;
    deps.onOpen(failed, code);
    deps.onChange();
  };
  const close = (): void => {
    epoch++;
    failed = 0;
    openUntilTicks = undefined;
    deps.onChange();
  };

  return {
    get state() {
      if (openUntilTicks === undefined) return 'closed';
      return clock.ticks() < openUntilTicks ? 'open' : 'half-open';
    },
    refusal,
    admit() {
      const error = refusal();
      if (error !== undefined) throw error;
      const isProbe = openUntilTicks !== undefined;
      const begun = epoch;
      if (isProbe) isProbing = true;
      return (verdict, code) => {
        if (isProbe) isProbing = false;
        if (begun !== epoch || verdict === 'neutral') return;
        if (verdict === 'answered') {
          if (isProbe) close();
          else failed = 0;
        } else if (++failed >= failures) open(code);
      };
    },
  };
}
