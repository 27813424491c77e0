/** Errors in Google's words: code, message, status, and details that programs can read. */

import { ERRORS, type GatewayError } from '../../contracts/errors.ts';
import { isObject } from '../../lib/is-object.ts';
import type { RenderedError } from '../models/dialect-edge.ts';

/** Names of google.rpc.Code by HTTP status; what Google has no code for is nearest. */
const STATUSES: { readonly [httpStatus: number]: string } = {
  ...{ 400: 'INVALID_ARGUMENT', 401: 'UNAUTHENTICATED', 403: 'PERMISSION_DENIED', 404: 'NOT_FOUND' },
  ...{ 402: 'FAILED_PRECONDITION', 405: 'UNIMPLEMENTED', 409: 'ABORTED', 413: 'INVALID_ARGUMENT' },
  ...{ 415: 'INVALID_ARGUMENT', 429: 'RESOURCE_EXHAUSTED', 499: 'CANCELLED', 500: 'INTERNAL' },
  ...{ 501: 'UNIMPLEMENTED', 502: 'INTERNAL', 503: 'UNAVAILABLE', 504: 'DEADLINE_EXCEEDED' },
};

export function renderGeminiError(error: GatewayError, requestId: string): RenderedError {
  const status = ERRORS[error.code].httpStatus;
  const { provider, attempts, retryAfterMs } = error.data ?? {};
  const details: object[] = [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: error.code.toUpperCase(),
      domain: 'portcullis',
      metadata: { requestId, ...(typeof provider === 'string' ? { provider } : {}) },
    },
  ];
  if (typeof retryAfterMs === 'number')
    details.push({
      '@type': 'type.googleapis.com/google.rpc.RetryInfo',
      retryDelay: `${Math.max(1, Math.ceil(retryAfterMs / 1_000))}s`,
    });
  if (Array.isArray(attempts) && attempts.every(isObject)) details.push({ '@type': 'portcullis/attempts', attempts });
  return {
    status,
    body: JSON.stringify({
      error: { code: status, message: error.message, status: STATUSES[status] ?? 'UNKNOWN', details },
    }),
  };
}
