/** Puts the answer to a chat on the wire: as the provider sent it where it speaks the client's dialect, else encoded. */

import type { ModelCall } from '../../contracts/call.ts';
import type { ChatEvent } from '../../contracts/chat.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ModelOutcome } from '../../contracts/models.ts';
import type { ByteSink, Exchange } from '../http/exchange.ts';
import { answerHeaders } from './answer-headers.ts';
import type { ChatEdge } from './dialect-edge.ts';
import { createFillEvents, fillAnswer } from './fill-arguments.ts';
import { pump } from './pump.ts';
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
  // The head has left with 200: the stream itself has to say that it broke.
  const onBroken = (sink: ByteSink) => (error: unknown) => {
    sink.write(edge.renderStreamError(asGatewayError(deps, error, call.id), call.id));
    sink.end();
  };
  if (stream.lane === 'pass') {
    const sink = exchange.openBytes(200, { 'Content-Type': contentType, ...headers });
    return pump(sink, stream.value, { encode: (chunk) => chunk, finish: () => '', onBroken: onBroken(sink) });
  }
  const encoder = edge.createStreamEncoder(call.params.value);
  const sink = exchange.openBytes(200, { 'Content-Type': edge.streamContentType, ...headers });
  const fill = createFillEvents();
  const encode = (events: readonly ChatEvent[]): string => encoder.encode(fill(events));
  return pump(sink, stream.value, { encode, finish: () => encoder.finish(), onBroken: onBroken(sink) });
}
