/** Renders whatever was thrown as a JSON-RPC error response of one era; the only place where codes become MCP wire. */

import { randomUUID } from 'node:crypto';
import { ERRORS, type ErrorCode, GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import type { Era } from '../../contracts/peer.ts';

/**
 * Legacy: what the transport itself refuses keeps its HTTP status; every other error answers a well-formed request and
 * travels with 200. Modern: the status is always the catalogue's.
 */
const LEGACY_TRANSPORT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'parse_error',
  'invalid_request',
  'unsupported_version',
  'header_mismatch',
  'unauthenticated',
  'forbidden_host',
  'forbidden_origin',
  'unknown_server',
  'unknown_session',
  'method_not_allowed',
  'not_acceptable',
  'unsupported_media_type',
  'body_too_large',
]);

/** Codes that mean something else, or nothing, to a legacy client. */
function legacyRpcCode(code: ErrorCode): number {
  switch (code) {
    case 'unknown_resource':
      return -32002;
    // The -3202x codes exist only in 2026-07-28, where clients take them as proof of a modern server.
    case 'header_mismatch':
    case 'missing_capability':
    case 'unsupported_version':
      return ERRORS.invalid_request.rpcCode;
    default:
      return ERRORS[code].rpcCode;
  }
}

/**
 * The response envelope and HTTP status for an error. `id` is the request's id as the client spelled it, or `null`.
 * Anything that is no GatewayError becomes `internal` with a correlation id under which `log` has the cause.
 */
export function renderRpcError(
  id: JsonText,
  error: unknown,
  era: Era,
  log?: Log,
): { readonly status: number; readonly body: JsonText } {
  const known = error instanceof GatewayError ? error : asInternal(error, log);
  const row = ERRORS[known.code];
  if (isForTheModel(known)) return { status: 200, body: renderPending(id, known, era) };
  const legacy = era === 'legacy';
  const object = {
    code: legacy ? legacyRpcCode(known.code) : row.rpcCode,
    message: known.message,
    ...(known.data === undefined ? {} : { data: known.data }),
  };
  return {
    status: legacy && !LEGACY_TRANSPORT.has(known.code) ? 200 : row.httpStatus,
    body: `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(object)}}`,
  };
}

/** Of a call of a tool: its client shall show its model what is awaited, and not a failure. */
function isForTheModel({ code, data }: GatewayError): boolean {
  if (code === 'connection_required' || code === 'user_required' || code.startsWith('exchange_'))
    return data?.tool !== undefined;
  return (code === 'approval_required' || code === 'approval_rejected') && data?.approvalId !== undefined;
}

function renderPending(id: JsonText, { code, message, data }: GatewayError, era: Era): JsonText {
  const result = {
    content: [{ type: 'text', text: message }],
    isError: true,
    _meta: { [keyOf(code)]: { ...data, code } },
    ...(era === 'modern' && { resultType: 'complete' }),
  };
  return `{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(result)}}`;
}

function keyOf(code: ErrorCode): string {
  return code.startsWith('approval_') ? 'portcullis/approval' : 'portcullis.dev/connection';
}

function asInternal(error: unknown, log: Log | undefined): GatewayError {
  const correlationId = randomUUID();
  log?.error('a request failed for an unexpected reason', { correlationId, error });
  return new GatewayError('internal', undefined, { data: { correlationId }, cause: error });
}
