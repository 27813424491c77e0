/** Errors as clients of OpenAI look for them, whichever of its APIs they came by, with what the gateway knows besides. */

import { ERRORS, type ErrorCode, type GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { ModelAttempt } from '../../contracts/models.ts';

/** Codes that clients act on: agents shorten their history, ask for another key, wait. The others are ours. */
const CODES: { readonly [code in ErrorCode]?: string } = {
  unauthenticated: 'invalid_api_key',
  unknown_model: 'model_not_found',
  context_too_long: 'context_length_exceeded',
  content_filtered: 'content_filter',
  provider_rate_limited: 'rate_limit_exceeded',
};

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

/**
 * The object `error`. `code` is OpenAI's where it has one; `gateway_code` is always ours, see docs/reference/errors.md. `codes`:
 * those of one API alone.
 */
export function describeOpenaiError(
  { code, message, data }: GatewayError,
  requestId: string,
  codes: { readonly [code in ErrorCode]?: string } = {},
): JsonObject {
  const { param, provider, attempts } = data ?? {};
  return {
    message,
    type: typeOf(ERRORS[code].httpStatus),
    param: typeof param === 'string' ? param : null,
    code: codes[code] ?? CODES[code] ?? code,
    ...{ gateway_code: code, request_id: requestId },
    ...(typeof provider === 'string' ? { provider } : {}),
    ...(Array.isArray(attempts) ? { attempts: (attempts as readonly ModelAttempt[]).map(publicAttempt) } : {}),
  };
}

/** Which of our keys it was is nobody's business. */
function publicAttempt({ provider, model, failure, status, durationMs }: ModelAttempt): JsonObject {
  return { provider, model, failure, status, duration_ms: Math.round(durationMs) };
}
