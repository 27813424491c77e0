/** What OpenAI's errors say, whether they come as an answer, in a stream or in a response that failed. */

import type { ProviderFailure, ProviderFailureKind } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { type ErrorBody, failureUnderSuccess } from '../classify-status.ts';

const KINDS: ReadonlyMap<string, ProviderFailureKind> = new Map([
  ['context_length_exceeded', 'context-too-long'],
  ['insufficient_quota', 'quota-exceeded'],
  ['billing_hard_limit_reached', 'quota-exceeded'],
  ['rate_limit_exceeded', 'rate-limited'],
  ['invalid_api_key', 'unauthorized'],
  ['model_not_found', 'unknown-model'],
  ['content_filter', 'content-filtered'],
  ['content_policy_violation', 'content-filtered'],
  ['server_is_overloaded', 'overloaded'],
  ['slow_down', 'overloaded'],
  ['server_error', 'server-error'],
  // A 404, but of something the request names, not of the model.
  ['previous_response_not_found', 'invalid-request'],
  ['invalid_prompt', 'invalid-request'],
]);

/** Of an answer whose status is none of success. */
export function readErrorBody(text: string): ErrorBody {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { message: undefined, kind: undefined };
  }
  const { message, kind } = readError(isObject(value) ? ((value as { error?: unknown }).error ?? value) : undefined);
  // Of a failure of the server its status says more.
  return { message, kind: kind === 'server-error' ? undefined : kind };
}

function readError(value: unknown): ErrorBody {
  const { message, code, type } = (isObject(value) ? value : {}) as { [member: string]: unknown };
  const known = [code, type].map((each) => (typeof each === 'string' ? KINDS.get(each) : undefined));
  return { message: typeof message === 'string' ? message : undefined, kind: known.find((kind) => kind !== undefined) };
}

/** Of an error that came with status 200: in a stream, or in a response that failed. */
export function failureOfError(error: unknown): ProviderFailure {
  return failureUnderSuccess(readError(error));
}
