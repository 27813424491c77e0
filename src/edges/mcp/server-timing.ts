/** Where the time of a governed call went, for whoever asked (https://www.w3.org/TR/server-timing/). */

import type { Call } from '../../contracts/call.ts';
import type { AnswerHeaders } from '../http/exchange.ts';

/**
 * `gw` is ours, `upstream` the wait for the server behind us; milliseconds to the microsecond. Together they are what the
 * trail calls the whole time of the call, or the time until now (`nowMs`, monotonic) where no record of it was made.
 */
export function timingHeader(
  { startedMs, facts }: Pick<Call, 'startedMs' | 'facts'>,
  nowMs = facts.totalMs === undefined ? performance.now() : startedMs + facts.totalMs,
): AnswerHeaders {
  const wholeUs = Math.round((nowMs - startedMs) * 1_000);
  const upstreamUs = Math.min(Math.round((facts.upstreamMs ?? 0) * 1_000), wholeUs);
  return { 'Server-Timing': `gw;dur=${renderMs(wholeUs - upstreamUs)}, upstream;dur=${renderMs(upstreamUs)}` };
}

/** Whole microseconds as milliseconds. Printing two small integers costs a fraction of what a fraction does. */
function renderMs(us: number): string {
  const ms = Math.trunc(us / 1_000);
  const rest = us - ms * 1_000;
  if (rest === 0) return String(ms);
  return `${ms}.${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}`;
}
