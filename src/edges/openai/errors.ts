/** Errors of the paths that are no chat, in the words of whichever API was addressed. */

import { ERRORS, type GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { DialectEdge } from '../models/dialect-edge.ts';
import type { ModelApi } from '../models/model-path.ts';
import { describeOpenaiError } from '../models/openai-error.ts';

function dialect(render: (error: GatewayError, status: number, requestId: string) => JsonObject): DialectEdge {
  const bodyOf = (error: GatewayError, requestId: string): string =>
    JSON.stringify(render(error, ERRORS[error.code].httpStatus, requestId));
  return {
    renderError: (error, id) => ({ status: ERRORS[error.code].httpStatus, body: bodyOf(error, id) }),
    renderStreamError: (error, id) => `data: ${bodyOf(error, id)}\n\n`,
  };
}

/** Who was asked, and how it went, where the failure is a provider's. */
function failed({ data }: GatewayError): JsonObject {
  return { ...(data?.provider !== undefined && { provider: data.provider, attempts: data.attempts }) };
}

function anthropicType(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limit_error';
    case 503:
      return 'overloaded_error';
    default:
      return status >= 500 ? 'api_error' : 'invalid_request_error';
  }
}

function googleStatus(status: number): string {
  switch (status) {
    case 401:
      return 'UNAUTHENTICATED';
    case 403:
      return 'PERMISSION_DENIED';
    case 404:
      return 'NOT_FOUND';
    case 429:
      return 'RESOURCE_EXHAUSTED';
    case 503:
      return 'UNAVAILABLE';
    case 504:
      return 'DEADLINE_EXCEEDED';
    default:
      return status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT';
  }
}

export const errorEdges: { readonly [api in ModelApi]: DialectEdge } = {
  openai: dialect((error, _status, requestId) => ({ error: describeOpenaiError(error, requestId) })),
  anthropic: dialect((error, status, requestId) => ({
    type: 'error',
    error: {
      ...{ type: anthropicType(status), message: error.message },
      details: { error_code: error.code, ...failed(error) },
    },
    request_id: requestId,
  })),
  gemini: dialect((error, status, requestId) => ({
    error: {
      ...{ code: status, message: error.message, status: googleStatus(status) },
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          ...{ reason: error.code.toUpperCase(), domain: 'portcullis', metadata: { requestId, ...failed(error) } },
        },
      ],
    },
  })),
};
