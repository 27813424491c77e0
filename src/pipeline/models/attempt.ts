/** Carries out a plan: one try after the other until a provider answers, or none is left. */

import type { ModelCall } from '../../contracts/call.ts';
import { type ModelOutcome, type ModelProvider, type ModelRequest, ProviderFailure } from '../../contracts/models.ts';
import type { ModelTarget, ProviderKey } from '../../contracts/models-config.ts';
import { AFTER_FAILURE, type AfterFailure } from '../../domain/models/after-failure.ts';
import { fullJitterMs } from '../../lib/backoff.ts';
import { pause } from './attempt-limit.ts';
import { deadlineAt, isFinal, type Journey, lastWord, type MethodOf, notAsked, startJourney } from './journey.ts';
import { type PickDeps, pickKey, takeTarget } from './pick.ts';
import { createTryOnce, type TryAt, type TryDeps } from './try-once.ts';

export interface AttemptDeps extends PickDeps, TryDeps {
  readonly providers: () => ReadonlyMap<string, ModelProvider>;
}

export type Attempt = <R extends ModelRequest, O extends ModelOutcome>(
  call: ModelCall & { readonly model: R },
  methodOf: MethodOf<R, O>,
) => Promise<O>;

const BACKOFF = { firstMs: 500, maxMs: 8_000 };
/** The longest a provider's `Retry-After` is waited for: where somebody else could be asked, and where nobody could. */
const PATIENCE_MS = { withOthers: 2_000, alone: 30_000 };
/** Of one call, all targets, keys and retries. */
const MAX_ATTEMPTS = 32;
const NOTHING_USED: ReadonlySet<ProviderKey> = Object.freeze(new Set<ProviderKey>());

/** Where the next request goes; else why a target is left out. */
type Ready<R extends ModelRequest, O> = TryAt<R, O> | ProviderFailure;

export function createAttempt(deps: AttemptDeps): Attempt {
  const { health, monotonicMs } = deps;
  const tryOnce = createTryOnce(deps);

  return async (call, methodOf) => {
    const stages = call.facts.plan?.stages ?? [];
    const journey = startJourney(call, methodOf, deps.providers(), monotonicMs());
    for (let i = 0; i < stages.length; i++) {
      const left = [...(stages[i] ?? [])];
      while (left.length > 0) {
        const target = takeTarget(deps, left, journey.steady);
        if (target === undefined) break;
        if (call.signal.aborted) throw lastWord(journey);
        const ready = prepare(journey, target, NOTHING_USED);
        if (ready instanceof ProviderFailure) {
          journey.failures.push({ target, failure: ready, report: undefined });
          continue;
        }
        const result = await tryOnce(journey, ready);
        if (!(result instanceof ProviderFailure)) return result;
        const hasOthers = left.length > 0 || i < stages.length - 1;
        const tried = await goOnAt(journey, ready, result, hasOthers);
        if (typeof tried !== 'string') return tried;
        if (tried === 'nowhere') throw lastWord(journey);
        if (tried === 'stage') break;
      }
    }
    throw lastWord(journey);
  };

  function prepare<R extends ModelRequest, O extends ModelOutcome>(
    journey: Journey<R, O>,
    target: ModelTarget,
    used: ReadonlySet<ProviderKey>,
  ): Ready<R, O> {
    const { call } = journey;
    const provider = journey.providers.get(target.provider);
    // The configuration was swapped under a call that had its plan.
    if (provider === undefined) return new ProviderFailure('unknown-model', 'the provider is not there any more');
    const method = journey.methodOf(provider);
    if (method === undefined) {
      const publicText = `${provider.id} has no such operation`;
      return new ProviderFailure('unsupported', publicText, { publicText });
    }
    const closedForMs = health.closedForMs(target);
    if (closedForMs !== undefined) return notAsked(target, 'overloaded', closedForMs);
    const picked = pickKey(deps, target, provider.config, used, journey.steady, call.facts.caller);
    if (picked.type === 'wait') return notAsked(target, picked.reason, picked.leftMs);
    if (picked.type === 'none') return notAsked(target, 'unauthorized', undefined);
    return { provider, method, target, key: picked.key, deadlineMs: deadlineAt(journey, provider, monotonicMs()) };
  }

  /** What else is tried at a target that failed: its other keys, and again after a pause. */
  async function goOnAt<R extends ModelRequest, O extends ModelOutcome>(
    journey: Journey<R, O>,
    first: TryAt<R, O>,
    firstFailure: ProviderFailure,
    hasOthers: boolean,
  ): Promise<O | AfterFailure['next']> {
    const { call } = journey;
    const { target, provider, deadlineMs } = first;
    const { config } = provider;
    const used = new Set<ProviderKey>();
    let { key } = first;
    let failure = firstFailure;
    for (let retries = 0; ; ) {
      const { again, next } = AFTER_FAILURE[failure.kind];
      const isOver = monotonicMs() >= journey.deadlineMs || journey.attempts.length >= MAX_ATTEMPTS;
      if (isOver || call.signal.aborted || isFinal(failure.kind, call.model)) return 'nowhere';
      if (again === 'no') return next;
      let isNow = false;
      if (again === 'other-key') {
        if (key !== undefined) used.add(key);
        isNow =
          key !== undefined && pickKey(deps, target, config, used, journey.steady, call.facts.caller).type === 'key';
        if (!isNow && failure.kind !== 'rate-limited') return next;
        if (!isNow) used.clear();
      }
      if (!isNow) {
        const pauseMs = failure.retryAfterMs ?? fullJitterMs(retries, BACKOFF, deps.random);
        const patienceMs = hasOthers ? PATIENCE_MS.withOthers : PATIENCE_MS.alone;
        const isTooLong = failure.retryAfterMs !== undefined && pauseMs > patienceMs;
        if (retries >= config.maxRetries || isTooLong || monotonicMs() + pauseMs >= deadlineMs) return next;
        retries++;
        await pause(pauseMs, call.signal);
        if (call.signal.aborted) return 'nowhere';
      }
      const ready = prepare(journey, target, used);
      if (ready instanceof ProviderFailure) {
        journey.failures.push({ target, failure: ready, report: undefined });
        return 'target';
      }
      const result = await tryOnce(journey, ready);
      if (!(result instanceof ProviderFailure)) return result;
      ({ key } = ready);
      failure = result;
    }
  }
}
