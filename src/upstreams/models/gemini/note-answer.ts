/** Writes into the report of a call what an answer in Gemini's words says of it. */

import type { JsonObject } from '../../../contracts/json.ts';
import type { ModelReport } from '../../../contracts/models.ts';
import { blockReasonOf, candidatesOf, decodeUsage, partsOf, stopOf } from './decode-answer.ts';

/** For whole answers and each piece of a stream: later words replace earlier ones. */
export function noteAnswer(answer: JsonObject, report: ModelReport): void {
  const usage = answer.usageMetadata === undefined ? undefined : decodeUsage(answer.usageMetadata);
  if (usage !== undefined) report.usage = usage;
  let hasCalls = report.stop === 'tool-calls';
  for (const candidate of candidatesOf(answer)) {
    for (const { text, functionCall } of partsOf(candidate)) {
      if (typeof text === 'string') report.outputChars += text.length;
      if (functionCall === undefined) continue;
      hasCalls = true;
      report.outputChars += JSON.stringify(functionCall).length;
    }
    if (candidate.finishReason !== undefined) report.stop = stopOf(candidate.finishReason, hasCalls);
  }
  if (blockReasonOf(answer) !== undefined) report.stop = 'content-filter';
}
