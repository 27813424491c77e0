/** What is passed through: audio, images, moderations, files, rerank, and completions of old. */

import { GatewayError } from '../../contracts/errors.ts';
import type { Route } from '../http/exchange.ts';
import { answerHeaders } from '../models/answer-headers.ts';
import { readModelPath } from '../models/model-path.ts';
import { pump } from '../models/pump.ts';
import { asGatewayError, type ModelEdgeDeps, type SendOutcome, serveModel } from '../models/serve-model.ts';
import { errorEdges } from './errors.ts';
import { readPassPath } from './pass-path.ts';
import { readPass } from './read-pass.ts';

export function createPassRoute(deps: ModelEdgeDeps): Route {
  const send: SendOutcome = (exchange, call, outcome) => {
    if (outcome.type !== 'raw')
      throw new GatewayError('internal', `a pass-through that was answered with ${outcome.type}`);
    const sink = exchange.openBytes(outcome.status, { ...outcome.headers, ...answerHeaders(call, false) });
    // Bytes have no place for an error: one that breaks off ends the connection.
    const onBroken = (error: unknown): void => {
      asGatewayError(deps, error, call.id);
      sink.destroy();
    };
    return pump(sink, outcome.bytes, { encode: (chunk) => chunk, finish: () => '', onBroken });
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
