/** The neutral lane: the answer of a provider that speaks Responses, for a client that speaks something else. */

import type { ChatAnswer, ChatEvent } from '../../../contracts/chat.ts';
import { type EventStream, type ModelReport, ProviderFailure } from '../../../contracts/models.ts';
import type { ProviderResponse } from '../send.ts';
import type { ToolNames } from '../tool-names.ts';
import { decodeAnswer } from './decode-answer.ts';
import { createStreamDecoder } from './decode-stream.ts';

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

/** Resolves once the first events are there; otherwise like `passStream`. */
export async function readStream(
  response: ProviderResponse,
  names: ToolNames,
  report: ModelReport,
  maxEventChars: number,
): Promise<EventStream> {
  const pieces = response.pieces()[Symbol.asyncIterator]();
  const decoder = createStreamDecoder(names, maxEventChars);
  let isLeft = false;

  /** The next events; undefined: that was all. */
  const read = async (): Promise<readonly ChatEvent[] | undefined> => {
    try {
      while (!isLeft) {
        const piece = await pieces.next();
        if (piece.done === true) break;
        const events = decoder.push(piece.value);
        for (const event of events) note(event, report);
        if (events.length > 0) return events;
      }
    } catch (error) {
      isLeft = true;
      void pieces.return?.();
      throw error;
    }
    if (isLeft || decoder.isComplete) return undefined;
    throw new ProviderFailure('connection-lost', 'the stream ended before its last event');
  };

  let first = await read();
  const iterator: AsyncIterator<readonly ChatEvent[]> = {
    async next() {
      const events = first ?? (await read());
      first = undefined;
      return events === undefined ? { done: true, value: undefined } : { done: false, value: events };
    },
    async return() {
      isLeft = true;
      first = undefined;
      await pieces.return?.();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

function note(event: ChatEvent, report: ModelReport): void {
  if (event.type === 'delta') report.outputChars += event.text.length;
  else if (event.type === 'usage') report.usage = event.usage;
  else if (event.type === 'choice-end') report.stop = event.stop;
}
