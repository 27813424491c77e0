/** Embeddings of texts at Cohere. */

import type { EmbedRequest } from '../../../contracts/embed.ts';
import { type ModelProvider, ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { createDropped, refuse } from '../dropped.ts';
import { inputTypeOf } from '../embed-input-type.ts';
import { readObject } from './decode-answer.ts';
import type { SendCohere } from './send-cohere.ts';

const TEXTS_PER_REQUEST = 96;
/** Requests of one call under way at the same time. */
const MAX_PARALLEL = 4;
const KEPT: ReadonlySet<string> = new Set(['input_type', 'truncate', 'max_tokens', 'priority']);

interface Vectors {
  readonly vectors: readonly (readonly number[])[];
  readonly tokens: number | undefined;
}

export function createEmbed(send: SendCohere): NonNullable<ModelProvider['embed']> {
  return async (call) => {
    const request = call.request.embed();
    const dropped = createDropped();
    dropped.note('user', request.user);
    dropped.note('title', request.title);
    dropped.noteExtra('', request, KEPT);
    call.report.dropped = dropped.paths;
    const texts = request.inputs.map((input, i) =>
      typeof input === 'string' ? input : refuse(`input[${i}]`, 'Cohere embeds texts, not lists of tokens'),
    );
    const one = async (some: readonly string[]): Promise<Vectors> => {
      const body = encodeEmbed(some, request, call.model);
      const accept = 'application/json';
      const response = await send({ ...call, method: 'POST', path: 'v2/embed', body, accept, bounds: call });
      return decodeEmbed(await response.text(), some.length);
    };
    const answers: Vectors[] = [];
    const step = TEXTS_PER_REQUEST * MAX_PARALLEL;
    for (let i = 0; i < texts.length; i += step) {
      const batches: Promise<Vectors>[] = [];
      for (let from = i; from < Math.min(i + step, texts.length); from += TEXTS_PER_REQUEST)
        batches.push(one(texts.slice(from, from + TEXTS_PER_REQUEST)));
      answers.push(...(await Promise.all(batches)));
    }
    const vectors = answers.flatMap((answer) => answer.vectors);
    const isCounted = answers.every(({ tokens }) => tokens !== undefined);
    const inputTokens = isCounted ? answers.reduce((sum, { tokens }) => sum + (tokens ?? 0), 0) : undefined;
    if (inputTokens !== undefined) call.report.usage = { inputTokens, outputTokens: 0 };
    return { type: 'embeddings', answer: { lane: 'neutral', value: { model: call.model, vectors, inputTokens } } };
  };
}

function encodeEmbed(texts: readonly string[], request: EmbedRequest, model: string): string {
  const { truncate, max_tokens, priority } = request.extra ?? {};
  return JSON.stringify({
    ...{ model, texts, input_type: inputTypeOf(request), embedding_types: ['float'] },
    ...{ output_dimension: request.dimensions, truncate, max_tokens, priority },
  });
}

function decodeEmbed(text: string, expected: number): Vectors {
  const { embeddings, meta } = readObject(text);
  const vectors: unknown = isObject(embeddings) ? embeddings.float : undefined;
  if (!Array.isArray(vectors) || vectors.length !== expected || !vectors.every(isVector))
    throw new ProviderFailure('malformed', `no list of ${expected} vectors`);
  const billed = isObject(meta) && isObject(meta.billed_units) ? meta.billed_units.input_tokens : undefined;
  return { vectors, tokens: typeof billed === 'number' ? billed : undefined };
}

function isVector(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'number');
}
