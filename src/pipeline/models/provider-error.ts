/** What a client is told when no provider answered, or one stopped in the middle. */

import { ERRORS, type ErrorCode, GatewayError } from '../../contracts/errors.ts';
import type { ModelAttempt, ProviderFailure, ProviderFailureKind } from '../../contracts/models.ts';
import type { ModelTarget } from '../../contracts/models-config.ts';

export const FAILURE_CODES: { readonly [kind in ProviderFailureKind]: ErrorCode } = {
  'rate-limited': 'provider_rate_limited',
  'quota-exceeded': 'provider_rate_limited',
  overloaded: 'provider_unavailable',
  'server-error': 'provider_failed',
  unreachable: 'provider_unavailable',
  'connection-lost': 'provider_failed',
  timeout: 'provider_timeout',
  malformed: 'provider_failed',
  unauthorized: 'provider_needs_auth',
  'unknown-model': 'unknown_model',
  'invalid-request': 'refused_by_provider',
  'context-too-long': 'context_too_long',
  'content-filtered': 'content_filtered',
  unsupported: 'unsupported_by_model',
  cancelled: 'cancelled',
};

/** `attempts`: all of the call. Names of keys stay inside. `waitMs`: until it may be tried again; default: what the failure says. */
export function providerError(
  { provider, model }: ModelTarget,
  failure: ProviderFailure,
  attempts: readonly ModelAttempt[],
  waitMs: number | undefined = failure.retryAfterMs,
): GatewayError {
  const code = FAILURE_CODES[failure.kind];
  const retryAfterMs = ERRORS[code].retryable ? waitMs : undefined;
  return new GatewayError(code, failure.publicText, {
    data: {
      ...{ provider, model },
      attempts: attempts.map((each) => ({
        ...{ provider: each.provider, model: each.model, failure: each.failure, status: each.status },
        durationMs: Math.round(each.durationMs),
      })),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
    cause: failure,
  });
}
