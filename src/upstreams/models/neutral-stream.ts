/** A streamed answer that has to be decoded: reads the first events before it is handed out, and keeps the report. */

import type { ChatEvent } from '../../contracts/chat.ts';
import { type EventStream, type ModelReport, ProviderFailure } from '../../contracts/models.ts';
import type { ProviderResponse } from './send.ts';

/** Decodes one stream. Throws ProviderFailure where the provider says so, or where it sends what is none of its dialect. */
export interface StreamDecoder {
  /** What these bytes complete; often nothing. */
  push(bytes: Uint8Array): readonly ChatEvent[];
  /** The body is over: what is left to tell. */
  finish(): readonly ChatEvent[];
}

/**
 * Resolves with the stream once its first events are there: a provider that fails with its first words has not begun to
 * answer. A stream that ends without `end` fails with `connection-lost`; leaving it ends the exchange.
 */
export async function openNeutralStream(
  response: ProviderResponse,
  decoder: StreamDecoder,
  report: ModelReport,
): Promise<EventStream> {
  const pieces = response.pieces()[Symbol.asyncIterator]();
  const leave = (): void => {
    void pieces.return?.();
    response.cancel();
  };
  const state = { isOver: false, hasEnd: false };

  /** The next events; undefined: there are none any more. */
  const read = async (): Promise<readonly ChatEvent[] | undefined> => {
    try {
      while (!state.isOver) {
        const piece = await pieces.next();
        // Whoever left while this was waited for wants no end.
        if (state.isOver) return undefined;
        state.isOver = piece.done === true;
        const events = piece.done === true ? decoder.finish() : decoder.push(piece.value);
        for (const event of events) note(event, report, state);
        if (events.length > 0) return events;
      }
    } catch (error) {
      state.isOver = true;
      leave();
      // Whatever breaks behind its end takes nothing from the answer.
      if (state.hasEnd) return undefined;
      throw error;
    }
    if (!state.hasEnd) throw new ProviderFailure('connection-lost', 'the stream ended before its end');
    return undefined;
  };

  let first = await read();
  const next = async (): Promise<IteratorResult<readonly ChatEvent[]>> => {
    const events = first ?? (await read());
    first = undefined;
    return events === undefined ? { done: true, value: undefined } : { done: false, value: events };
  };
  const iterator: AsyncIterator<readonly ChatEvent[]> = {
    next,
    return() {
      state.isOver = true;
      state.hasEnd = true;
      first = undefined;
      leave();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

function note(event: ChatEvent, report: ModelReport, state: { hasEnd: boolean }): void {
  if (event.type === 'delta') report.outputChars += event.text.length;
  else if (event.type === 'usage') report.usage = event.usage;
  else if (event.type === 'choice-end') report.stop = event.stop;
  else if (event.type === 'end') state.hasEnd = true;
}
