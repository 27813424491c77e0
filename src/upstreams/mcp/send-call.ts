/** Sends one call over a link, and again where that is safe; the only place where calls are repeated. */

import { GatewayError } from '../../contracts/errors.ts';
import type { UpstreamReply, UpstreamRequest } from '../../contracts/upstream.ts';
import { type Clock, pause } from './clock.ts';
import type { KeptLink } from './kept-link.ts';
import type { HeldLink } from './link-pool.ts';
import { decideRepeat, type Repeats } from './retry.ts';

export interface SendCallDeps {
  readonly clock: Clock;
  readonly callTimeoutMs: number;
  /** Finds, or waits for, the link this request has to take. Throws GatewayError. */
  readonly acquire: (request: UpstreamRequest, deadlineTicks: number) => Promise<HeldLink>;
  /** A live link to which calls cannot be brought any more. */
  readonly onDoubt: (kept: KeptLink) => void;
}

export async function sendCall(deps: SendCallDeps, request: UpstreamRequest): Promise<UpstreamReply> {
  const { clock } = deps;
  const deadlineTicks = clock.ticks() + Math.min(request.timeoutMs, deps.callTimeoutMs);
  const made: { -readonly [reason in keyof Repeats]: number } = { lost: 0, busy: 0, unknown: 0 };
  // Once an outcome was unknown it stays so, whatever became of the repetition - unless that was answered.
  let unknown: GatewayError | undefined;
  for (;;) {
    if (clock.ticks() >= deadlineTicks) throw unknown ?? new GatewayError('upstream_timeout');
    let held: HeldLink;
    try {
      held = await deps.acquire(request, deadlineTicks);
    } catch (error) {
      throw unknown ?? error;
    }
    try {
      return await sendOnce(held.kept, request, deadlineTicks - clock.ticks());
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      if (error.code === 'outcome_unknown') unknown = error;
      const facts = { linkIsOver: held.kept.over, repeatable: request.repeatable, made };
      const verdict = decideRepeat(error, facts, clock.random);
      const isTooLate = verdict.type === 'repeat' && clock.ticks() + verdict.delayMs >= deadlineTicks;
      if (verdict.type === 'give-up' || isTooLate || request.signal.aborted) {
        if (isUnreachable(error) && !held.kept.over) deps.onDoubt(held.kept);
        throw error.code === 'cancelled' ? error : (unknown ?? error);
      }
      made[verdict.reason]++;
      held.release();
      if (verdict.delayMs > 0) await pauseOn(clock, held.kept, verdict.delayMs, request.signal);
      if (request.signal.aborted) throw unknown ?? new GatewayError('cancelled');
    } finally {
      held.release();
    }
  }
}

function sendOnce(kept: KeptLink, request: UpstreamRequest, timeoutMs: number): Promise<UpstreamReply> {
  return kept.link.request({
    method: request.method,
    params: request.params,
    name: request.method === 'completion/complete' ? undefined : request.name,
    tool: request.tool,
    peer: request.peer,
    keyId: request.keyId,
    traceparent: request.traceparent,
    signal: request.signal,
    timeoutMs,
  });
}

function isUnreachable(error: GatewayError): boolean {
  return error.code === 'upstream_unavailable' || error.code === 'outcome_unknown';
}

/** The news that the link is over may come just after the request that failed by it: then there is nothing to wait for. */
async function pauseOn(clock: Clock, kept: KeptLink, delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => resolve();
  kept.overSignal.addEventListener('abort', wake, { once: true });
  await pause(clock, delayMs, { sooner: promise, signal });
  kept.overSignal.removeEventListener('abort', wake);
}
