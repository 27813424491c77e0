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
  return { 'Server-Timing': `gw;dur=${(wholeUs - upstreamUs) / 1_000}, upstream;dur=${upstreamUs / 1_000}` };
}
