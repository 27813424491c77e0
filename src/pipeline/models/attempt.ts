/** Carries out a plan: one try after the other until a provider answers, or none is left. */

import type { ModelCall } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import {
  type ModelAttempt,
  type ModelOutcome,
  type ModelProvider,
  type ModelReport,
  type ModelRequest,
  type ProviderCall,
  ProviderFailure,
  type ProviderFailureKind,
} from '../../contracts/models.ts';
import type { ModelTarget, ProviderConfig, ProviderKey } from '../../contracts/models-config.ts';
import { AFTER_FAILURE, type AfterFailure } from '../../domain/models/after-failure.ts';
import { fullJitterMs } from '../../lib/backoff.ts';
import { isStreamed } from '../on-end.ts';
import { createAttemptLimit, pause } from './attempt-limit.ts';
import { beginStream, leave } from './begin-stream.ts';
import type { AttemptVerdict, CoolingReason, ModelHealth } from './model-health.ts';
import { type PickDeps, pickKey, steadyName, takeTarget } from './pick.ts';
import { providerError } from './provider-error.ts';

export interface AttemptDeps extends PickDeps {
  readonly providers: () => ReadonlyMap<string, ModelProvider>;
  readonly health: ModelHealth;
  readonly log?: Log | undefined;
}

export type Attempt = <R extends ModelRequest, O extends ModelOutcome>(
  call: ModelCall & { readonly model: R },
  methodOf: (provider: ModelProvider) => ((call: ProviderCall<R>) => Promise<O>) | undefined,
) => Promise<O>;

const BACKOFF = { firstMs: 500, maxMs: 8_000 };
/** The longest pause before the same target is asked again: where somebody else could be asked, and where nobody could. */
const PATIENCE_MS = { withOthers: 2_000, alone: 30_000 };
/** Of one call, all targets, keys and retries. */
const MAX_ATTEMPTS = 32;
/** How long a key is left alone that was refused. */
const COOLING_MS: { readonly [reason in CoolingReason]: number } = {
  'rate-limited': 1_000,
  'quota-exceeded': 60_000,
  unauthorized: 60_000,
};
const MAX_COOLING_MS = 60_000;

/** One call on its way through its plan. */
interface Journey<R extends ModelRequest, O> {
  readonly call: ModelCall & { readonly model: R };
  readonly methodOf: (provider: ModelProvider) => ((call: ProviderCall<R>) => Promise<O>) | undefined;
  readonly providers: ReadonlyMap<string, ModelProvider>;
  readonly startedMs: number;
  /** Of the whole call, by its own wish. */
  readonly deadlineMs: number;
  /** When the time at each provider is up. */
  readonly providerDeadlines: Map<string, number>;
  readonly steady: string | undefined;
  /** The request may be sent again even if it may have taken effect. */
  readonly isRepeatable: boolean;
  readonly attempts: ModelAttempt[];
  readonly wasted: NonNullable<ModelReport['wasted']>[number][];
  readonly failures: { readonly target: ModelTarget; readonly failure: ProviderFailure; readonly wasAsked: boolean }[];
}

type Tried<O> =
  | { readonly type: 'answer'; readonly outcome: O }
  | { readonly type: 'failure'; readonly next: AfterFailure['next'] };

export function createAttempt(deps: AttemptDeps): Attempt {
  const { health, monotonicMs } = deps;

  return async <R extends ModelRequest, O extends ModelOutcome>(
    call: ModelCall & { readonly model: R },
    methodOf: (provider: ModelProvider) => ((call: ProviderCall<R>) => Promise<O>) | undefined,
  ): Promise<O> => {
    const stages = call.facts.plan?.stages ?? [];
    const startedMs = monotonicMs();
    const { wishes } = call.model;
    const journey: Journey<R, O> = {
      ...{ call, methodOf, providers: deps.providers(), startedMs },
      deadlineMs: startedMs + (wishes.timeoutMs ?? Number.POSITIVE_INFINITY),
      ...{ providerDeadlines: new Map(), steady: steadyName(call), isRepeatable: isRepeatable(call.model) },
      ...{ attempts: [], wasted: [], failures: [] },
    };
    for (const [i, stage] of stages.entries()) {
      const left = [...stage];
      while (left.length > 0) {
        const target = takeTarget(deps, left, journey.steady);
        if (target === undefined) break;
        const hasOthers = left.length > 0 || i < stages.length - 1;
        const tried = await tryTarget(journey, target, hasOthers);
        if (tried.type === 'answer') return tried.outcome;
        if (tried.next === 'nowhere') throw lastWord(journey);
        if (tried.next === 'stage') break;
      }
    }
    throw lastWord(journey);
  };

  /** All that is tried at one target: its keys, and again after a pause. */
  async function tryTarget<R extends ModelRequest, O extends ModelOutcome>(
    journey: Journey<R, O>,
    target: ModelTarget,
    hasOthers: boolean,
  ): Promise<Tried<O>> {
    const provider = journey.providers.get(target.provider);
    if (provider === undefined) {
      // The configuration was swapped under a call that had its plan.
      return skip(journey, target, new ProviderFailure('unknown-model', `${target.provider} is not there any more`));
    }
    const { config } = provider;
    const method = journey.methodOf(provider);
    if (method === undefined) {
      const publicText = `${provider.id} has no such operation`;
      return skip(journey, target, new ProviderFailure('unsupported', publicText, { publicText }));
    }
    if (!journey.providerDeadlines.has(provider.id))
      journey.providerDeadlines.set(provider.id, monotonicMs() + config.timeoutMs);
    const deadlineMs = Math.min(journey.deadlineMs, journey.providerDeadlines.get(provider.id) ?? 0);
    const used = new Set<ProviderKey>();
    let retries = 0;
    for (;;) {
      const closedForMs = health.closedForMs(target);
      if (closedForMs !== undefined) return skip(journey, target, notAsked(target, 'overloaded', closedForMs));
      const picked = pickKey(deps, target, config, used, journey.steady);
      if (picked.type === 'wait') return skip(journey, target, notAsked(target, picked.reason, picked.leftMs));
      if (picked.type === 'none') return skip(journey, target, notAsked(target, 'unauthorized', undefined));
      const { key } = picked;
      const result = await tryOnce(journey, { provider, method, target, key, deadlineMs });
      if (!(result instanceof ProviderFailure)) return { type: 'answer', outcome: result };

      const { again, next } = AFTER_FAILURE[result.kind];
      if (isFinal(result.kind, journey.isRepeatable) || journey.call.signal.aborted)
        return { type: 'failure', next: 'nowhere' };
      if (journey.attempts.length >= MAX_ATTEMPTS || monotonicMs() >= journey.deadlineMs)
        return { type: 'failure', next: 'nowhere' };
      if (again === 'no') return { type: 'failure', next };
      if (again === 'other-key') {
        if (key !== undefined) used.add(key);
        if (pickKey(deps, target, config, used, journey.steady).type === 'key' && config.keys.length > 0) continue;
        if (result.kind !== 'rate-limited') return { type: 'failure', next };
        used.clear();
      }
      if (retries >= config.maxRetries) return { type: 'failure', next };
      const pauseMs = result.retryAfterMs ?? fullJitterMs(retries, BACKOFF, deps.random);
      const patienceMs = hasOthers ? PATIENCE_MS.withOthers : PATIENCE_MS.alone;
      if (pauseMs > patienceMs && result.retryAfterMs !== undefined) return { type: 'failure', next };
      if (monotonicMs() + pauseMs >= deadlineMs) return { type: 'failure', next };
      retries++;
      await pause(pauseMs, journey.call.signal);
      if (journey.call.signal.aborted) return { type: 'failure', next: 'nowhere' };
    }
  }

  /** One request to one provider. A failure is given back; what is no ProviderFailure is a mistake of ours, and thrown. */
  async function tryOnce<R extends ModelRequest, O extends ModelOutcome>(
    journey: Journey<R, O>,
    {
      provider,
      method,
      target,
      key,
      deadlineMs,
    }: {
      readonly provider: ModelProvider;
      readonly method: (call: ProviderCall<R>) => Promise<O>;
      readonly target: ModelTarget;
      readonly key: ProviderKey | undefined;
      readonly deadlineMs: number;
    },
  ): Promise<O | ProviderFailure> {
    const { call, attempts, wasted } = journey;
    const { config } = provider;
    const beganMs = monotonicMs();
    const leftMs = deadlineMs - beganMs;
    const report: ModelReport = {
      ...{ provider: provider.id, model: target.model, attempts, wasted, dropped: [], outputChars: 0 },
    };
    call.facts.model = report;
    call.facts.serverId = provider.id;
    call.facts.target = target.model;
    const ticket = health.admit(target, config.circuitBreaker);
    const limit = createAttemptLimit(call.signal, leftMs);
    const index = attempts.length;
    const note = (failure: ProviderFailure | undefined): void => {
      const durationMs = monotonicMs() - beganMs;
      attempts[index] = {
        ...{ provider: provider.id, model: target.model, key: key?.name, durationMs },
        ...{ failure: failure?.kind, status: failure?.status },
      };
    };
    const blame = (failure: ProviderFailure): void => {
      note(failure);
      ticket.ended(verdictOf(failure));
      if (AFTER_FAILURE[failure.kind].blames === 'key') coolKey(target, key, config, failure);
    };
    const began = (): void => {
      const nowMs = monotonicMs();
      note(undefined);
      ticket.began(nowMs - beganMs);
      if (key !== undefined) health.noteKey(target, key, undefined);
      report.firstByteMs = nowMs - call.startedMs;
      call.facts.upstreamMs = nowMs - journey.startedMs;
    };
    try {
      const outcome = await limit.race(
        method({
          ...{ request: call.model, body: call.params, model: target.model, key, injected: call.facts.injected },
          signal: limit.signal,
          firstByteTimeoutMs: Math.max(1, Math.min(config.firstByteTimeoutMs, leftMs)),
          idleTimeoutMs: Math.max(1, Math.min(config.idleTimeoutMs, leftMs)),
          ...{ traceparent: call.traceparent, report },
        }),
        leaveOutcome,
      );
      if (!isStreamed(outcome)) {
        began();
        ticket.ended('answered');
        limit.release();
        return outcome;
      }
      return await beginStream({ monotonicMs, limit }, outcome, {
        began,
        waited: (ms) => {
          call.facts.upstreamMs = (call.facts.upstreamMs ?? 0) + ms;
        },
        over(failure) {
          if (failure === undefined) ticket.ended('answered');
          if (!(failure instanceof ProviderFailure)) {
            ticket.ended('unknown');
            return failure;
          }
          blame(failure);
          return providerError(target, failure, attempts);
        },
      });
    } catch (error) {
      limit.release();
      if (!(error instanceof ProviderFailure)) {
        ticket.ended('unknown');
        throw error;
      }
      blame(error);
      call.facts.upstreamMs = monotonicMs() - journey.startedMs;
      if (report.usage !== undefined) wasted.push({ provider: provider.id, model: target.model, usage: report.usage });
      journey.failures.push({ target, failure: error, wasAsked: true });
      return error;
    }
  }

  function coolKey(
    target: ModelTarget,
    key: ProviderKey | undefined,
    config: ProviderConfig,
    { kind, status, retryAfterMs }: ProviderFailure,
  ): void {
    const reason = coolingReason(kind);
    if (reason === undefined) return;
    const forMs = Math.min(MAX_COOLING_MS, Math.max(COOLING_MS[reason], retryAfterMs ?? 0));
    if (key !== undefined) health.noteKey(target, key, { reason, forMs });
    if (reason === 'rate-limited' || !health.isNews(key ?? config)) return;
    deps.log?.warn('a provider of models does not accept a key', {
      ...{ provider: config.id, key: key?.name, model: target.model, reason, status },
    });
  }
}

function leaveOutcome(outcome: ModelOutcome): void {
  if (!isStreamed(outcome)) return;
  if (outcome.type === 'raw') leave(outcome.bytes[Symbol.asyncIterator]());
  else leave(outcome.stream.value[Symbol.asyncIterator]());
}

/** A target that is not asked at all. */
function skip<R extends ModelRequest, O>(
  journey: Journey<R, O>,
  target: ModelTarget,
  failure: ProviderFailure,
): Tried<O> {
  journey.failures.push({ target, failure, wasAsked: false });
  return { type: 'failure', next: 'target' };
}

function notAsked(
  { provider, model }: ModelTarget,
  kind: ProviderFailureKind,
  retryAfterMs: number | undefined,
): ProviderFailure {
  const publicText = `${provider}/${model} failed before, and is left alone for a while`;
  return new ProviderFailure(kind, publicText, { retryAfterMs, publicText });
}

/** Of pass-through requests only those that change nothing; chats and embeddings cost, but leave nothing behind. */
function isRepeatable(request: ModelRequest): boolean {
  return request.operation !== 'pass' || request.raw.method === 'GET';
}

/** The last word on a call, whatever came before. */
function isFinal(kind: ProviderFailureKind, isRepeatable: boolean): boolean {
  const { next, mayHaveActed } = AFTER_FAILURE[kind];
  return next === 'nowhere' || (mayHaveActed && !isRepeatable);
}

function verdictOf({ kind, status }: ProviderFailure): AttemptVerdict {
  switch (AFTER_FAILURE[kind].blames) {
    case 'target':
      return 'failed';
    case 'key':
      return 'declined';
    case 'nobody':
      return status === undefined ? 'unknown' : 'answered';
  }
}

function coolingReason(kind: ProviderFailureKind): CoolingReason | undefined {
  return kind === 'rate-limited' || kind === 'quota-exceeded' || kind === 'unauthorized' ? kind : undefined;
}

/**
 * What the caller is told: the failure that ended the call, where one did; else what the first target that was asked
 * answered first; else why none was.
 */
function lastWord<R extends ModelRequest, O>({ call, failures, attempts, isRepeatable }: Journey<R, O>): GatewayError {
  if (call.signal.aborted) return new GatewayError('cancelled');
  const last = failures.at(-1);
  const decisive =
    (last !== undefined && isFinal(last.failure.kind, isRepeatable) ? last : undefined) ??
    failures.find(({ wasAsked }) => wasAsked) ??
    failures[0];
  if (decisive === undefined) return new GatewayError('unknown_model', call.name);
  const { target, failure } = decisive;
  call.facts.serverId = target.provider;
  call.facts.target = target.model;
  if (call.facts.model !== undefined) {
    call.facts.model.provider = target.provider;
    call.facts.model.model = target.model;
  }
  return providerError(target, failure, attempts);
}
