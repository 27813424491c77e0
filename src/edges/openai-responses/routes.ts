/** `POST /v1/responses`. */

import type { ChatRequest } from '../../contracts/chat.ts';
import type { Exchange, Route } from '../http/exchange.ts';
import { methodNotAllowed } from '../http/render-error.ts';
import { readModelPath } from '../models/model-path.ts';
import { readJsonObject, readModelName, readStream } from '../models/read-json.ts';
import { readWishes } from '../models/read-wishes.ts';
import { createSendChat } from '../models/send-chat.ts';
import { type ModelEdgeDeps, type ReadRequest, serveModel } from '../models/serve-model.ts';
import { decodeRequest } from './decode-request.ts';
import { openaiResponsesEdge } from './responses-edge.ts';

/** Headers that belong to the dialect, or that Codex sends along with it. */
const HEADER_PREFIXES = ['openai-', 'x-openai-', 'x-codex-', 'session-id', 'session_id', 'thread-id', 'originator'];
/** Whose account it is: ours, not the client's. */
const NOT_SENT_ON = ['openai-organization', 'openai-project'];

function readHeaders(exchange: Exchange): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const prefix of HEADER_PREFIXES)
    for (const [name, value] of exchange.headersWithPrefix(prefix)) headers.set(name, value);
  for (const name of NOT_SENT_ON) headers.delete(name);
  return headers;
}

export function createOpenaiResponsesRoutes(deps: ModelEdgeDeps): readonly Route[] {
  const send = createSendChat(deps, openaiResponsesEdge);

  const read = async (exchange: Exchange): Promise<ReadRequest> => {
    if (exchange.method !== 'POST') throw methodNotAllowed('POST');
    const body = readJsonObject(await exchange.body(), deps.limits().maxJsonDepth);
    let decoded: ChatRequest | undefined;
    return {
      kind: 'chat',
      model: readModelName(body.value.model),
      body,
      request: {
        operation: 'chat',
        dialect: 'openai-responses',
        stream: readStream(body.value.stream),
        wishes: readWishes(exchange),
        headers: readHeaders(exchange),
        chat: () => (decoded ??= decodeRequest(body.value)),
      },
    };
  };

  return [
    (exchange) => {
      const path = readModelPath(exchange.segments);
      if (path === undefined || path.rest.join('/') !== 'responses') return false;
      if (path.api !== undefined && path.api !== 'openai') return false;
      return serveModel(deps, exchange, openaiResponsesEdge, () => read(exchange), send);
    },
  ];
}
