/** `POST /v1/chat/completions`. */

import type { Exchange, Route } from '../http/exchange.ts';
import { methodNotAllowed } from '../http/render-error.ts';
import { readModelPath } from '../models/model-path.ts';
import { readJsonObject, readModelName } from '../models/read-json.ts';
import { readWishes } from '../models/read-wishes.ts';
import { createSendChat } from '../models/send-chat.ts';
import { type ModelEdgeDeps, type ReadRequest, serveModel } from '../models/serve-model.ts';
import { openaiChatEdge } from './chat-edge.ts';
import { decodeChat } from './decode-chat.ts';

export function createOpenaiChatRoutes(deps: ModelEdgeDeps): readonly Route[] {
  const send = createSendChat(deps, openaiChatEdge);

  const read = async (exchange: Exchange): Promise<ReadRequest> => {
    if (exchange.method !== 'POST') throw methodNotAllowed('POST');
    const body = readJsonObject(await exchange.body(), deps.limits().maxJsonDepth);
    let decoded: ReturnType<typeof decodeChat> | undefined;
    return {
      kind: 'chat',
      model: readModelName(body.value.model),
      body,
      request: {
        operation: 'chat',
        dialect: 'openai-chat',
        stream: body.value.stream === true,
        wishes: readWishes(exchange),
        headers: exchange.headersWithPrefix('openai-'),
        chat: () => (decoded ??= decodeChat(body.value)),
      },
    };
  };

  return [
    (exchange) => {
      const path = readModelPath(exchange.segments);
      if (path === undefined || path.rest.join('/') !== 'chat/completions') return false;
      if (path.api !== undefined && path.api !== 'openai') return false;
      return serveModel(deps, exchange, openaiChatEdge, () => read(exchange), send);
    },
  ];
}
