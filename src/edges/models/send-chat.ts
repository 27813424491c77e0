/** Puts the answer to a chat on the wire: as the provider sent it where it speaks the client's dialect, else encoded. */

import type { ModelCall } from '../../contracts/call.ts';
import type { ChatEvent } from '../../contracts/chat.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ModelOutcome } from '../../contracts/models.ts';
import type { ByteSink, Exchange } from '../http/exchange.ts';
import { answerHeaders } from './answer-headers.ts';
import type { ChatEdge, DialectEdge } from './dialect-edge.ts';
import { createFillEvents, fillAnswer } from './fill-arguments.ts';
import { asGatewayError, type ModelEdgeDeps, type SendOutcome } from './serve-model.ts';

const STREAM_HEADERS = { 'Cache-Control': 'no-store, no-transform', 'X-Accel-Buffering': 'no' };

export function createSendChat(deps: Pick<ModelEdgeDeps, 'log'>, edge: ChatEdge): SendOutcome {
  return (exchange, call, outcome) => {
    if (outcome.type === 'chat') {
      const { lane, value } = outcome.answer;
      exchange.sendJson(
        200,
        lane === 'pass' ? value : edge.encodeAnswer(fillAnswer(value), call.params.value),
        answerHeaders(call, true),
      );
      return;
    }
    if (outcome.type === 'chat-stream') return sendStream(deps, exchange, call, edge, outcome);
    throw new GatewayError('internal', `a chat that was answered with ${outcome.type}`);
  };
}

type Streamed = Extract<ModelOutcome, { readonly type: 'chat-stream' }>;

function sendStream(
  deps: Pick<ModelEdgeDeps, 'log'>,
  exchange: Exchange,
  call: ModelCall,
  edge: ChatEdge,
  { stream, contentType }: Streamed,
): Promise<void> {
  const headers = { ...STREAM_HEADERS, ...answerHeaders(call, false) };
  if (stream.lane === 'pass') {
    const sink = exchange.openBytes(200, { 'Content-Type': contentType, ...headers });
    return pump(deps, sink, call, edge, stream.value, (chunk) => chunk, '');
  }
  const encoder = edge.createStreamEncoder(call.params.value);
  const sink = exchange.openBytes(200, { 'Content-Type': edge.streamContentType, ...headers });
  const fill = createFillEvents();
  const encode = (events: readonly ChatEvent[]): string => encoder.encode(fill(events));
  return pump(deps, sink, call, edge, stream.value, encode, () => encoder.finish());
}

/** Reads as fast as the client takes; a client that goes away ends the reading, and with it the provider's answer. */
export async function pump<T>(
  deps: Pick<ModelEdgeDeps, 'log'>,
  sink: ByteSink,
  call: ModelCall,
  edge: DialectEdge,
  stream: AsyncIterable<T>,
  encode: (item: T) => Uint8Array | string,
  finish: '' | (() => string),
): Promise<void> {
  const iterator = stream[Symbol.asyncIterator]();
  let isLeft = false;
  // Even in the middle of waiting for the provider: nobody is to pay for what nobody reads.
  sink.onClose(() => {
    if (isLeft) return;
    isLeft = true;
    void iterator.return?.();
  });
  try {
    for (;;) {
      const item = await iterator.next();
      if (item.done === true) break;
      if (sink.closed) return;
      if (!sink.write(encode(item.value))) await sink.drained();
    }
    if (sink.closed) return;
    if (finish !== '') sink.write(finish());
  } catch (error) {
    if (sink.closed) return;
    // The head has left with 200: the stream itself has to say that it broke.
    sink.write(edge.renderStreamError(asGatewayError(deps, error, call.id), call.id));
  }
  isLeft = true;
  sink.end();
}
