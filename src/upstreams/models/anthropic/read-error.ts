/** What the Messages API says when it does not answer. */

import type { ProviderFailure, ProviderFailureKind } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { type ErrorBody, failureUnderSuccess } from '../classify-status.ts';

/** `{ "type": "error", "error": { "type", "message" } }`, whole or as an event of a stream. */
export function readError(text: string): ErrorBody {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { message: undefined, kind: undefined };
  }
  const error = isObject(body) && isObject(body.error) ? body.error : {};
  const message = typeof error.message === 'string' ? error.message : undefined;
  return { message, kind: kindOf(error.type, message ?? '') };
}

function kindOf(type: unknown, message: string): ProviderFailureKind | undefined {
  switch (type) {
    case 'invalid_request_error':
      if (/prompt is too long|context (window|limit)|too many (input )?tokens/i.test(message))
        return 'context-too-long';
      if (/credit balance is too low/i.test(message)) return 'quota-exceeded';
      if (/content filtering policy/i.test(message)) return 'content-filtered';
      return undefined;
    case 'request_too_large':
      return 'context-too-long';
    case 'overloaded_error':
      return 'overloaded';
    case 'rate_limit_error':
      return 'rate-limited';
    case 'billing_error':
      return 'quota-exceeded';
    case 'timeout_error':
      return 'timeout';
    case 'authentication_error':
    case 'permission_error':
      return 'unauthorized';
    default:
      return undefined;
  }
}

/** An error that came as an event, after a status that said all was well. */
export function streamFailure(data: string): ProviderFailure {
  return failureUnderSuccess(readError(data));
}
