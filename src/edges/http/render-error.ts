/** The plain HTTP rendering of errors, for every path whose edge has no dialect of its own. */

import { randomUUID } from 'node:crypto';
import { ERRORS, GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import type { Exchange } from './exchange.ts';

/** A 405 that says what would have been allowed. */
export function methodNotAllowed(allow: string): GatewayError {
  return new GatewayError('method_not_allowed', `use ${allow}`, { data: { allow } });
}

/** The headers an error of this kind needs: how to authenticate (401), what is allowed (405). */
export function errorHeaders(error: unknown): { readonly [name: string]: string } {
  if (!(error instanceof GatewayError)) return {};
  if (error.code === 'unauthenticated') return { 'WWW-Authenticate': error.challenge ?? 'Bearer' };
  if (error.challenge !== undefined) return { 'WWW-Authenticate': error.challenge };
  const allow = error.code === 'method_not_allowed' ? error.data?.allow : undefined;
  return typeof allow === 'string' ? { Allow: allow } : {};
}

/** Answers `{ "error": { "code", "message" } }` with the catalogue's status; what is no GatewayError is logged and `internal`. */
export function sendHttpError(exchange: Exchange, error: unknown, log: Log): void {
  let known = error;
  if (!(known instanceof GatewayError)) {
    const correlationId = randomUUID();
    log.error('a request failed for an unexpected reason', { correlationId, error });
    known = new GatewayError('internal', undefined, { data: { correlationId } });
  }
  if (!(known instanceof GatewayError) || exchange.answered) return;
  const { code, message, data } = known;
  exchange.sendJson(
    ERRORS[code].httpStatus,
    JSON.stringify({ error: { code, message, ...(data === undefined ? {} : { data }) } }),
    errorHeaders(known),
  );
}
