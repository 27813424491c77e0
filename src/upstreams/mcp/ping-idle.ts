/** Pings a quiet link now and then: an HTTP server can vanish without anything telling us. */

import { GatewayError } from '../../contracts/errors.ts';
import type { Clock } from './clock.ts';
import type { KeptLink } from './kept-link.ts';
import { createOwnRequest } from './own-request.ts';

const IDLE_MS = 60_000;
const TIMEOUT_MS = 10_000;

/** One ping per 60 s without use. Any answer will do; without one `onDead` is called and the pinging ends. */
export function pingWhenIdle(clock: Clock, kept: KeptLink, onDead: (error: GatewayError) => void): void {
  const end = (): void => cancel();
  const look = async (): Promise<void> => {
    const idleMs = clock.ticks() - kept.lastUsedTicks;
    if (kept.busy > 0 || idleMs < IDLE_MS) return next(kept.busy > 0 ? IDLE_MS : IDLE_MS - idleMs);
    try {
      await kept.use((link) =>
        link.request(createOwnRequest('ping', '{}', { signal: kept.overSignal, timeoutMs: TIMEOUT_MS })),
      );
    } catch (error) {
      if (kept.over) return;
      kept.overSignal.removeEventListener('abort', end);
      return onDead(error instanceof GatewayError ? error : new GatewayError('internal', undefined, { cause: error }));
    }
    next(IDLE_MS);
  };
  const next = (delayMs: number): void => {
    if (!kept.over) cancel = clock.schedule(delayMs, () => void look());
  };
  let cancel = (): void => {};
  kept.overSignal.addEventListener('abort', end, { once: true });
  next(IDLE_MS);
}
