/** What is passed through: audio, images, moderations, files, rerank, and completions of old. */

import type { ModelCall } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ByteStream } from '../../contracts/models.ts';
import type { ByteSink, Route } from '../http/exchange.ts';
import { answerHeaders } from '../models/answer-headers.ts';
import { readModelPath } from '../models/model-path.ts';
import { asGatewayError, type ModelEdgeDeps, type SendOutcome, serveModel } from '../models/serve-model.ts';
import { errorEdges } from './errors.ts';
import { readPassPath } from './pass-path.ts';
import { readPass } from './read-pass.ts';

export function createPassRoute(deps: ModelEdgeDeps): Route {
  const send: SendOutcome = (exchange, call, outcome) => {
    if (outcome.type !== 'raw')
      throw new GatewayError('internal', `a pass-through that was answered with ${outcome.type}`);
    const sink = exchange.openBytes(outcome.status, { ...outcome.headers, ...answerHeaders(call, false) });
    return forward(deps, call, sink, outcome.bytes);
  };
  return (exchange) => {
    const path = readModelPath(exchange.segments);
    if (path === undefined || (path.api !== undefined && path.api !== 'openai')) return false;
    const known = readPassPath(path.rest);
    if (known === undefined) return false;
    const read = () => readPass(exchange, known, deps.limits().maxJsonDepth);
    return serveModel(deps, exchange, errorEdges.openai, read, send);
  };
}

/** As fast as the client takes it. Bytes have no place for an error: one that breaks off ends the connection. */
async function forward(
  deps: Pick<ModelEdgeDeps, 'log'>,
  call: ModelCall,
  sink: ByteSink,
  bytes: ByteStream,
): Promise<void> {
  const iterator = bytes[Symbol.asyncIterator]();
  let isLeft = false;
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
      if (!sink.write(item.value)) await sink.drained();
    }
    isLeft = true;
    sink.end();
  } catch (error) {
    if (sink.closed) return;
    asGatewayError(deps, error, call.id);
    isLeft = true;
    sink.destroy();
  }
}
