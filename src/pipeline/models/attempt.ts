/** Carries out a plan: one try after the other until a provider answers, or none is left. */

import type { ModelCall } from '../../contracts/call.ts';
import { type ErrorCode, GatewayError } from '../../contracts/errors.ts';
import {
  type ModelOutcome,
  type ModelProvider,
  type ModelReport,
  type ModelRequest,
  type ProviderCall,
  ProviderFailure,
  type ProviderFailureKind,
} from '../../contracts/models.ts';

export interface AttemptDeps {
  readonly providers: () => ReadonlyMap<string, ModelProvider>;
  readonly monotonicMs: () => number;
}

export type Attempt = <R extends ModelRequest, O extends ModelOutcome>(
  call: ModelCall & { readonly model: R },
  methodOf: (provider: ModelProvider) => ((call: ProviderCall<R>) => Promise<O>) | undefined,
) => Promise<O>;

/** What a client is told of each way to fail. */
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

export function createAttempt(deps: AttemptDeps): Attempt {
  return async (call, methodOf) => {
    const report: ModelReport = { attempts: [], dropped: [], outputChars: 0 };
    call.facts.model = report;
    const target = call.facts.plan?.stages[0]?.[0];
    const provider = target && deps.providers().get(target.provider);
    const method = provider && methodOf(provider);
    if (target === undefined || provider === undefined) throw new GatewayError('unknown_model', call.name);
    if (method === undefined) throw new GatewayError('unsupported_by_model', `${provider.id} has no such operation`);
    const { config } = provider;
    report.provider = provider.id;
    report.model = target.model;
    call.facts.serverId = provider.id;
    call.facts.target = target.model;
    const startedMs = deps.monotonicMs();
    const key = config.keys[0];
    const note = (failure: ProviderFailure | undefined): void => {
      const durationMs = deps.monotonicMs() - startedMs;
      call.facts.upstreamMs = durationMs;
      report.attempts.push({
        ...{ provider: provider.id, model: target.model, key: key?.name, durationMs },
        ...{ failure: failure?.kind, status: failure?.status },
      });
    };
    try {
      const outcome = await method({
        request: call.model,
        body: call.params,
        model: target.model,
        key,
        injected: call.facts.injected,
        signal: call.signal,
        firstByteTimeoutMs: config.firstByteTimeoutMs,
        idleTimeoutMs: config.idleTimeoutMs,
        traceparent: call.traceparent,
        report,
      });
      note(undefined);
      return outcome;
    } catch (error) {
      if (!(error instanceof ProviderFailure)) throw error;
      note(error);
      throw new GatewayError(FAILURE_CODES[error.kind], error.publicText, {
        data: { provider: provider.id, attempts: report.attempts },
        cause: error,
      });
    }
  };
}
