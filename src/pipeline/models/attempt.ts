/** Carries out a plan: one try after the other until a provider answers, or none is left. */

import type { ModelCall } from '../../contracts/call.ts';
import { type ModelOutcome, type ModelProvider, type ModelRequest, ProviderFailure } from '../../contracts/models.ts';
import type { ModelTarget, ProviderKey } from '../../contracts/models-config.ts';
import { AFTER_FAILURE, type AfterFailure } from '../../domain/models/after-failure.ts';
import { fullJitterMs } from '../../lib/backoff.ts';
import { pause } from './attempt-limit.ts';
import { deadlineAt, isFinal, type Journey, lastWord, type MethodOf, notAsked, startJourney } from './journey.ts';
import { type PickDeps, pickKey, takeTarget } from './pick.ts';
import { createTryOnce, type TryDeps } from './try-once.ts';

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

type Tried<O> =
  | { readonly type: 'answer'; readonly outcome: O }
  | { readonly type: 'failure'; readonly next: AfterFailure['next'] };

export function createAttempt(deps: AttemptDeps): Attempt {
  const { health, monotonicMs } = deps;
  const tryOnce = createTryOnce(deps);

  return async (call, methodOf) => {
    const stages = call.facts.plan?.stages ?? [];
    const journey = startJourney(call, methodOf, deps.providers(), monotonicMs());
    for (const [i, stage] of stages.entries()) {
      const left = [...stage];
      while (left.length > 0) {
        const target = takeTarget(deps, left, journey.steady);
        if (target === undefined) break;
        if (call.signal.aborted) throw lastWord(journey);
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
    const { call } = journey;
    const leaveOut = (failure: ProviderFailure): Tried<O> => {
      journey.failures.push({ target, failure, report: undefined });
      return { type: 'failure', next: 'target' };
    };
    const provider = journey.providers.get(target.provider);
    // The configuration was swapped under a call that had its plan.
    if (provider === undefined)
      return leaveOut(new ProviderFailure('unknown-model', 'the provider is not there any more'));
    const { config } = provider;
    const method = journey.methodOf(provider);
    if (method === undefined) {
      const publicText = `${provider.id} has no such operation`;
      return leaveOut(new ProviderFailure('unsupported', publicText, { publicText }));
    }
    const deadlineMs = deadlineAt(journey, provider, monotonicMs());
    const used = new Set<ProviderKey>();
    for (let retries = 0; ; ) {
      const closedForMs = health.closedForMs(target);
      if (closedForMs !== undefined) return leaveOut(notAsked(target, 'overloaded', closedForMs));
      const picked = pickKey(deps, target, config, used, journey.steady, call.facts.caller);
      if (picked.type === 'wait') return leaveOut(notAsked(target, picked.reason, picked.leftMs));
      if (picked.type === 'none') return leaveOut(notAsked(target, 'unauthorized', undefined));
      const { key } = picked;
      const result = await tryOnce(journey, { provider, method, target, key, deadlineMs });
      if (!(result instanceof ProviderFailure)) return { type: 'answer', outcome: result };

      const { again, next } = AFTER_FAILURE[result.kind];
      const isOver = monotonicMs() >= journey.deadlineMs || journey.attempts.length >= MAX_ATTEMPTS;
      if (isOver || call.signal.aborted || isFinal(result.kind, call.model))
        return { type: 'failure', next: 'nowhere' };
      if (again === 'no') return { type: 'failure', next };
      if (again === 'other-key') {
        if (key !== undefined) used.add(key);
        if (key !== undefined && pickKey(deps, target, config, used, journey.steady, call.facts.caller).type === 'key')
          continue;
        if (result.kind !== 'rate-limited') return { type: 'failure', next };
        used.clear();
      }
      const pauseMs = result.retryAfterMs ?? fullJitterMs(retries, BACKOFF, deps.random);
      const patienceMs = hasOthers ? PATIENCE_MS.withOthers : PATIENCE_MS.alone;
      const isTooLong = result.retryAfterMs !== undefined && pauseMs > patienceMs;
      if (retries >= config.maxRetries || isTooLong || monotonicMs() + pauseMs >= deadlineMs)
        return { type: 'failure', next };
      retries++;
      await pause(pauseMs, call.signal);
      if (call.signal.aborted) return { type: 'failure', next: 'nowhere' };
    }
  }
}
