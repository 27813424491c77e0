/** OpenAI's Responses as the client's side sees them. */

import { ERRORS, type ErrorCode, type GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
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

function describe(error: GatewayError, requestId: string): JsonObject {
  const { data } = error;
  return {
    message: error.message,
    type: typeOf(ERRORS[error.code].httpStatus),
    param: null,
    code: VENDOR_CODES[error.code] ?? error.code,
    portcullis: {
      ...{ code: error.code, request_id: requestId },
      ...(data?.provider === undefined ? {} : { provider: data.provider }),
      ...(data?.attempts === undefined ? {} : { attempts: data.attempts }),
    },
  };
}

export const openaiResponsesEdge: ChatEdge = {
  streamContentType: 'text/event-stream; charset=utf-8',
  renderError: (error, requestId) => ({
    status: ERRORS[error.code].httpStatus,
    body: JSON.stringify({ error: describe(error, requestId) }),
  }),
  /** Some clients look for the event `error`, others for a response that failed. */
  renderStreamError(error, requestId) {
    const { message, code, portcullis } = describe(error, requestId);
    const failed = {
      ...{ id: `resp_${requestId}`, object: 'response', created_at: 0, status: 'failed', model: '', output: [] },
      ...{ error: { code, message }, incomplete_details: null, usage: null, metadata: {} },
    };
    // What came before may have ended in the middle of an event.
    return `\n\n${[
      { type: 'error', sequence_number: 0, code, message, param: null, portcullis },
      { type: 'response.failed', sequence_number: 1, response: failed },
    ]
      .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      .join('')}`;
  },
  encodeAnswer,
  createStreamEncoder,
};
