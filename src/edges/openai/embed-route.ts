/** `POST /v1/embeddings`. */

import type { EmbedRequest } from '../../contracts/embed.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Exchange, Route } from '../http/exchange.ts';
import { methodNotAllowed } from '../http/render-error.ts';
import { answerHeaders } from '../models/answer-headers.ts';
import { readModelPath } from '../models/model-path.ts';
import { readJsonObject, readModelName } from '../models/read-json.ts';
import { readWishes } from '../models/read-wishes.ts';
import { type ModelEdgeDeps, type ReadRequest, type SendOutcome, serveModel } from '../models/serve-model.ts';
import { decodeEmbed } from './decode-embed.ts';
import { encodeEmbed } from './encode-embed.ts';
import { errorEdges } from './errors.ts';

export function createEmbedRoute(deps: ModelEdgeDeps): Route {
  const read = async (exchange: Exchange): Promise<ReadRequest> => {
    if (exchange.method !== 'POST') throw methodNotAllowed('POST');
    const body = readJsonObject(await exchange.body(), deps.limits().maxJsonDepth);
    let decoded: EmbedRequest | undefined;
    return {
      ...{ kind: 'embed', model: readModelName(body.value.model), body },
      request: {
        ...{ operation: 'embed', dialect: 'openai', wishes: readWishes(exchange) },
        headers: exchange.headersWithPrefix('openai-'),
        embed: () => (decoded ??= decodeEmbed(body.value)),
      },
    };
  };
  return (exchange) => {
    const path = readModelPath(exchange.segments);
    if (path === undefined || path.rest.join('/') !== 'embeddings') return false;
    if (path.api !== undefined && path.api !== 'openai') return false;
    return serveModel(deps, exchange, errorEdges.openai, () => read(exchange), send);
  };
}

const send: SendOutcome = (exchange, call, outcome) => {
  if (outcome.type !== 'embeddings')
    throw new GatewayError('internal', `embeddings that were answered with ${outcome.type}`);
  const { lane, value } = outcome.answer;
  const encoding = call.params.value.encoding_format === 'base64' ? 'base64' : 'float';
  exchange.sendJson(200, lane === 'pass' ? value : encodeEmbed(value, encoding), answerHeaders(call, true));
};
