/** Embeddings on Bedrock: InvokeModel with the body that each family of models wants. */

import type { EmbedRequest } from '../../../contracts/embed.ts';
import {
  type EmbedModelRequest,
  type ModelProvider,
  type ProviderCall,
  ProviderFailure,
} from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { createDropped, refuse } from '../dropped.ts';
import { inputTypeOf } from '../embed-input-type.ts';
import type { ProviderResponse } from '../send.ts';
import { readObject } from './decode-answer.ts';

type Post = (call: ProviderCall, operation: string, body: string) => Promise<ProviderResponse>;

interface Vectors {
  readonly vectors: readonly (readonly number[])[];
  readonly tokens: number | undefined;
}

/** How one family writes a request for some texts, and reads its answer. */
interface Family {
  readonly textsPerRequest: number;
  encode(texts: readonly string[], request: EmbedRequest): object;
  decode(body: { readonly [name: string]: unknown }): Vectors;
}

const TITAN: Family = {
  textsPerRequest: 1,
  encode: ([inputText], { dimensions }) => ({ inputText, ...(dimensions === undefined ? {} : { dimensions }) }),
  decode: ({ embedding, inputTextTokenCount }) => ({
    vectors: [readVector(embedding)],
    tokens: typeof inputTextTokenCount === 'number' ? inputTextTokenCount : undefined,
  }),
};

const COHERE: Family = {
  textsPerRequest: 96,
  encode: (texts, request) => ({
    texts,
    input_type: inputTypeOf(request),
    embedding_types: ['float'],
    ...(request.dimensions === undefined ? {} : { output_dimension: request.dimensions }),
    ...(request.extra?.truncate === undefined ? {} : { truncate: request.extra.truncate }),
  }),
  decode({ embeddings }) {
    const vectors = isObject(embeddings) ? embeddings.float : embeddings;
    return { vectors: (Array.isArray(vectors) ? vectors : []).map(readVector), tokens: undefined };
  },
};

/** Requests of one call under way at the same time. */
const MAX_PARALLEL = 8;

export function createEmbed(post: Post): NonNullable<ModelProvider['embed']> {
  return async (call) => {
    const request = call.request.embed();
    const family = familyOf(call.model);
    noteUnsaid(call, request, family);
    const texts = request.inputs.map((input, i) =>
      typeof input === 'string' ? input : refuse(`input[${i}]`, 'Bedrock embeds texts, not lists of tokens'),
    );
    const batches: (readonly string[])[] = [];
    for (let i = 0; i < texts.length; i += family.textsPerRequest)
      batches.push(texts.slice(i, i + family.textsPerRequest));
    const answers: Vectors[] = [];
    for (let i = 0; i < batches.length; i += MAX_PARALLEL) {
      const some = batches.slice(i, i + MAX_PARALLEL);
      answers.push(...(await Promise.all(some.map((batch) => embedBatch(post, call, family, batch, request)))));
    }
    const vectors = answers.flatMap((answer) => answer.vectors);
    const isCounted = answers.every(({ tokens }) => tokens !== undefined);
    const inputTokens = isCounted ? answers.reduce((sum, { tokens }) => sum + (tokens ?? 0), 0) : undefined;
    if (inputTokens !== undefined) call.report.usage = { inputTokens, outputTokens: 0 };
    return {
      type: 'embeddings',
      answer: { lane: 'neutral', value: { model: call.model, vectors, inputTokens } },
    };
  };
}

function familyOf(model: string): Family {
  if (/titan-embed-text/.test(model)) return TITAN;
  if (/cohere\.embed/.test(model)) return COHERE;
  return refuse('model', 'Bedrock embeds with Titan text and Cohere models here');
}

function noteUnsaid({ report }: ProviderCall<EmbedModelRequest>, request: EmbedRequest, family: Family): void {
  const dropped = createDropped();
  dropped.note('user', request.user);
  dropped.note('title', request.title);
  dropped.note('task_type', family === TITAN ? request.taskType : undefined);
  dropped.noteExtra('', request, family === COHERE ? new Set(['input_type', 'truncate']) : undefined);
  report.dropped = dropped.paths;
}

async function embedBatch(
  post: Post,
  call: ProviderCall<EmbedModelRequest>,
  family: Family,
  texts: readonly string[],
  request: EmbedRequest,
): Promise<Vectors> {
  const response = await post(call, 'invoke', JSON.stringify(family.encode(texts, request)));
  const { vectors, tokens } = family.decode(readObject(await response.text()));
  if (vectors.length !== texts.length)
    throw new ProviderFailure('malformed', `${vectors.length} vectors for ${texts.length} texts`);
  const counted = Number(response.headers['x-amzn-bedrock-input-token-count']);
  return { vectors, tokens: tokens ?? (Number.isInteger(counted) ? counted : undefined) };
}

function readVector(value: unknown): readonly number[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'number')) return value as readonly number[];
  throw new ProviderFailure('malformed', 'a vector that is no list of numbers');
}
