/** Step: every call leaves one row in the trail, however it ends. The row is written off the path, after the answer. */

import type { Call, Outcome, SharedStep } from '../../contracts/call.ts';
import { type ErrorCode, GatewayError } from '../../contracts/errors.ts';
import type { Meter } from '../../contracts/meter.ts';
import type { ModelOutcome } from '../../contracts/models.ts';
import type { CallFinish, ResultClass, Trail } from '../../contracts/trail.ts';
import { memberText } from '../../lib/json-text.ts';
import type { DescribeIntent } from '../intent.ts';
import { describeReport } from '../models/describe-report.ts';
import { isStreamed, onEnd, type StreamEnd, type StreamedOutcome } from '../on-end.ts';

function classOf(code: ErrorCode): ResultClass {
  switch (code) {
    case 'cancelled':
      return 'cancelled';
    case 'outcome_unknown':
      return 'unknown';
    case 'upstream_unavailable':
    case 'upstream_needs_auth':
    case 'upstream_failed':
    case 'upstream_timeout':
    case 'cross_era_unsupported':
    case 'provider_rate_limited':
    case 'provider_unavailable':
    case 'provider_failed':
    case 'provider_timeout':
    case 'provider_needs_auth':
    case 'audit_unavailable':
    case 'limits_unavailable':
    case 'too_many':
    case 'internal':
      return 'failed';
    default:
      return 'refused';
  }
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof GatewayError ? error.code : 'internal';
}

/** Of an answer that went through as it came; one that was translated has no length of its own. */
function answerBytes(outcome: Exclude<ModelOutcome, StreamedOutcome>): number {
  return outcome.type !== 'model-list' && outcome.answer.lane === 'pass' ? Buffer.byteLength(outcome.answer.value) : 0;
}

export interface RecordDeps {
  readonly trail: Trail;
  readonly describeIntent: DescribeIntent;
  readonly monotonicMs: () => number;
  /** Undefined: nobody asked for metrics. */
  readonly meter?: Meter | undefined;
}

/** The one record of a call: trail and metrics are told the same figures, and `Server-Timing` repeats them. */
export function createRecord(deps: RecordDeps): SharedStep {
  const { meter } = deps;
  // One function for all calls: the hook costs them a field.
  const onSent = meter && ((call: Call): void => meter.sent(call));

  const end = (call: Call, result: ResultClass, error: string | undefined, resultBytes: number): void => {
    const totalMs = deps.monotonicMs() - call.startedMs;
    call.facts.totalMs = totalMs;
    const { model } = call.facts;
    const finish: CallFinish = {
      id: call.id,
      result,
      error,
      resultBytes,
      totalMs,
      upstreamMs: Math.min(call.facts.upstreamMs ?? 0, totalMs),
      policy: call.facts.policy,
      cached: call.facts.cached,
      priceMicroUsd: call.facts.priceMicroUsd,
      model: model && describeReport(model, call.facts.plan),
      runId: call.facts.runId,
    };
    meter?.end(call, finish);
    if (call.facts.intended) deps.trail.finish(finish);
    else deps.trail.record(deps.describeIntent(call), finish);
  };

  const endStream = (call: Call, how: StreamEnd): void => {
    switch (how.type) {
      case 'complete':
        return end(call, 'ok', undefined, how.bytes);
      case 'left':
        return end(call, 'cancelled', 'cancelled', how.bytes);
      case 'failed': {
        const code = codeOf(how.error);
        return end(call, classOf(code), code, how.bytes);
      }
    }
  };

  const onOutcome = <O extends Outcome>(call: Call, outcome: O): O => {
    if (outcome.type === 'rpc-error')
      end(call, 'rpc-error', memberText(outcome.text, 'code'), Buffer.byteLength(outcome.text));
    else if (outcome.type === 'result') {
      const bytes = outcome.sharedBytes ?? Buffer.byteLength(outcome.text);
      end(call, outcome.isError ? 'tool-error' : 'ok', undefined, bytes);
    } else if (isStreamed(outcome)) return onEnd<StreamedOutcome>(outcome, (how) => endStream(call, how)) as O;
    else end(call, 'ok', undefined, answerBytes(outcome));
    return outcome;
  };

  const onError = (call: Call, error: unknown): never => {
    const code = codeOf(error);
    end(call, classOf(code), code, 0);
    throw error;
  };

  return (call, next) => {
    if (onSent !== undefined) {
      meter?.begin();
      call.facts.onSent = onSent;
    }
    try {
      const outcome = next();
      if (!(outcome instanceof Promise)) return onOutcome(call, outcome);
      return outcome.then(
        (value) => onOutcome(call, value),
        (error: unknown) => onError(call, error),
      );
    } catch (error) {
      return onError(call, error);
    }
  };
}
