/** An event stream of a legacy server over its breaks: what is needed to take it up again, and when. */

import { backoffMs } from '../../lib/backoff.ts';
import type { SseEvent } from '../../lib/sse.ts';
import type { HttpExchange } from '../http/client.ts';

const DEFAULT_RETRY_MS = 1_000;
const MAX_WAIT_MS = 30_000;
/** A server may ask for any pause; this is the longest that is believed. */
const MAX_RETRY_MS = 300_000;
/** A server may ask for no pause at all; a tight loop is still not offered. */
const MIN_WAIT_MS = 50;
/** What a header can carry back, at a length that leaves room for the others. */
const SENDABLE_ID = /^[\t\x20-\x7e\x80-\xff]{0,4096}$/;

export interface StreamRun {
  /** The exchange that carries it now. */
  exchange: HttpExchange | undefined;
  /** The pause before the next attempt, or the grace after the answer. */
  timer: NodeJS.Timeout | undefined;
  lastEventId: string | undefined;
  retryMs: number | undefined;
  /** Attempts in a row that brought no event, and those among them that failed altogether. */
  idleAttempts: number;
  failedAttempts: number;
}

export function createStreamRun(): StreamRun {
  return {
    exchange: undefined,
    timer: undefined,
    lastEventId: undefined,
    retryMs: undefined,
    idleAttempts: 0,
    failedAttempts: 0,
  };
}

export function noteEvent(run: StreamRun, event: SseEvent): void {
  // One that cannot be sent would fail every attempt from here on.
  if (event.id !== undefined) run.lastEventId = SENDABLE_ID.test(event.id) ? event.id : undefined;
  if (event.retryMs !== undefined) run.retryMs = event.retryMs;
  run.idleAttempts = 0;
  run.failedAttempts = 0;
}

/** Milliseconds until the next attempt: what the server asked for, growing while nothing comes. */
export function nextWaitMs(run: StreamRun): number {
  const firstMs = Math.min(Math.max(run.retryMs ?? DEFAULT_RETRY_MS, MIN_WAIT_MS), MAX_RETRY_MS);
  const attempt = run.idleAttempts++;
  return attempt === 0 ? firstMs : backoffMs(attempt, { firstMs, maxMs: Math.max(MAX_WAIT_MS, firstMs) }, Math.random);
}

export function stopRun(run: StreamRun): void {
  clearTimeout(run.timer);
  run.exchange?.abort();
  run.exchange = undefined;
}
