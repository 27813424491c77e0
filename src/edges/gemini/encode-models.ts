/** The list of models in Google's words. */

import type { JsonObject } from '../../contracts/json.ts';
import type { ListedModel } from '../../contracts/models.ts';

export function encodeModel(model: ListedModel): JsonObject {
  return {
    name: `models/${model.id}`,
    version: '001',
    displayName: model.displayName ?? model.id,
    ...(model.contextTokens === undefined ? {} : { inputTokenLimit: model.contextTokens }),
    ...(model.maxOutputTokens === undefined ? {} : { outputTokenLimit: model.maxOutputTokens }),
    supportedGenerationMethods: ['generateContent', 'countTokens', 'embedContent', 'batchEmbedContents'],
  };
}
