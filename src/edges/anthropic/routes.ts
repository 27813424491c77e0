/** `POST /v1/messages` and `POST /v1/messages/count_tokens`, also below `/anthropic`. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import type { Exchange, Route } from '../http/exchange.ts';
import { methodNotAllowed } from '../http/render-error.ts';
import { answerHeaders } from '../models/answer-headers.ts';
import { readModelPath } from '../models/model-path.ts';
import { readJsonObject, readModelName } from '../models/read-json.ts';
import { readWishes } from '../models/read-wishes.ts';
import { createSendChat } from '../models/send-chat.ts';
import { type ModelEdgeDeps, type ReadRequest, type SendOutcome, serveModel } from '../models/serve-model.ts';
import { decodeRequest } from './decode-request.ts';
import { messagesEdge } from './messages-edge.ts';

const sendCount: SendOutcome = (exchange, call, outcome) => {
  if (outcome.type !== 'token-count')
    throw new GatewayError('internal', `a count that was answered with ${outcome.type}`);
  const { answer } = outcome;
  const body = answer.lane === 'pass' ? answer.value : JSON.stringify({ input_tokens: answer.value.inputTokens });
  exchange.sendJson(200, body, answerHeaders(call, true));
};

/** The provider holds a part of the conversation: with another key it would not find it. */
function isKept({ thread, container }: JsonObject): boolean {
  return isObject(thread) || container !== undefined;
}

export function createAnthropicRoutes(deps: ModelEdgeDeps): readonly Route[] {
  const sendChat = createSendChat(deps, messagesEdge);

  const read = async (exchange: Exchange, operation: 'chat' | 'count'): Promise<ReadRequest> => {
    if (exchange.method !== 'POST') throw methodNotAllowed('POST');
    const body = readJsonObject(await exchange.body(), deps.limits().maxJsonDepth);
    let decoded: ReturnType<typeof decodeRequest> | undefined;
    return {
      kind: operation === 'chat' ? 'chat' : 'tokens.count',
      model: readModelName(body.value.model),
      body,
      request: {
        operation,
        dialect: 'anthropic',
        stream: operation === 'chat' && body.value.stream === true,
        wishes: readWishes(exchange),
        headers: exchange.headersWithPrefix('anthropic-'),
        chat: () => (decoded ??= decodeRequest(body)),
        keepsKey: isKept(body.value),
      },
    };
  };

  return [
    (exchange) => {
      const path = readModelPath(exchange.segments);
      if (path === undefined || (path.api !== undefined && path.api !== 'anthropic')) return false;
      switch (path.rest.join('/')) {
        case 'messages':
          return serveModel(deps, exchange, messagesEdge, () => read(exchange, 'chat'), sendChat);
        case 'messages/count_tokens':
          return serveModel(deps, exchange, messagesEdge, () => read(exchange, 'count'), sendCount);
        default:
          return false;
      }
    },
  ];
}
