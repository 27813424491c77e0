/** Answers a modern message with what was thrown while serving it. */

import { ERRORS, type ErrorCode, GatewayError } from '../../../contracts/errors.ts';
import type { ParsedJson } from '../../../contracts/json.ts';
import type { Log } from '../../../contracts/log.ts';
import { withMembers } from '../../../lib/json-text.ts';
import type { Exchange } from '../../http/exchange.ts';
import { errorHeaders } from '../../http/render-error.ts';
import { renderRpcError } from '../render-error.ts';
import { type Answer, createAnswer } from './answer.ts';
import { type ModernRequest, readableId } from './decode-message.ts';
import { DISCOVER } from './wire.ts';

/** Answers to a request that was in order: the tool is not there, the server is down, there is too much to do. */
const IN_BAND: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'unknown_tool',
  'unknown_prompt',
  'unknown_resource',
  'unknown_task',
  'too_many',
  'cancelled',
  'upstream_unavailable',
  'upstream_needs_auth',
  'upstream_failed',
  'upstream_timeout',
  'outcome_unknown',
  // Of calls of tools: told as results.
  'approval_required',
  'approval_rejected',
  'connection_required',
  'user_required',
  'exchange_refused',
  'exchange_unavailable',
  'cross_era_unsupported',
  'audit_unavailable',
  'limits_unavailable',
]);

/**
 * The specification ties a status to transport and envelope errors, unknown methods and missing capabilities; those keep
 * the catalogue's. The rest is in-band with 200: SDK clients hand the JSON-RPC error of a 200 or 400 to their caller and
 * turn any other status into a bare transport failure, without code and text. Not so for discover: in-band, a failure of
 * ours would pass for a legacy server, and the client would remember that.
 */
function statusOf(code: ErrorCode, method: string | undefined): number {
  const { httpStatus } = ERRORS[code];
  if (method === DISCOVER && httpStatus >= 500) return httpStatus;
  return IN_BAND.has(code) ? 200 : httpStatus;
}

/** SEP-2164: the client is told which resource there is not. */
function withUri(error: unknown, request: ModernRequest | undefined): unknown {
  if (!(error instanceof GatewayError) || error.code !== 'unknown_resource') return error;
  const uri = request?.params.value.uri;
  if (typeof uri !== 'string' || error.data?.uri !== undefined) return error;
  return new GatewayError('unknown_resource', undefined, { data: { ...error.data, uri }, cause: error });
}

export interface Failure {
  readonly thrown: unknown;
  readonly message: ParsedJson;
  /** Undefined if the message did not even decode to a request. */
  readonly request: ModernRequest | undefined;
  /** Undefined if serving did not get as far as an answer. */
  readonly answer: Answer | undefined;
}

/** Throws what was thrown if a stream had begun that cannot carry an error. */
export function sendError(log: Log, exchange: Exchange, { thrown, message, request, answer }: Failure): void {
  if (exchange.answered && answer === undefined) throw thrown;
  const error = withUri(thrown, request);
  const id = request?.id ?? readableId(message);
  const { body } = renderRpcError(id ?? 'null', error, 'modern', log);
  const code = error instanceof GatewayError ? error.code : 'internal';
  // This revision leaves an unreadable id out, where others say null.
  const frame = id === undefined ? withMembers(body, { id: undefined }) : body;
  (answer ?? createAnswer(exchange, false)).finish(statusOf(code, request?.method), frame, errorHeaders(error));
}
