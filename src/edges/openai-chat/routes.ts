/** `POST /v1/chat/completions`, and the same as Azure has it: `/openai/deployments/{model}/chat/completions`. */

import { peekMember } from '../../lib/peek-member.ts';
import type { Exchange, Route } from '../http/exchange.ts';
import { methodNotAllowed } from '../http/render-error.ts';
import { readModelPath } from '../models/model-path.ts';
import { readJsonBytes, readModelName, readStream } from '../models/read-json.ts';
import { readWishes } from '../models/read-wishes.ts';
import { createSendChat } from '../models/send-chat.ts';
import { type ModelEdgeDeps, type ReadRequest, serveModel } from '../models/serve-model.ts';
import { openaiChatEdge } from './chat-edge.ts';
import { decodeChat } from './decode-chat.ts';

export function createOpenaiChatRoutes(deps: ModelEdgeDeps): readonly Route[] {
  const send = createSendChat(deps, openaiChatEdge);

  const read = (exchange: Exchange, deployment: string | undefined): ReadRequest | Promise<ReadRequest> => {
    if (exchange.method !== 'POST') throw methodNotAllowed('POST');
    const bytes = exchange.jsonBytes();
    return bytes instanceof Promise
      ? bytes.then((all) => readRequest(exchange, deployment, all))
      : readRequest(exchange, deployment, bytes);
  };

  const readRequest = (exchange: Exchange, deployment: string | undefined, bytes: Buffer): ReadRequest => {
    const body = readJsonBytes(bytes, deps.limits().maxJsonDepth);
    let decoded: ReturnType<typeof decodeChat> | undefined;
    return {
      kind: 'chat',
      model: readModelName(deployment ?? peekMember(body, 'model')),
      body,
      request: {
        operation: 'chat',
        dialect: 'openai-chat',
        stream: readStream(peekMember(body, 'stream')),
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

const BY_BODY: { readonly model: undefined } = { model: undefined };

/** Undefined: not our path. Its `model`: named by the path, which goes before the body's. */
function readDeployment(segments: readonly string[]): { readonly model: string | undefined } | undefined {
  const [first, second, third] = segments;
  if (segments.length === 3 && first === 'v1' && second === 'chat' && third === 'completions') return BY_BODY;
  const path = readModelPath(segments);
  if (path === undefined || (path.api !== undefined && path.api !== 'openai')) return undefined;
  const { rest } = path;
  if (rest.join('/') === 'chat/completions') return { model: undefined };
  const isDeployment =
    path.api === 'openai' && rest[0] === 'deployments' && rest.slice(2).join('/') === 'chat/completions';
  return isDeployment ? { model: rest[1] } : undefined;
}
