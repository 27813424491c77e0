/** The neutral lane: the answer of a provider that speaks Responses, for a client that speaks something else. */

import type { ChatAnswer } from '../../../contracts/chat.ts';
import { type ModelReport, ProviderFailure } from '../../../contracts/models.ts';
import type { ToolNames } from '../tool-names.ts';
import { decodeAnswer } from './decode-answer.ts';

/** Throws ProviderFailure. */
export function readAnswer(text: string, names: ToolNames, report: ModelReport): ChatAnswer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ProviderFailure('malformed', 'an answer that is no JSON', { cause: error });
  }
  const answer = decodeAnswer(value, names);
  if (answer.usage !== undefined) report.usage = answer.usage;
  for (const { stop, parts } of answer.choices) {
    report.stop = stop;
    for (const part of parts) {
      if (part.type === 'tool-call') report.outputChars += part.arguments.length;
      else if ('text' in part) report.outputChars += part.text.length;
    }
  }
  return answer;
}
