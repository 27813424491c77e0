/** One call on its way through its plan: where it has been, how long it has, and what its caller is told if nobody answers. */

import type { ModelCall } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import {
  type ModelAttempt,
  type ModelProvider,
  type ModelReport,
  type ModelRequest,
  type ProviderCall,
  ProviderFailure,
  type ProviderFailureKind,
} from '../../contracts/models.ts';
import type { ModelTarget } from '../../contracts/models-config.ts';
import { AFTER_FAILURE } from '../../domain/models/after-failure.ts';
import { steadyName } from './pick.ts';
import { providerError } from './provider-error.ts';

export type MethodOf<R extends ModelRequest, O> = (
  provider: ModelProvider,
) => ((call: ProviderCall<R>) => Promise<O>) | undefined;

export interface Journey<R extends ModelRequest, O> {
  readonly call: ModelCall & { readonly model: R };
  readonly methodOf: MethodOf<R, O>;
  readonly providers: ReadonlyMap<string, ModelProvider>;
  readonly startedMs: number;
  /** Of the whole call, by its own wish. */
  readonly deadlineMs: number;
  /** When the time at each provider is up. */
  readonly providerDeadlines: Map<string, number>;
  readonly steady: string | undefined;
  readonly attempts: ModelAttempt[];
  readonly wasted: NonNullable<ModelReport['wasted']>[number][];
  readonly failures: Failed[];
}

interface Failed {
  readonly target: ModelTarget;
  readonly failure: ProviderFailure;
  /** Of the attempt; undefined: the target was left out. */
  readonly report: ModelReport | undefined;
}

export function startJourney<R extends ModelRequest, O>(
  call: ModelCall & { readonly model: R },
  methodOf: MethodOf<R, O>,
  providers: ReadonlyMap<string, ModelProvider>,
  startedMs: number,
): Journey<R, O> {
  return {
    call,
    methodOf,
    providers,
    startedMs,
    deadlineMs: startedMs + (call.model.wishes.timeoutMs ?? Number.POSITIVE_INFINITY),
    providerDeadlines: new Map(),
    steady: steadyName(call),
    attempts: [],
    wasted: [],
    failures: [],
  };
}

/** When an attempt at this provider that begins now has to be over. */
export function deadlineAt<R extends ModelRequest, O>(
  { deadlineMs, providerDeadlines }: Journey<R, O>,
  { id, config }: ModelProvider,
  nowMs: number,
): number {
  const known = providerDeadlines.get(id) ?? nowMs + config.timeoutMs;
  providerDeadlines.set(id, known);
  return Math.min(deadlineMs, known);
}

/**
 * The last word on a call, whatever came before. Of pass-through requests only those that change nothing are sent again if
 * they may have taken effect; chats and embeddings cost, but leave nothing behind.
 */
export function isFinal(kind: ProviderFailureKind, request: ModelRequest): boolean {
  const { next, mayHaveActed } = AFTER_FAILURE[kind];
  return next === 'nowhere' || (mayHaveActed && request.operation === 'pass' && request.raw.method !== 'GET');
}

/** Why a target is left out that failed before. */
export function notAsked(
  { provider, model }: ModelTarget,
  kind: ProviderFailureKind,
  retryAfterMs: number | undefined,
): ProviderFailure {
  const publicText = `${provider}/${model} failed before, and is left alone for a while`;
  return new ProviderFailure(kind, publicText, { retryAfterMs, publicText });
}

/**
 * What the caller is told: the failure that ended the call, where one did; else what the first target that was asked
 * answered first; else why none was.
 */
export function lastWord<R extends ModelRequest, O>(journey: Journey<R, O>): GatewayError {
  const { call, failures, attempts, wasted } = journey;
  if (call.signal.aborted) return new GatewayError('cancelled');
  const last = failures.at(-1);
  const decisive =
    (last !== undefined && isFinal(last.failure.kind, call.model) ? last : undefined) ??
    failures.find(({ report }) => report !== undefined) ??
    failures[0];
  if (decisive === undefined) return new GatewayError('unknown_model', call.name);
  const { target, failure, report } = decisive;
  const { facts } = call;
  facts.serverId = target.provider;
  facts.target = target.model;
  facts.model = report ?? {
    provider: target.provider,
    model: target.model,
    attempts,
    wasted,
    dropped: [],
    outputChars: 0,
  };
  // What this one took stands in its own report.
  const own = wasted.findIndex(({ usage }) => usage === report?.usage);
  if (own !== -1) wasted.splice(own, 1);
  return providerError(target, failure, attempts, soonestRetryMs(decisive, failures));
}

/** Where keys of one provider are used up one after the other, the first that will be free again is waited for. */
function soonestRetryMs({ target, failure }: Failed, failures: readonly Failed[]): number | undefined {
  if (AFTER_FAILURE[failure.kind].blames !== 'key') return failure.retryAfterMs;
  let soonest = failure.retryAfterMs;
  for (const { target: other, failure: another } of failures)
    if (other.provider === target.provider && another.kind === failure.kind && another.retryAfterMs !== undefined)
      soonest = Math.min(soonest ?? Number.POSITIVE_INFINITY, another.retryAfterMs);
  return soonest;
}
