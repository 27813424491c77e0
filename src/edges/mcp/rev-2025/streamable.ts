/** Streamable HTTP of the legacy era: POST of messages, GET of a stream, DELETE of the session. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { Exchange } from '../../http/exchange.ts';
import { type Accepted, readAccept } from '../accept.ts';
import type { Body } from '../read-message.ts';
import { renderRpcError } from '../render-error.ts';
import { type Arrival, answerRequest } from './answer-request.ts';
import { decodeMessage, type RequestMessage } from './decode.ts';
import { encodeResult } from './encode.ts';
import { type InitializeDeps, initialize } from './initialize.ts';
import { openPostAnswer, requireAcceptable, type SlowAnswers } from './post-answer.ts';
import type { Session } from './session.ts';
import type { Sessions, Visitor } from './sessions.ts';
import { readSessionBatch, takeMessage } from './take-message.ts';
import { isLegacyVersion, LEGACY_VERSIONS, primesStreams } from './versions.ts';

export interface StreamableDeps extends InitializeDeps {
  readonly sessions: Sessions;
  readonly slow: SlowAnswers;
}

export interface Streamable {
  post(exchange: Exchange, visitor: Visitor, body: Body): Promise<void>;
  get(exchange: Exchange, visitor: Visitor): void;
  delete(exchange: Exchange, visitor: Visitor): void;
}

/** Errors of the transport are thrown as GatewayError; errors of a well-formed request are answered here. */
export function createStreamable(deps: StreamableDeps): Streamable {
  const { sessions, log } = deps;

  const findSession = (exchange: Exchange, visitor: Visitor): Session => {
    const id = exchange.header('mcp-session-id');
    if (id === undefined) throw new GatewayError('invalid_request', 'Mcp-Session-Id header is required');
    const session = sessions.find(id, visitor, 'streamable');
    const version = exchange.header('mcp-protocol-version');
    if (version !== undefined && !isLegacyVersion(version))
      throw new GatewayError('unsupported_version', undefined, { data: { supported: LEGACY_VERSIONS } });
    return session;
  };

  const postInitialize = async (
    exchange: Exchange,
    visitor: Visitor,
    message: RequestMessage,
    accepted: Accepted,
  ): Promise<void> => {
    const session = sessions.create(visitor, 'streamable');
    const answer = await initialize(deps, session, message, { ...visitor, narrowing: exchange.narrowing, exchange });
    const begun = session.client !== undefined;
    if (!begun) session.close();
    const headers = begun ? { 'Mcp-Session-Id': session.id } : {};
    if (accepted.json) {
      exchange.sendJson(answer.status, answer.body, headers);
      return;
    }
    const stream = exchange.openSse(headers);
    stream.send(answer.body, { event: 'message' });
    stream.end();
  };

  /** One asynchronous function for the whole way, since each further one would cost every call a turn. */
  const postSingle = async (exchange: Exchange, visitor: Visitor, body: Body & { type: 'single' }): Promise<void> => {
    const message = decodeMessage(body.envelope);
    if (message.type !== 'request') {
      takeMessage(findSession(exchange, visitor), message);
      exchange.sendEmpty(202);
      return;
    }
    try {
      const accepted = readAccept(exchange.header('accept'));
      requireAcceptable(accepted);
      if (message.method === 'initialize') return await postInitialize(exchange, visitor, message, accepted);
      if (message.method === 'ping' && exchange.header('mcp-session-id') === undefined) {
        exchange.sendJson(200, encodeResult(message.id, '{}'));
        return;
      }
      const session = findSession(exchange, visitor);
      const { endpoint, credential } = visitor;
      const arrival: Arrival = { endpoint, credential, narrowing: exchange.narrowing, exchange };
      const out = openPostAnswer(exchange, session, { accepted, isBatch: false, slow: deps.slow });
      out.add(await answerRequest(deps, session, message, arrival, out));
      out.finish();
    } catch (error) {
      if (exchange.answered) throw error;
      const { status, body: rendered } = renderRpcError(message.id, error, 'legacy', log);
      exchange.sendJson(status, rendered);
    }
  };

  const postBatch = async (exchange: Exchange, visitor: Visitor, body: Body & { type: 'batch' }): Promise<void> => {
    const session = findSession(exchange, visitor);
    const messages = readSessionBatch(session, body);
    const accepted = readAccept(exchange.header('accept'));
    const invalid: GatewayError[] = [];
    const requests: RequestMessage[] = [];
    for (const message of messages)
      if (message instanceof GatewayError) invalid.push(message);
      else if (message.type === 'request') requests.push(message);
      else takeMessage(session, message);
    if (requests.length + invalid.length === 0) {
      exchange.sendEmpty(202);
      return;
    }
    requireAcceptable(accepted);
    const arrival: Arrival = { ...visitor, narrowing: exchange.narrowing, exchange };
    const out = openPostAnswer(exchange, session, { accepted, isBatch: true, slow: deps.slow });
    for (const error of invalid) out.add(renderRpcError('null', error, 'legacy', log));
    await Promise.all(
      requests.map(async (request) => out.add(await answerRequest(deps, session, request, arrival, out))),
    );
    out.finish();
  };

  return {
    post: (exchange, visitor, body) =>
      body.type === 'single' ? postSingle(exchange, visitor, body) : postBatch(exchange, visitor, body),

    get(exchange, visitor) {
      if (!readAccept(exchange.header('accept')).sse)
        throw new GatewayError('not_acceptable', 'accept text/event-stream');
      const session = findSession(exchange, visitor);
      const primed = session.client !== undefined && primesStreams(session.client.version);
      const lastEventId = exchange.header('last-event-id');
      // An empty one is what a reader sends that has seen no id yet.
      if (lastEventId === undefined || lastEventId === '') {
        session.outbox.standalone.attach(exchange.openSse(), primed);
        return;
      }
      const resumption = session.outbox.resume(lastEventId);
      // 204 tells a reader of event streams to stop reconnecting (WHATWG HTML §9.2).
      if (resumption.type === 'over') exchange.sendEmpty(204);
      else if (resumption.type === 'resume') resumption.attach(exchange.openSse());
      else throw new GatewayError('invalid_request', 'Last-Event-ID names no event of this session');
    },

    delete(exchange, visitor) {
      findSession(exchange, visitor).close();
      exchange.sendEmpty(204);
    },
  };
}
