/** Workers in store: some are ready, no more than a bound are at work, and whoever has to wait for one does not wait for ever. */

import { GatewayError } from '../../contracts/errors.ts';
import type { SandboxFigures } from '../../contracts/sandbox.ts';

/** What is kept in store. */
export interface PooledWorker {
  /** Undefined while it lives; else what ended it. */
  readonly ended: string | undefined;
  onEnd(listener: () => void): void;
  kill(why: string): void;
}

export interface WorkerPool<W extends PooledWorker> extends AsyncDisposable {
  /**
   * One that nobody had before, and nobody gets after. Its place is free again once it has ended. Throws GatewayError `sandbox_busy`,
   * `sandbox_unavailable`, `cancelled`.
   */
  take(signal: AbortSignal): Promise<W>;
  figures(): SandboxFigures;
}

export interface PoolOptions<W> {
  readonly start: () => W;
  /** At work at once. */
  readonly maxWorkers: number;
  /** Ready before they are asked for, once one was. */
  readonly warmWorkers: number;
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
}

const WARM_PAUSE_MS = 5;

export function createWorkerPool<W extends PooledWorker>(options: PoolOptions<W>): WorkerPool<W> {
  const { start, maxWorkers, warmWorkers, maxWaiting, maxWaitMs } = options;
  const warm: W[] = [];
  const busy = new Set<W>();
  const queue: (() => void)[] = [];
  let opened = 0;
  let crashed = 0;
  let isClosed = false;
  let refill: NodeJS.Timeout | undefined;

  const launch = (): W => {
    const worker = start();
    worker.onEnd(() => {
      const at = warm.indexOf(worker);
      if (at !== -1) {
        warm.splice(at, 1);
        crashed++;
      }
      if (busy.delete(worker)) queue.shift()?.();
    });
    return worker;
  };

  /** Later: whoever just got one need not wait until the next is started. */
  const warmUp = (): void => {
    if (isClosed || refill !== undefined) return;
    refill = setTimeout(() => {
      refill = undefined;
      if (isClosed || warm.length >= warmWorkers || warm.length + busy.size >= maxWorkers) return;
      const worker = launch();
      // One that cannot live is not tried again and again.
      if (worker.ended === undefined) {
        warm.push(worker);
        warmUp();
      }
    }, WARM_PAUSE_MS);
    refill.unref();
  };

  const waitForPlace = (signal: AbortSignal): Promise<void> => {
    if (queue.length >= maxWaiting) throw new GatewayError('sandbox_busy', `${maxWaiting} wait for one already`);
    return new Promise((resolve, reject) => {
      const leave = (error: GatewayError): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        const at = queue.indexOf(go);
        if (at !== -1) queue.splice(at, 1);
        reject(error);
      };
      const go = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => leave(new GatewayError('cancelled'));
      const timer = setTimeout(() => leave(new GatewayError('sandbox_busy')), maxWaitMs);
      signal.addEventListener('abort', onAbort);
      queue.push(go);
    });
  };

  return {
    async take(signal) {
      if (signal.aborted) throw new GatewayError('cancelled');
      while (busy.size >= maxWorkers) await waitForPlace(signal);
      if (isClosed) throw new GatewayError('sandbox_unavailable', 'the gateway stops');
      const worker = warm.pop() ?? launch();
      if (worker.ended !== undefined) throw new GatewayError('sandbox_unavailable', worker.ended);
      busy.add(worker);
      opened++;
      warmUp();
      return worker;
    },
    figures: () => ({ warm: warm.length, busy: busy.size, waiting: queue.length, opened, crashed }),
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearTimeout(refill);
      for (const worker of [...warm, ...busy]) worker.kill('the gateway stops');
      for (const go of queue.splice(0)) go();
    },
  };
}
