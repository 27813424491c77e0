/** What an HTTP answer that carries no JSON-RPC answer means for the request. */

import { GatewayError } from '../../contracts/errors.ts';
import type { ExchangeEnd } from './http-exchange.ts';
import { type Redact, toPrintable } from './redact.ts';
import { HttpStatusError } from './transport.ts';

/** The error for a status; what the body said is only for the log. */
function errorForStatus(status: number, body: string, redact: Redact): GatewayError {
  const cause = new HttpStatusError(status, toPrintable(redact(body), 200));
  switch (status) {
    case 401:
    case 403:
      return new GatewayError('upstream_needs_auth', undefined, { cause });
    // Refused before anything was done.
    case 408:
    case 425:
    case 429:
    case 503:
      return new GatewayError('upstream_unavailable', `HTTP ${status}`, { cause });
    default:
      // Also a 2xx without an answer, a redirect (not followed) or a 4xx that says nothing in JSON-RPC.
      return new GatewayError(status >= 500 ? 'outcome_unknown' : 'upstream_failed', `HTTP ${status}`, { cause });
  }
}

/**
 * True if the body may be the JSON-RPC answer; it is read as such before the status is. Under the few statuses that say
 * themselves what to do it is not looked at, nor where it is no JSON (an error page).
 */
export function mayCarryAnswer(end: ExchangeEnd): end is Extract<ExchangeEnd, { type: 'body' }> {
  return end.type === 'body' && ![401, 403, 429, 503].includes(end.status) && /^\s*[{[]/.test(end.text);
}

/** The error for an exchange that ended without the answer to its request. */
export function errorForEnd(end: ExchangeEnd, redact: Redact): GatewayError {
  switch (end.type) {
    case 'body':
      return errorForStatus(end.status, end.text.slice(0, 2_000), redact);
    case 'stream':
      return new GatewayError('outcome_unknown', undefined, {
        cause: end.error ?? new Error('the event stream ended before the answer'),
      });
    case 'too-large':
      return new GatewayError('upstream_failed', 'its answer is too large');
    case 'failed':
      return new GatewayError(end.sent ? 'outcome_unknown' : 'upstream_unavailable', undefined, { cause: end.error });
  }
}
