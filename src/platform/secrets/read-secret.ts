/** One value, read within its limit of time: what may pass by itself is tried again, what will not is told at once. */

import { setTimeout as sleep } from 'node:timers/promises';
import {
  type FetchedSecret,
  SecretFailure,
  type SecretFailureKind,
  type SecretSource,
} from '../../contracts/secret-managers.ts';
import { backoffMs } from '../../lib/backoff.ts';

export interface ReadOptions {
  readonly timeoutMs: number;
  readonly random: () => number;
  /** Ends it at once. */
  readonly stopping: AbortSignal;
}

const MAX_TRIES = 3;
const PAUSE = { firstMs: 200, maxMs: 2_000 };
const MAY_PASS: ReadonlySet<SecretFailureKind> = new Set(['unreachable', 'throttled', 'failed']);

/** Whether the manager as a whole is in trouble, rather than one secret. */
export function isDown(failure: SecretFailure): boolean {
  return MAY_PASS.has(failure.kind) || failure.kind === 'timeout';
}

/** Rejects with SecretFailure, after `timeoutMs` at the latest. */
export async function readSecret(source: SecretSource, path: string, options: ReadOptions): Promise<FetchedSecret> {
  const { timeoutMs, random, stopping } = options;
  const deadline = performance.now() + timeoutMs;
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(timeoutMs)]);
  for (let attempt = 0; ; attempt++) {
    let failure: SecretFailure;
    try {
      return await source.read(path, signal);
    } catch (error) {
      failure = asFailure(source, error);
    }
    const pauseMs = failure.retryAfterMs ?? backoffMs(attempt, PAUSE, random);
    const isLast = attempt + 1 >= MAX_TRIES || !MAY_PASS.has(failure.kind);
    if (isLast || performance.now() + pauseMs >= deadline || stopping.aborted) throw failure;
    await sleep(pauseMs, undefined, { signal }).catch(() => {
      throw failure;
    });
  }
}

function asFailure(source: SecretSource, error: unknown): SecretFailure {
  if (error instanceof SecretFailure) return error;
  // A mistake of ours. Its text could hold anything.
  return new SecretFailure(
    'malformed',
    `${source.name}: reading failed (${error instanceof Error ? error.name : '?'})`,
  );
}
