/** What a provider of this dialect answered, as an outcome: as it came where the client speaks it, too, else decoded. */

import type { ModelOutcome, ModelReport } from '../../../contracts/models.ts';
import { openNeutralStream } from '../neutral-stream.ts';
import type { ProviderResponse } from '../send.ts';
import { decodeMessage } from './decode-message.ts';
import { createMessageStreamDecoder } from './message-stream.ts';
import { beginStream } from './read-stream.ts';
import { createStreamTap } from './stream-tap.ts';
import { createWireNames, type WireNames } from './wire-names.ts';

export interface ReadAnswerOptions {
  readonly report: ModelReport;
  readonly stream: boolean;
  /** Undefined: the passing lane. */
  readonly names: WireNames | undefined;
  /** Unix seconds. */
  readonly createdAtS: number;
}

type ChatOutcome = Extract<ModelOutcome, { readonly type: 'chat' | 'chat-stream' }>;

/** Throws ProviderFailure. The status has been looked at. */
export function readAnswer(response: ProviderResponse, options: ReadAnswerOptions): Promise<ChatOutcome> {
  return options.stream ? readStreamed(response, options) : readWhole(response, options);
}

async function readWhole(
  response: ProviderResponse,
  { report, names, createdAtS }: ReadAnswerOptions,
): Promise<ChatOutcome> {
  const text = await response.text();
  const answer = decodeMessage(text, names ?? createWireNames(), createdAtS);
  if (answer.usage !== undefined) report.usage = answer.usage;
  for (const { parts, stop } of answer.choices) {
    report.stop = stop;
    for (const part of parts)
      report.outputChars += 'text' in part ? part.text.length : 'arguments' in part ? part.arguments.length : 0;
  }
  if (names === undefined) return { type: 'chat', answer: { lane: 'pass', value: text } };
  return { type: 'chat', answer: { lane: 'neutral', value: answer } };
}

async function readStreamed(
  response: ProviderResponse,
  { report, names, createdAtS }: ReadAnswerOptions,
): Promise<ChatOutcome> {
  const contentType = String(response.headers['content-type'] ?? 'text/event-stream');
  if (names === undefined) {
    const tap = createStreamTap(report);
    const stream = await beginStream(response.pieces(), {
      read(piece) {
        tap.look(piece);
        return piece;
      },
      finish: tap.finish,
    });
    return { type: 'chat-stream', stream: { lane: 'pass', value: stream }, contentType };
  }
  const stream = await openNeutralStream(response, createMessageStreamDecoder(names, createdAtS), report);
  return { type: 'chat-stream', stream: { lane: 'neutral', value: stream }, contentType };
}
