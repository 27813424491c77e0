/** What a provider answered in neutral words, held to what those promise; what is passed on as it came is not looked at. */

import type { EmbedAnswer } from '../../contracts/embed.ts';
import { type ModelOutcome, type ModelReport, ProviderFailure } from '../../contracts/models.ts';
import { type CheckDeps, checkAnswer } from '../../domain/models/check-answer.ts';
import { checkUsage } from '../../domain/models/check-usage.ts';

/** Of an answer that is whole. Throws ProviderFailure `malformed`. */
export function checkOutcome<O extends ModelOutcome>(outcome: O, deps: CheckDeps): O {
  if (!('answer' in outcome) || outcome.answer.lane === 'pass') return outcome;
  switch (outcome.type) {
    case 'chat':
      return { ...outcome, answer: { lane: 'neutral', value: checkAnswer(outcome.answer.value, deps) } };
    case 'token-count':
      if (!isCount(outcome.answer.value.inputTokens)) throw new ProviderFailure('malformed', 'a count that is none');
      return outcome;
    case 'embeddings':
      return { ...outcome, answer: { lane: 'neutral', value: checkVectors(outcome.answer.value) } };
  }
}

function checkVectors(answer: EmbedAnswer): EmbedAnswer {
  if (!answer.vectors.every((vector) => vector.every(Number.isFinite)))
    throw new ProviderFailure('malformed', 'a vector of what is no number');
  return isCount(answer.inputTokens) ? answer : { ...answer, inputTokens: undefined };
}

const isCount = (count: number | undefined): boolean => Number.isSafeInteger(count) && Number(count) >= 0;

/** Of a report: no usage stays that is none, whichever lane told it. */
export function keepCounts(report: ModelReport): void {
  const usage = report.usage && checkUsage(report.usage);
  if (usage === undefined) delete report.usage;
  else report.usage = usage;
}

/**
 * What the reading of an answer broke on. Whatever it nests or repeats without end runs us out of stack or of room for a text:
 * that is the provider's doing, and no mistake of ours.
 */
export function asProviderFailure(error: unknown): unknown {
  if (!(error instanceof RangeError)) return error;
  return new ProviderFailure('malformed', 'an answer that is too deep or too large', { cause: error });
}
