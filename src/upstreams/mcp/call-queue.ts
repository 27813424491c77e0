/** Bounds the calls under way to one server: so many at once, so many more waiting, none of them for long. */

import type { CallSignal } from '../../contracts/call-signal.ts';
import type { CallLimits } from '../../contracts/config.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Clock } from './clock.ts';

export interface CallQueue {
  readonly running: number;
  readonly queued: number;
  /**
   * Takes a place, first come first served; undefined: it is there at once. Waits at most `timeoutMs`, and no longer than
   * configured. Throws or rejects with GatewayError `too_many` or `cancelled`: then there is no place to leave.
   */
  enter(timeoutMs: number, signal: CallSignal): Promise<void> | undefined;
  /** Gives the place to who waits longest. Exactly once for each place taken. */
  leave(): void;
  /** Sends everybody away who still waits. */
  dismiss(error: GatewayError): void;
}

export function createCallQueue(deps: { clock: Clock; serverId: string }, limits: CallLimits): CallQueue {
  const { maxConcurrent, maxQueued, queueTimeoutMs } = limits;
  /** In the order they came: a Set keeps it, and forgets anyone in constant time. */
  const waiting = new Set<(error: GatewayError | undefined) => void>();
  let running = 0;

  const refuse = (why: string): GatewayError =>
    new GatewayError('too_many', `server "${deps.serverId}" has ${maxConcurrent} calls under way ${why}`);

  return {
    get running() {
      return running;
    },
    get queued() {
      return waiting.size;
    },
    enter(timeoutMs, signal) {
      if (signal.aborted) throw new GatewayError('cancelled');
      if (running < maxConcurrent) {
        running++;
        return undefined;
      }
      if (waiting.size >= maxQueued) throw refuse(maxQueued === 0 ? 'and no queue' : `and ${maxQueued} waiting`);
      return new Promise((resolve, reject) => {
        const done = (error: GatewayError | undefined): void => {
          waiting.delete(done);
          cancelTimer();
          signal.removeEventListener('abort', onAbort);
          if (error === undefined) resolve();
          else reject(error);
        };
        const onAbort = (): void => done(new GatewayError('cancelled'));
        const waitMs = Math.min(timeoutMs, queueTimeoutMs);
        const cancelTimer = deps.clock.schedule(waitMs, () => done(refuse(`and none ended within ${waitMs} ms`)));
        waiting.add(done);
        signal.addEventListener('abort', onAbort);
      });
    },
    leave() {
      const [next] = waiting;
      // The place changes hands: it is never free in between, so nobody can slip past the queue.
      if (next !== undefined) next(undefined);
      else running--;
    },
    dismiss(error) {
      for (const done of [...waiting]) done(error);
    },
  };
}
