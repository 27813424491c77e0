/** Gemini's API: `/v1beta/models/{model}:generateContent` and its sisters, also under `/v1` and `/gemini`. */

import type { ChatRequest } from '../../contracts/chat.ts';
import type { EmbedRequest } from '../../contracts/embed.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { Exchange, Route } from '../http/exchange.ts';
import { methodNotAllowed } from '../http/render-error.ts';
import { answerHeaders } from '../models/answer-headers.ts';
import { readJsonObject, readModelName } from '../models/read-json.ts';
import { readWishes } from '../models/read-wishes.ts';
import { createSendChat } from '../models/send-chat.ts';
import { type ModelEdgeDeps, NO_BODY, type ReadRequest, type SendOutcome, serveModel } from '../models/serve-model.ts';
import { decodeChat } from './decode-chat.ts';
import { decodeEmbed, encodeEmbeddings } from './embeddings.ts';
import { encodeModel } from './encode-models.ts';
import { createArrayEdge, geminiEdge } from './gemini-edge.ts';
import { readObject } from './read-member.ts';
import { bareModel, type GeminiMethod, type GeminiPath, readGeminiPath } from './read-path.ts';

export function createGeminiRoutes(deps: ModelEdgeDeps): readonly Route[] {
  const sendChat = createSendChat(deps, geminiEdge);

  const serveMethod = (exchange: Exchange, path: Extract<GeminiPath, { type: 'method' }>): Promise<void> => {
    const { model, method } = path;
    const isArray = method === 'streamGenerateContent' && exchange.query.get('alt') !== 'sse';
    const edge = isArray ? createArrayEdge() : geminiEdge;
    const read = async (): Promise<ReadRequest> => {
      if (exchange.method !== 'POST') throw methodNotAllowed('POST');
      const body = readJsonObject(await exchange.body(), deps.limits().maxJsonDepth);
      return readRequest(exchange, readModelName(model), method, isArray, body);
    };
    const send = isArray ? createSendChat(deps, edge) : senderOf(method, sendChat);
    return serveModel(deps, exchange, edge, read, send);
  };

  return [
    (exchange) => {
      const path = readGeminiPath(exchange.segments);
      if (path === undefined) return false;
      if (path.type === 'method') return serveMethod(exchange, path);
      // `/v1/models` is three APIs' path; Google's clients are known by their key.
      const isGoogle = exchange.header('x-goog-api-key') !== undefined || exchange.query.has('key');
      if (path.shared && !isGoogle) return false;
      return serveModel(deps, exchange, geminiEdge, () => readList(exchange), sendModels(path.model));
    },
  ];
}

/** Headers that matter to Google and say nothing of the key. */
const FORWARDED = ['x-goog-api-client', 'x-vertex-ai-llm-request-type', 'x-vertex-ai-llm-shared-request-type'] as const;

function readHeaders(exchange: Exchange): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of FORWARDED) {
    const value = exchange.header(name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

function readRequest(
  exchange: Exchange,
  model: string,
  method: GeminiMethod,
  isArray: boolean,
  body: ReadRequest['body'],
): ReadRequest {
  const common = { wishes: readWishes(exchange), headers: readHeaders(exchange) };
  if (method === 'embedContent' || method === 'batchEmbedContents') {
    let decoded: EmbedRequest | undefined;
    const embed = (): EmbedRequest => (decoded ??= decodeEmbed(body.value, method === 'embedContent'));
    return { kind: 'embed', model, body, request: { ...common, operation: 'embed', dialect: 'gemini', embed } };
  }
  const isCount = method === 'countTokens';
  const stream = method === 'streamGenerateContent';
  let decoded: ChatRequest | undefined;
  return {
    ...{ kind: isCount ? 'tokens.count' : 'chat', model, body },
    request: {
      ...common,
      operation: isCount ? 'count' : 'chat',
      ...{ dialect: 'gemini', stream, streamForm: isArray ? 'json-array' : undefined },
      chat: () => (decoded ??= decodeChat(isCount ? countedRequest(body.value) : body.value, stream)),
    },
  };
}

/** `countTokens` takes contents alone, or a whole request. */
function countedRequest(body: JsonObject): JsonObject {
  const name = body.generateContentRequest === undefined ? 'generate_content_request' : 'generateContentRequest';
  return readObject(body, name, '') ?? body;
}

function senderOf(method: GeminiMethod, sendChat: SendOutcome): SendOutcome {
  switch (method) {
    case 'generateContent':
    case 'streamGenerateContent':
      return sendChat;
    case 'countTokens':
      return (exchange, call, outcome) => {
        if (outcome.type !== 'token-count') throw new GatewayError('internal', `a count answered with ${outcome.type}`);
        const { lane, value } = outcome.answer;
        const body = lane === 'pass' ? value : JSON.stringify({ totalTokens: value.inputTokens });
        exchange.sendJson(200, body, answerHeaders(call, true));
      };
    case 'embedContent':
    case 'batchEmbedContents':
      return (exchange, call, outcome) => {
        if (outcome.type !== 'embeddings')
          throw new GatewayError('internal', `embeddings answered with ${outcome.type}`);
        const { lane, value } = outcome.answer;
        const body = lane === 'pass' ? value : encodeEmbeddings(value, method === 'embedContent');
        exchange.sendJson(200, body, answerHeaders(call, true));
      };
  }
}

function readList(exchange: Exchange): ReadRequest {
  if (exchange.method !== 'GET') throw methodNotAllowed('GET');
  const request = { wishes: readWishes(exchange), headers: new Map(), operation: 'list' } as const;
  return { kind: 'models.list', model: '', body: NO_BODY, request };
}

/** All in one page, whatever page was asked for; `model`: that one alone. */
function sendModels(model: string | undefined): SendOutcome {
  return (exchange, call, outcome) => {
    if (outcome.type !== 'model-list') throw new GatewayError('internal', `a list answered with ${outcome.type}`);
    const headers = answerHeaders(call, true);
    if (model === undefined) {
      exchange.sendJson(200, JSON.stringify({ models: outcome.models.map(encodeModel) }), headers);
      return;
    }
    const found = outcome.models.find(({ id }) => id === bareModel(model));
    if (found === undefined) throw new GatewayError('unknown_model', model);
    exchange.sendJson(200, JSON.stringify(encodeModel(found)), headers);
  };
}
