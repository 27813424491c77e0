/** Neutral embeddings in Gemini's words (`batchEmbedContents`) and in Vertex's (`predict`), and back. */

import type { EmbedAnswer, EmbedRequest } from '../../../contracts/embed.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';

/** Throws ProviderFailure `unsupported`. `drop` notes what is left out. */
export function encodeEmbed(request: EmbedRequest, model: string, drop: (path: string) => void): JsonObject {
  const { taskType, title, dimensions: outputDimensionality } = request;
  noteUnsaid(request, drop);
  return {
    requests: textsOf(request).map((text) => ({
      model: model.startsWith('tunedModels/') ? model : `models/${model}`,
      content: { parts: [{ text }] },
      ...{ taskType, title, outputDimensionality },
    })),
  };
}

export function encodePredict(request: EmbedRequest, drop: (path: string) => void): JsonObject {
  const { taskType, title, dimensions } = request;
  noteUnsaid(request, drop);
  return {
    instances: textsOf(request).map((content) => ({ content, task_type: taskType, title })),
    ...(dimensions === undefined ? {} : { parameters: { outputDimensionality: dimensions } }),
  };
}

function textsOf({ inputs }: EmbedRequest): readonly string[] {
  return inputs.map((input, i) => {
    if (typeof input === 'string') return input;
    throw new ProviderFailure('unsupported', `input[${i}]: token numbers`, {
      publicText: `input[${i}]: Gemini embeds texts, not numbers of tokens`,
    });
  });
}

function noteUnsaid({ user, extra, dialect }: EmbedRequest, drop: (path: string) => void): void {
  if (user !== undefined) drop('user');
  for (const key of Object.keys(extra ?? {})) drop(dialect === 'gemini' ? `requests[].${key}` : key);
}

/** Of either; throws ProviderFailure `malformed`. */
export function decodeEmbeddings(answer: JsonObject, model: string, count: number): EmbedAnswer {
  const { embeddings, predictions, usageMetadata } = answer;
  const given: readonly unknown[] = Array.isArray(embeddings)
    ? embeddings
    : Array.isArray(predictions)
      ? predictions
      : [];
  let predicted: number | undefined;
  const vectors = given.map((each) => {
    const holder = isObject(each) && isObject(each.embeddings) ? each.embeddings : each;
    const statistics = isObject(holder) && isObject(holder.statistics) ? holder.statistics : {};
    const tokens = statistics.token_count ?? statistics.tokenCount;
    if (typeof tokens === 'number') predicted = (predicted ?? 0) + tokens;
    const values: unknown = isObject(holder) ? holder.values : undefined;
    if (!Array.isArray(values)) throw new ProviderFailure('malformed', 'an embedding without values');
    return values as readonly number[];
  });
  if (vectors.length !== count)
    throw new ProviderFailure('malformed', `${vectors.length} embeddings for ${count} texts`);
  const told = isObject(usageMetadata) ? usageMetadata.promptTokenCount : undefined;
  return { model, vectors, inputTokens: typeof told === 'number' ? told : predicted };
}
