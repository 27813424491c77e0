/** Anthropic's Messages as the client's side sees them: answers, streams and errors. */

import { ERRORS, type GatewayError } from '../../contracts/errors.ts';
import type { ChatEdge } from '../models/dialect-edge.ts';
import { encodeAnswer } from './encode-answer.ts';
import { createMessageStreamEncoder } from './stream-encoder.ts';

/** Anthropic's own status for "too busy", which its clients wait for and try again. */
const OVERLOADED = 529;

/** What SDKs of this dialect tell their errors apart by. */
function typeOf(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 402:
      return 'billing_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 409:
      return 'conflict_error';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limit_error';
    case 503:
    case OVERLOADED:
      return 'overloaded_error';
    case 408:
    case 504:
      return 'timeout_error';
    default:
      return status >= 500 || status === 499 ? 'api_error' : 'invalid_request_error';
  }
}

function statusOf({ code }: GatewayError): number {
  return code === 'provider_unavailable' ? OVERLOADED : ERRORS[code].httpStatus;
}

/** Its SDK's tool runner then goes on without a thread, and sends the whole conversation. */
const NO_THREADS = 'thread_unsupported_request';

function renderBody(error: GatewayError, requestId: string, hasThread: boolean): string {
  const code = hasThread && error.code === 'unsupported_by_model' ? NO_THREADS : error.code;
  const details = { error_code: code, ...error.data };
  const type = typeOf(statusOf(error));
  return JSON.stringify({
    type: 'error',
    error: { type, message: error.message, details },
    request_id: requestId,
  });
}

/** `hasThread` is asked when an error is told: the request continues or begins a thread of the provider's. */
export function createMessagesEdge(hasThread: () => boolean): ChatEdge {
  return {
    streamContentType: 'text/event-stream; charset=utf-8',
    renderError: (error, requestId) => ({
      status: statusOf(error),
      body: renderBody(error, requestId, hasThread()),
    }),
    renderStreamError: (error, requestId) => `event: error\ndata: ${renderBody(error, requestId, hasThread())}\n\n`,
    encodeAnswer,
    createStreamEncoder: createMessageStreamEncoder,
  };
}
