/** `POST /v1/chat/completions`, and the same as Azure has it: `/openai/deployments/{model}/chat/completions`. */

import type { Exchange, Route } from '../http/exchange.ts';
import { methodNotAllowed } from '../http/render-error.ts';
import { readModelPath } from '../models/model-path.ts';
import { readJsonObject, readModelName, readStream } from '../models/read-json.ts';
import { readWishes } from '../models/read-wishes.ts';
import { createSendChat } from '../models/send-chat.ts';
import { type ModelEdgeDeps, type ReadRequest, serveModel } from '../models/serve-model.ts';
import { openaiChatEdge } from './chat-edge.ts';
import { decodeChat } from './decode-chat.ts';

export function createOpenaiChatRoutes(deps: ModelEdgeDeps): readonly Route[] {
  const send = createSendChat(deps, openaiChatEdge);

  const read = async (exchange: Exchange, deployment: string | undefined): Promise<ReadRequest> => {
    if (exchange.method !== 'POST') throw methodNotAllowed('POST');
    const body = readJsonObject(await exchange.body(), deps.limits().maxJsonDepth);
    let decoded: ReturnType<typeof decodeChat> | undefined;
    return {
      kind: 'chat',
      model: readModelName(deployment ?? body.value.model),
      body,
      request: {
        operation: 'chat',
        dialect: 'openai-chat',
        stream: readStream(body.value),
        wishes: readWishes(exchange),
        headers: exchange.headersWithPrefix('openai-'),
        chat: () => (decoded ??= decodeChat(body.value)),
      },
    };
  };

  return [
    (exchange) => {
      const deployment = readDeployment(exchange.segments);
      if (deployment === undefined) return false;
      return serveModel(deps, exchange, openaiChatEdge, () => read(exchange, deployment.model), send);
    },
  ];
}

/** Undefined: not our path. Its `model`: named by the path, which goes before the body's. */
function readDeployment(segments: readonly string[]): { readonly model: string | undefined } | undefined {
  const path = readModelPath(segments);
  if (path === undefined || (path.api !== undefined && path.api !== 'openai')) return undefined;
  const { rest } = path;
  if (rest.join('/') === 'chat/completions') return { model: undefined };
  const isDeployment =
    path.api === 'openai' && rest[0] === 'deployments' && rest.slice(2).join('/') === 'chat/completions';
  return isDeployment ? { model: rest[1] } : undefined;
}
