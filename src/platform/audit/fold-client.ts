/** The main thread's side of the folding worker: starts it, starts it again when it dies, one request at a time. */

import { Worker } from 'node:worker_threads';
import type { Log } from '../../contracts/log.ts';
import type { FoldReply, FoldRequest, FoldWorkerData } from './fold-worker.ts';

export interface FoldClient {
  /** Resolves when the first worker has opened the store, rejects if it could not. */
  readonly ready: Promise<void>;
  /** Folds everything written until now. Requests made while one is under way share the next one. */
  fold(): Promise<void>;
  /** Folds the rest as the end of the run. Rejects after `timeoutMs`; what is left is folded at the next start. */
  close(timeoutMs: number): Promise<void>;
}

export interface FoldClientOptions {
  readonly workerUrl: URL;
  readonly data: FoldWorkerData;
  readonly log: Log;
  readonly now: () => number;
}

const FIRST_RESTART_MS = 1_000;
const MAX_RESTART_MS = 30_000;

interface Pending {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export function createFoldClient(options: FoldClientOptions): FoldClient {
  const { log } = options;
  let worker: Worker | undefined;
  let pending: Pending | undefined;
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  let restartDelayMs = FIRST_RESTART_MS;
  let notBeforeMs = 0;
  let closing = false;
  let lastFailure = '';

  const start = (onReady: () => void): Worker => {
    const started = new Worker(options.workerUrl, { workerData: options.data, name: 'audit-fold' });
    let lost: Error | undefined;
    started.on('message', (reply: FoldReply) => {
      if (reply.type === 'ready') onReady();
      // Under `node --watch` Node itself posts to the same port.
      else if (reply.type === 'done' || reply.type === 'failed') settle(reply);
    });
    started.on('error', (error) => {
      lost = error instanceof Error ? error : new Error(String(error));
    });
    started.on('exit', (code) => {
      if (worker === started) worker = undefined;
      if (closing && lost === undefined) return;
      notBeforeMs = performance.now() + restartDelayMs;
      restartDelayMs = Math.min(restartDelayMs * 2, MAX_RESTART_MS);
      fail(`the worker ended: ${lost?.message ?? `exit code ${code}`}`);
    });
    // An idle worker does not keep the process alive; a request under way does.
    started.unref();
    return started;
  };

  const settle = (reply: Exclude<FoldReply, { type: 'ready' }>): void => {
    if (reply.type === 'failed') {
      fail(reply.message);
      return;
    }
    restartDelayMs = FIRST_RESTART_MS;
    if (lastFailure !== '') log.info('the audit trail is folded again');
    lastFailure = '';
    const { skipped, unknown } = reply.report;
    if (skipped > 0) log.warn('skipped damaged lines of the audit journal', { lines: skipped });
    if (unknown > 0) log.warn('calls of a run that is over have an unknown result', { calls: unknown });
    if (reply.deleted > 0) log.debug('deleted old rows of the audit trail', { rows: reply.deleted });
    done((waiter) => waiter.resolve());
  };

  const fail = (message: string): void => {
    if (message !== lastFailure) log.error('the audit journal cannot be folded for now; nothing is lost', { message });
    lastFailure = message;
    done((waiter) => waiter.reject(new Error(`the audit journal cannot be folded: ${message}`)));
  };

  const done = (tell: (waiter: Pending) => void): void => {
    worker?.unref();
    const waiter = pending;
    pending = undefined;
    if (waiter !== undefined) tell(waiter);
  };

  const send = (ends: boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      if (worker === undefined) {
        if (performance.now() < notBeforeMs) return reject(new Error('the audit worker is starting again'));
        worker = start(() => {});
      }
      pending = { resolve, reject };
      worker.ref();
      worker.postMessage({ nowMs: options.now(), ends } satisfies FoldRequest);
    });

  const fold = (): Promise<void> => {
    next ??= last
      .catch(() => {})
      .then(() => {
        next = undefined;
        last = send(false);
        return last;
      });
    return next;
  };

  const ready = new Promise<void>((resolve, reject) => {
    worker = start(resolve);
    worker.once('error', reject);
    worker.ref();
  }).finally(() => worker?.unref());

  return {
    ready,
    fold,
    async close(timeoutMs) {
      await next?.catch(() => {});
      await last.catch(() => {});
      closing = true;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new Error(`the audit journal was not folded within ${timeoutMs} ms`)),
          timeoutMs,
        );
      });
      const running = worker;
      try {
        await Promise.race([send(true), late]);
      } finally {
        clearTimeout(timer);
        await (worker ?? running)?.terminate();
      }
    },
  };
}
