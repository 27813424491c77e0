/** OpenAI's Responses as the client's side sees them. */

import { ERRORS, type ErrorCode, type GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { ModelAttempt } from '../../contracts/models.ts';
import type { ChatEdge } from '../models/dialect-edge.ts';
import { encodeAnswer } from './encode-answer.ts';
import { createStreamEncoder } from './encode-stream.ts';

/** Codes that clients of this dialect act upon; ours stand beside them. */
const VENDOR_CODES: { readonly [code in ErrorCode]?: string } = {
  unauthenticated: 'invalid_api_key',
  unknown_model: 'model_not_found',
  context_too_long: 'context_length_exceeded',
  content_filtered: 'content_filter',
  provider_rate_limited: 'rate_limit_exceeded',
  provider_unavailable: 'server_is_overloaded',
};

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

/** `code` is OpenAI's where it has one; `gateway_code` is always ours, see docs/reference/errors.md. */
function describe({ code, message, data }: GatewayError, requestId: string): JsonObject {
  const { param, provider, attempts } = data ?? {};
  return {
    message,
    type: typeOf(ERRORS[code].httpStatus),
    param: typeof param === 'string' ? param : null,
    code: VENDOR_CODES[code] ?? code,
    ...{ gateway_code: code, request_id: requestId },
    ...(typeof provider === 'string' ? { provider } : {}),
    ...(Array.isArray(attempts) ? { attempts: (attempts as readonly ModelAttempt[]).map(publicAttempt) } : {}),
  };
}

/** Which of our keys it was is nobody's business. */
function publicAttempt({ provider, model, failure, status, durationMs }: ModelAttempt): JsonObject {
  return { provider, model, failure, status, duration_ms: Math.round(durationMs) };
}

export const openaiResponsesEdge: ChatEdge = {
  streamContentType: 'text/event-stream; charset=utf-8',
  renderError: (error, requestId) => ({
    status: ERRORS[error.code].httpStatus,
    body: JSON.stringify({ error: describe(error, requestId) }),
  }),
  /** Some clients look for the event `error`, others for a response that failed. */
  renderStreamError(error, requestId) {
    const { type: _, ...said } = describe(error, requestId);
    const { code, message } = said;
    const failed = {
      ...{ id: `resp_${requestId}`, object: 'response', created_at: 0, status: 'failed', model: '', output: [] },
      ...{ error: { code, message }, incomplete_details: null, usage: null, metadata: {} },
    };
    // What came before may have ended in the middle of an event.
    return `\n\n${[
      { type: 'error', sequence_number: 0, ...said },
      { type: 'response.failed', sequence_number: 1, response: failed },
    ]
      .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      .join('')}`;
  },
  encodeAnswer,
  createStreamEncoder,
};
