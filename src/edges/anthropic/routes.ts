/** `POST /v1/messages` and `POST /v1/messages/count_tokens`, also below `/anthropic`. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { Exchange, Route } from '../http/exchange.ts';
import { methodNotAllowed } from '../http/render-error.ts';
import { answerHeaders } from '../models/answer-headers.ts';
import { readModelPath } from '../models/model-path.ts';
import { readJsonObject, readModelName, readStream } from '../models/read-json.ts';
import { readWishes } from '../models/read-wishes.ts';
import { createSendChat } from '../models/send-chat.ts';
import { type ModelEdgeDeps, type ReadRequest, type SendOutcome, serveModel } from '../models/serve-model.ts';
import { decodeRequest } from './decode-request.ts';
import { createMessagesEdge } from './messages-edge.ts';

/** What errors are told by, found while reading. */
interface Seen {
  hasThread: boolean;
}

const sendCount: SendOutcome = (exchange, call, outcome) => {
  if (outcome.type !== 'token-count')
    throw new GatewayError('internal', `a count that was answered with ${outcome.type}`);
  const { answer } = outcome;
  const body = answer.lane === 'pass' ? answer.value : JSON.stringify({ input_tokens: answer.value.inputTokens });
  exchange.sendJson(200, body, answerHeaders(call, true));
};

/** What no other provider can do, and without which the answer would be to another question. */
function passOnly({ thread, mcp_servers: servers, compaction }: JsonObject): string | undefined {
  if (isSet(thread)) return 'thread: only Anthropic keeps conversations; send the whole of it';
  if (Array.isArray(servers) && servers.length > 0) return 'mcp_servers: only Anthropic calls them';
  return isSet(compaction) ? 'compaction: only Anthropic does it' : undefined;
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null;

export function createAnthropicRoutes(deps: ModelEdgeDeps): readonly Route[] {
  const sendChat = createSendChat(
    deps,
    createMessagesEdge(() => false),
  );

  const read = async (exchange: Exchange, operation: 'chat' | 'count', seen: Seen): Promise<ReadRequest> => {
    if (exchange.method !== 'POST') throw methodNotAllowed('POST');
    const body = readJsonObject(await exchange.body(), deps.limits().maxJsonDepth);
    seen.hasThread = isSet(body.value.thread);
    let decoded: ReturnType<typeof decodeRequest> | undefined;
    return {
      kind: operation === 'chat' ? 'chat' : 'tokens.count',
      model: readModelName(body.value.model),
      body,
      request: {
        operation,
        dialect: 'anthropic',
        stream: operation === 'chat' && readStream(body.value.stream),
        wishes: readWishes(exchange),
        headers: exchange.headersWithPrefix('anthropic-'),
        chat: () => (decoded ??= decodeRequest(body, operation === 'count')),
        passOnly: passOnly(body.value),
      },
    };
  };

  return [
    (exchange) => {
      const path = readModelPath(exchange.segments);
      if (path === undefined || (path.api !== undefined && path.api !== 'anthropic')) return false;
      const seen: Seen = { hasThread: false };
      const edge = createMessagesEdge(() => seen.hasThread);
      switch (path.rest.join('/')) {
        case 'messages':
          return serveModel(deps, exchange, edge, () => read(exchange, 'chat', seen), sendChat);
        case 'messages/count_tokens':
          return serveModel(deps, exchange, edge, () => read(exchange, 'count', seen), sendCount);
        default:
          return false;
      }
    },
  ];
}
