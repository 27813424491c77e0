/** One attempt: one request to one provider, recorded however it ends, watched until its answer is over. */

import type { Log } from '../../contracts/log.ts';
import {
  type ModelOutcome,
  type ModelProvider,
  type ModelReport,
  type ModelRequest,
  type ProviderCall,
  ProviderFailure,
  type ProviderFailureKind,
} from '../../contracts/models.ts';
import type { ModelTarget, ProviderConfig, ProviderKey } from '../../contracts/models-config.ts';
import { AFTER_FAILURE } from '../../domain/models/after-failure.ts';
import type { CheckDeps } from '../../domain/models/check-answer.ts';
import { createEventCheck } from '../../domain/models/check-events.ts';
import { isStreamed } from '../on-end.ts';
import { createAttemptLimit } from './attempt-limit.ts';
import { beginStream, leave } from './begin-stream.ts';
import { asProviderFailure, checkOutcome, keepCounts } from './check-outcome.ts';
import type { Journey } from './journey.ts';
import type { AttemptVerdict, CoolingReason, ModelHealth } from './model-health.ts';
import { providerError } from './provider-error.ts';

export interface TryDeps {
  readonly health: ModelHealth;
  readonly monotonicMs: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly log?: Log | undefined;
}

export interface TryAt<R extends ModelRequest, O> {
  readonly provider: ModelProvider;
  readonly method: (call: ProviderCall<R>) => Promise<O>;
  readonly target: ModelTarget;
  readonly key: ProviderKey | undefined;
  /** When it has to be over, streamed answer included. */
  readonly deadlineMs: number;
}

/** How long a key is left alone that was refused. */
const COOLING_MS: { readonly [reason in CoolingReason]: number } = {
  'rate-limited': 1_000,
  'quota-exceeded': 60_000,
  unauthorized: 60_000,
};
const MAX_COOLING_MS = 60_000;

/** A failure is given back; what is no ProviderFailure is a mistake of ours or of the request, and thrown. */
export type TryOnce = <R extends ModelRequest, O extends ModelOutcome>(
  journey: Journey<R, O>,
  at: TryAt<R, O>,
) => Promise<O | ProviderFailure>;

export function createTryOnce(deps: TryDeps): TryOnce {
  const { health, monotonicMs } = deps;

  return async (journey, { provider, method, target, key, deadlineMs }) => {
    const { call, attempts, wasted } = journey;
    const { config } = provider;
    const beganMs = monotonicMs();
    const leftMs = deadlineMs - beganMs;
    // Its own: what a failed attempt still writes must not stand in the report of the one that answers.
    const report: ModelReport = {
      ...{ provider: provider.id, model: target.model, attempts, wasted, dropped: [], outputChars: 0 },
    };
    call.facts.model = report;
    call.facts.serverId = provider.id;
    call.facts.target = target.model;
    const ticket = health.admit(target, config.circuitBreaker);
    const limit = createAttemptLimit(call.signal, leftMs);
    const index = attempts.length;
    let durationMs: number | undefined;
    const note = (failure: ProviderFailure | undefined): void => {
      durationMs ??= monotonicMs() - beganMs;
      attempts[index] = {
        ...{ provider: provider.id, model: target.model, key: key?.name, durationMs },
        ...{ failure: failure?.kind, status: failure?.status },
      };
    };
    const blame = (failure: ProviderFailure): void => {
      note(failure);
      ticket.ended(verdictOf(failure));
      if (AFTER_FAILURE[failure.kind].blames === 'key') coolKey(deps, { target, key, config }, failure);
      if (AFTER_FAILURE[failure.kind].blames === 'target') tellOfFailure(deps, target, failure);
    };
    const checks: CheckDeps = {
      randomHex: (digits) => randomHex(deps.random, digits),
      nowS: () => Math.floor(call.receivedAtMs / 1_000),
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
      const answered = await limit.race(
        method({
          ...{ request: call.model, body: call.params, model: target.model, key, injected: call.facts.injected },
          signal: limit.signal,
          firstByteTimeoutMs: Math.max(1, Math.min(config.firstByteTimeoutMs, leftMs)),
          idleTimeoutMs: Math.max(1, Math.min(config.idleTimeoutMs, leftMs)),
          ...{ traceparent: call.traceparent, report },
        }),
        leaveOutcome,
      );
      const outcome = checkOutcome(answered, checks);
      if (!isStreamed(outcome)) {
        began();
        ticket.ended('answered');
        limit.release();
        return outcome;
      }
      return await beginStream({ monotonicMs, limit, createCheck: () => createEventCheck(checks) }, outcome, {
        began,
        waited: (ms) => {
          call.facts.upstreamMs = (call.facts.upstreamMs ?? 0) + ms;
        },
        over(error) {
          const failure = asProviderFailure(error);
          if (failure === undefined) ticket.ended('answered');
          if (!(failure instanceof ProviderFailure)) {
            ticket.ended('unknown');
            return failure;
          }
          blame(failure);
          return providerError(target, failure, attempts);
        },
      });
    } catch (thrown) {
      limit.release();
      const error = asProviderFailure(thrown);
      if (!(error instanceof ProviderFailure)) {
        ticket.ended('unknown');
        throw error;
      }
      blame(error);
      call.facts.upstreamMs = monotonicMs() - journey.startedMs;
      keepCounts(report);
      if (report.usage !== undefined) wasted.push({ provider: provider.id, model: target.model, usage: report.usage });
      journey.failures.push({ target, failure: error, report });
      return error;
    }
  };
}

function randomHex(random: () => number, digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
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

/** The key is left alone for a while; of one that is not accepted, the operator hears once. */
function coolKey(
  { health, log }: TryDeps,
  { target, key, config }: { target: ModelTarget; key: ProviderKey | undefined; config: ProviderConfig },
  { kind, status, retryAfterMs }: ProviderFailure,
): void {
  if (kind !== 'rate-limited' && kind !== 'quota-exceeded' && kind !== 'unauthorized') return;
  const forMs = Math.min(MAX_COOLING_MS, Math.max(COOLING_MS[kind], retryAfterMs ?? 0));
  if (key !== undefined) health.noteKey(target, key, { reason: kind, forMs });
  if (kind === 'rate-limited' || !health.isNews(key ?? config)) return;
  log?.warn('a provider of models does not accept a key', {
    ...{ provider: config.id, key: key?.name, model: target.model, reason: kind, status },
  });
}

/** Of these the text is our own; what a provider says may repeat a prompt. */
const OWN_TEXT: ReadonlySet<ProviderFailureKind> = new Set(['unreachable', 'connection-lost', 'timeout']);

/** Callers are not told where a provider is, or why it cannot be reached; the operator is. */
function tellOfFailure(
  { health, log }: TryDeps,
  target: ModelTarget,
  { kind, status, message }: ProviderFailure,
): void {
  if (log === undefined || !health.isNewsOf(target)) return;
  log.warn('a provider of models failed', {
    ...{ provider: target.provider, model: target.model, failure: kind, status },
    ...(OWN_TEXT.has(kind) && { reason: message }),
  });
}

/** An answer that came when nobody waited any more. */
function leaveOutcome(outcome: ModelOutcome): void {
  if (!isStreamed(outcome)) return;
  if (outcome.type === 'raw') leave(outcome.bytes[Symbol.asyncIterator]());
  else leave(outcome.stream.value[Symbol.asyncIterator]());
}
