/** `GET /v1/models` and `/v1/models/{id}`, which three APIs share: told apart by prefix, version and headers. */

import { GatewayError } from '../../contracts/errors.ts';
import type { ListedModel } from '../../contracts/models.ts';
import type { Exchange, Route } from '../http/exchange.ts';
import { methodNotAllowed } from '../http/render-error.ts';
import { answerHeaders } from '../models/answer-headers.ts';
import { type ModelApi, type ModelPath, readModelPath } from '../models/model-path.ts';
import { readWishes } from '../models/read-wishes.ts';
import { type ModelEdgeDeps, NO_BODY, type ReadRequest, serveModel } from '../models/serve-model.ts';
import { modelListCodecs } from './encode-model-list.ts';
import { errorEdges } from './errors.ts';

export function createModelListRoute(deps: ModelEdgeDeps): Route {
  return (exchange) => {
    const path = readModelPath(exchange.segments);
    if (path === undefined || path.rest[0] !== 'models') return false;
    const id = path.rest.slice(1).join('/');
    // Below `models/` others serve what is posted: `models/m:generateContent`.
    if (id !== '' && exchange.method !== 'GET') return false;
    const api = apiOf(path, exchange);
    const codec = modelListCodecs[api];
    return serveModel(
      deps,
      exchange,
      errorEdges[api],
      () => read(exchange),
      (_, call, outcome) => {
        if (outcome.type !== 'model-list') throw new GatewayError('internal', `models, answered with ${outcome.type}`);
        const { models } = outcome;
        const body = id === '' ? codec.list(models, exchange.query) : codec.one(find(models, id));
        exchange.sendJson(200, JSON.stringify(body), answerHeaders(call, true));
      },
    );
  };
}

function apiOf(path: ModelPath, exchange: Exchange): ModelApi {
  if (path.api !== undefined) return path.api;
  if (exchange.header('x-goog-api-key') !== undefined) return 'gemini';
  return exchange.header('anthropic-version') === undefined ? 'openai' : 'anthropic';
}

function read(exchange: Exchange): ReadRequest {
  if (exchange.method !== 'GET') throw methodNotAllowed('GET');
  return {
    ...{ kind: 'models.list', model: '', body: NO_BODY },
    request: { operation: 'list', wishes: readWishes(exchange), headers: new Map() },
  };
}

/** By the id in the list, or by the provider's own name where a single provider has it. */
function find(models: readonly ListedModel[], id: string): ListedModel {
  const exact = models.find((model) => model.id === id);
  const [only, second] =
    exact === undefined ? models.filter((model) => model.id === `${model.provider}/${id}`) : [exact];
  if (only === undefined || second !== undefined) throw new GatewayError('unknown_model', id);
  return only;
}
