/** The list of models as each of the three APIs that share `/v1/models` writes it. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { ListedModel } from '../../contracts/models.ts';
import type { ModelApi } from '../models/model-path.ts';

export interface ModelListCodec {
  /** One page, as `query` asks for it. Throws GatewayError `invalid_request`, `invalid_cursor`. */
  list(models: readonly ListedModel[], query: URLSearchParams): JsonObject;
  one(model: ListedModel): JsonObject;
}

function readCount(query: URLSearchParams, name: string, byDefault: number, max: number): number {
  const text = query.get(name);
  if (text === null) return byDefault;
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw new GatewayError('invalid_request', `${name} takes 1 to ${max}`);
  return Math.min(count, max);
}

const openai: ModelListCodec = {
  one: (model) => ({
    ...{ id: model.id, object: 'model', created: model.createdAtS ?? 0, owned_by: model.provider },
    ...(model.contextTokens !== undefined && { context_length: model.contextTokens }),
    ...(model.maxOutputTokens !== undefined && { max_output_tokens: model.maxOutputTokens }),
  }),
  // This API has no pages.
  list: (models) => ({ object: 'list', data: models.map(openai.one) }),
};

const anthropic: ModelListCodec = {
  one: (model) => ({
    ...{ type: 'model', id: model.id, display_name: model.displayName ?? model.id, capabilities: null },
    // The epoch where a date is not known, as the API itself has it.
    created_at: new Date((model.createdAtS ?? 0) * 1_000).toISOString().replace('.000Z', 'Z'),
    ...{ max_input_tokens: model.contextTokens ?? null, max_tokens: model.maxOutputTokens ?? null },
  }),
  list(models, query) {
    const limit = readCount(query, 'limit', 20, 1_000);
    const at = (name: string): number | undefined => {
      const id = query.get(name);
      if (id === null) return undefined;
      const index = models.findIndex((model) => model.id === id);
      if (index === -1) throw new GatewayError('invalid_cursor', `${name} is the id of no model`);
      return index;
    };
    const before = at('before_id');
    const start = before === undefined ? (at('after_id') ?? -1) + 1 : Math.max(0, before - limit);
    const end = before ?? start + limit;
    const page = models.slice(start, end);
    return {
      data: page.map(anthropic.one),
      has_more: before === undefined ? end < models.length : start > 0,
      ...{ first_id: page[0]?.id ?? null, last_id: page.at(-1)?.id ?? null },
    };
  },
};

const gemini: ModelListCodec = {
  one: (model) => ({
    ...{ name: `models/${model.id}`, version: '', displayName: model.displayName ?? model.id },
    ...(model.contextTokens !== undefined && { inputTokenLimit: model.contextTokens }),
    ...(model.maxOutputTokens !== undefined && { outputTokenLimit: model.maxOutputTokens }),
    supportedGenerationMethods: ['generateContent', 'countTokens'],
  }),
  list(models, query) {
    const size = readCount(query, 'pageSize', 50, 1_000);
    const token = query.get('pageToken') ?? '';
    if (!/^\d{0,9}$/.test(token)) throw new GatewayError('invalid_cursor', 'pageToken is none of ours');
    const start = Number(token);
    const end = start + size;
    return {
      models: models.slice(start, end).map(gemini.one),
      ...(end < models.length && { nextPageToken: String(end) }),
    };
  },
};

export const modelListCodecs: { readonly [api in ModelApi]: ModelListCodec } = { openai, anthropic, gemini };
