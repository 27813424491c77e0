/** The 2024-11-05 transport: `GET …/sse` opens the session's only stream, `POST …/messages` is answered on it. */

import type { Endpoint } from '../../../contracts/call.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { Body } from '../read-message.ts';
import { renderRpcError } from '../render-error.ts';
import { type Arrival, answerRequest } from './answer-request.ts';
import type { Channel } from './call-peer.ts';
import { decodeMessage, type RequestMessage } from './decode.ts';
import { type InitializeDeps, initialize } from './initialize.ts';
import { noteSent } from './post-answer.ts';
import type { Session } from './session.ts';
import type { Sessions, Visitor } from './sessions.ts';
import { readSessionBatch, takeMessage } from './take-message.ts';

export interface SseDoorDeps extends InitializeDeps {
  readonly sessions: Sessions;
}

export interface SseDoor {
  open(exchange: Exchange, visitor: Visitor): void;
  post(exchange: Exchange, visitor: Visitor, body: Body): void;
}

function messagesPath(endpoint: Endpoint): string {
  switch (endpoint.type) {
    case 'all':
      return '/messages';
    case 'server':
      return `/mcp/${encodeURIComponent(endpoint.serverId)}/messages`;
    case 'toolset':
      return `/mcp/t/${encodeURIComponent(endpoint.toolset)}/messages`;
  }
}

/** Errors of the transport are thrown as GatewayError; everything else is answered on the stream. */
export function createSseDoor(deps: SseDoorDeps): SseDoor {
  const { sessions, log } = deps;

  const answer = async (session: Session, message: RequestMessage, arrival: Arrival & Visitor): Promise<void> => {
    const out = session.outbox.standalone;
    const channel: Channel = {
      canAsk: true,
      send(text) {
        out.send(text);
        return !session.closed;
      },
    };
    const isOpening = message.method === 'initialize' && session.client === undefined;
    const given = isOpening
      ? await initialize(deps, session, message, arrival)
      : await answerRequest(deps, session, message, arrival, channel);
    if (given === undefined) return;
    out.send(given.body);
    noteSent(given);
  };

  return {
    open(exchange, visitor) {
      const session = sessions.create(visitor, 'sse');
      const stream = exchange.openSse();
      stream.send(`${messagesPath(visitor.endpoint)}?sessionId=${session.id}`, { event: 'endpoint' });
      session.outbox.standalone.attach(stream, false);
      // The stream is the session: without it no answer could ever arrive.
      stream.onClose(() => session.close());
    },

    post(exchange, visitor, body) {
      const id = exchange.query.get('sessionId');
      if (id === null) throw new GatewayError('invalid_request', 'sessionId is missing');
      const session = sessions.find(id, visitor, 'sse');
      const messages = body.type === 'single' ? [decodeMessage(body.envelope)] : readSessionBatch(session, body);
      const arrival = { ...visitor, narrowing: exchange.narrowing, exchange };
      exchange.sendEmpty(202);
      for (const message of messages) {
        if (message instanceof GatewayError)
          session.outbox.standalone.send(renderRpcError('null', message, 'legacy', log).body);
        else if (message.type !== 'request') takeMessage(session, message);
        // Never rejects: whatever goes wrong becomes an answer.
        else void answer(session, message, arrival);
      }
    },
  };
}
