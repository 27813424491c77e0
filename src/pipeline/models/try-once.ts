/** One attempt: one request to one provider, recorded however it ends, watched until its answer is over. */

import type { ModelCall } from '../../contracts/call.ts';
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
import { type CheckEvents, createEventCheck } from '../../domain/models/check-events.ts';
import { isStreamed } from '../on-end.ts';
import { type AttemptLimit, createAttemptLimit } from './attempt-limit.ts';
import { beginStream, leave, type StreamWatch } from './begin-stream.ts';
import { asProviderFailure, checkOutcome, keepCounts } from './check-outcome.ts';
import type { Journey } from './journey.ts';
import type { AttemptVerdict, CoolingReason, ModelHealth, Ticket } from './model-health.ts';
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
  const { monotonicMs } = deps;

  return async (journey, at) => {
    const { call } = journey;
    const { provider, target, key } = at;
    const { config } = provider;
    const trial = new Trial(deps, journey, at);
    const { report, limit, leftMs } = trial;
    try {
      const answered = await limit.race(
        at.method({
          request: call.model,
          body: call.params,
          model: target.model,
          key,
          injected: call.facts.injected,
          signal: limit.signal,
          firstByteTimeoutMs: Math.max(1, Math.min(config.firstByteTimeoutMs, leftMs)),
          idleTimeoutMs: Math.max(1, Math.min(config.idleTimeoutMs, leftMs)),
          traceparent: call.traceparent,
          report,
        }),
        leaveOutcome,
      );
      const isPassed = 'answer' in answered && answered.answer.lane === 'pass';
      if (isPassed || !isStreamed(answered)) {
        const outcome = isPassed ? answered : checkOutcome(answered, checksOf(deps, call));
        trial.began();
        trial.ticket.ended('answered');
        limit.release();
        return outcome;
      }
      const createCheck = (): CheckEvents => createEventCheck(checksOf(deps, call));
      return await beginStream({ monotonicMs, limit, createCheck }, answered, trial);
    } catch (thrown) {
      limit.release();
      const error = asProviderFailure(thrown);
      if (!(error instanceof ProviderFailure)) {
        trial.ticket.ended('unknown');
        throw error;
      }
      trial.blame(error);
      call.facts.upstreamMs = monotonicMs() - journey.startedMs;
      keepCounts(report);
      if (report.usage !== undefined)
        journey.wasted.push({ provider: provider.id, model: target.model, usage: report.usage });
      journey.failures.push({ target, failure: error, report });
      return error;
    }
  };
}

const checksOf = ({ random }: TryDeps, { receivedAtMs }: Pick<ModelCall, 'receivedAtMs'>): CheckDeps => ({
  randomHex: (digits) => randomHex(random, digits),
  nowS: () => Math.floor(receivedAtMs / 1_000),
});

/** What is noted of an attempt while it is under way. A class, because every call has one. */
class Trial<R extends ModelRequest, O extends ModelOutcome> implements StreamWatch {
  readonly report: ModelReport;
  readonly limit: AttemptLimit;
  readonly ticket: Ticket;
  readonly leftMs: number;
  readonly #deps: TryDeps;
  readonly #journey: Journey<R, O>;
  readonly #at: TryAt<R, O>;
  readonly #beganMs: number;
  readonly #index: number;
  #durationMs: number | undefined = undefined;

  constructor(deps: TryDeps, journey: Journey<R, O>, at: TryAt<R, O>) {
    const { call, attempts, wasted } = journey;
    const { provider, target } = at;
    this.#deps = deps;
    this.#journey = journey;
    this.#at = at;
    this.#beganMs = deps.monotonicMs();
    this.leftMs = at.deadlineMs - this.#beganMs;
    this.#index = attempts.length;
    // Its own: what a failed attempt still writes must not stand in the report of the one that answers.
    this.report = { provider: provider.id, model: target.model, attempts, wasted, dropped: [], outputChars: 0 };
    call.facts.model = this.report;
    call.facts.serverId = provider.id;
    call.facts.target = target.model;
    this.ticket = deps.health.admit(target, provider.config.circuitBreaker);
    this.limit = createAttemptLimit(call.signal, this.leftMs);
  }

  /** The answer has begun. */
  began(): void {
    const { call, startedMs } = this.#journey;
    const { target, key } = this.#at;
    const nowMs = this.#deps.monotonicMs();
    this.#note(undefined);
    this.ticket.began(nowMs - this.#beganMs);
    if (key !== undefined) this.#deps.health.noteKey(target, key, undefined);
    this.report.firstByteMs = nowMs - call.startedMs;
    call.facts.upstreamMs = nowMs - startedMs;
  }

  waited(ms: number): void {
    const { facts } = this.#journey.call;
    facts.upstreamMs = (facts.upstreamMs ?? 0) + ms;
  }

  /** A stream is over. */
  over(error: unknown): unknown {
    const failure = asProviderFailure(error);
    if (failure === undefined) this.ticket.ended('answered');
    if (!(failure instanceof ProviderFailure)) {
      this.ticket.ended('unknown');
      return failure;
    }
    this.blame(failure);
    return providerError(this.#at.target, failure, this.#journey.attempts);
  }

  blame(failure: ProviderFailure): void {
    const { target, key, provider } = this.#at;
    this.#note(failure);
    this.ticket.ended(verdictOf(failure));
    const { blames } = AFTER_FAILURE[failure.kind];
    if (blames === 'key') coolKey(this.#deps, { target, key, config: provider.config }, failure);
    if (blames === 'target') tellOfFailure(this.#deps, target, failure);
  }

  #note(failure: ProviderFailure | undefined): void {
    const { provider, target, key } = this.#at;
    this.#durationMs ??= this.#deps.monotonicMs() - this.#beganMs;
    this.#journey.attempts[this.#index] = {
      provider: provider.id,
      model: target.model,
      key: key?.name,
      durationMs: this.#durationMs,
      failure: failure?.kind,
      status: failure?.status,
    };
  }
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
