/** Gemini as a provider, at Google's API for developers and on Vertex, where Claude is its neighbour. */

import type { JsonObject, JsonText } from '../../../contracts/json.ts';
import {
  type ChatModelRequest,
  type EmbedModelRequest,
  type ListModelsCall,
  type ModelOutcome,
  type ModelProvider,
  type ProviderCall,
  ProviderFailure,
  type ProviderModel,
} from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { secretsOf } from '../failed-answer.ts';
import type { CreateProvider } from '../provider-codec.ts';
import { type ProviderResponse, sendToProvider } from '../send.ts';
import { chatWithClaude, countForClaude, isClaude } from './claude-on-vertex.ts';
import { type DecodeContext, decodeAnswer } from './decode-answer.ts';
import { createStreamDecoder } from './decode-stream.ts';
import { decodeEmbeddings, encodeEmbed, encodePredict } from './embeddings.ts';
import { type EncodedRequest, encodeRequest } from './encode-request.ts';
import { type GoogleClient, headersOf, post, textOrFailure } from './google-client.ts';
import { createGoogleSurface } from './google-surface.ts';
import { listGeminiModels } from './list-models.ts';
import { noteAnswer } from './note-answer.ts';
import { patchChat, patchCount, patchEmbed } from './patch-body.ts';
import { createPieceReader } from './read-pieces.ts';
import { decodeStream, forwardStream, type StreamSource } from './stream-answer.ts';

type ChatOutcome = Extract<ModelOutcome, { readonly type: 'chat' | 'chat-stream' }>;
type EmbedOutcome = Extract<ModelOutcome, { readonly type: 'embeddings' }>;
type CountOutcome = Extract<ModelOutcome, { readonly type: 'token-count' }>;

export const createGeminiProvider: CreateProvider = (deps, config): ModelProvider => {
  const surface = createGoogleSurface(deps, config);
  const client: GoogleClient = { deps, config, surface };
  return {
    id: config.id,
    config,
    chat: (call) => chat(client, call),
    embed: (call) => embed(client, call),
    countTokens: (call) => countTokens(client, call),
    pass: undefined,
    listModels: surface.listUrl === undefined ? undefined : (call) => listModels(client, surface.listUrl ?? '', call),
  };
};

async function chat(client: GoogleClient, call: ProviderCall<ChatModelRequest>): Promise<ChatOutcome> {
  if (client.surface.isVertex && isClaude(call.model)) return chatWithClaude(client, call);
  const { request, model, body, injected, report } = call;
  const isPassed = request.dialect === 'gemini' && request.isNeutral !== true;
  const encoded = isPassed ? undefined : translate(client, call);
  const text = encoded?.body ?? patchChat(body.text, model, injected);
  const form = isPassed && request.streamForm === 'json-array' ? 'json-array' : 'sse';
  const operation = request.stream ? `streamGenerateContent${form === 'sse' ? '?alt=sse' : ''}` : 'generateContent';
  const response = await post(client, call, { url: client.surface.url(model, operation), body: text });
  if (request.stream) return answerStream(client, call, response, form, encoded);
  const answerText = await response.text();
  const answer = parseAnswer(answerText);
  noteAnswer(answer, report);
  if (encoded === undefined) return { type: 'chat', answer: { lane: 'pass', value: answerText } };
  return { type: 'chat', answer: { lane: 'neutral', value: decodeAnswer(answer, contextOf(client, call, encoded)) } };
}

async function answerStream(
  client: GoogleClient,
  call: ProviderCall<ChatModelRequest>,
  response: ProviderResponse,
  form: 'sse' | 'json-array',
  encoded: EncodedRequest | undefined,
): Promise<ChatOutcome> {
  const source: StreamSource = {
    pieces: response.pieces()[Symbol.asyncIterator](),
    reader: createPieceReader(form, client.config.maxAnswerBytes),
    ...{ report: call.report, secrets: secretsOf(client.config, call.key) },
  };
  if (encoded !== undefined) {
    const decoder = createStreamDecoder(contextOf(client, call, encoded));
    const value = await decodeStream(source, decoder);
    return { type: 'chat-stream', stream: { lane: 'neutral', value }, contentType: 'text/event-stream' };
  }
  const value = await forwardStream(source);
  const told = response.headers['content-type'];
  const contentType = told ?? (form === 'sse' ? 'text/event-stream' : 'application/json');
  return { type: 'chat-stream', stream: { lane: 'pass', value }, contentType };
}

async function countTokens(client: GoogleClient, call: ProviderCall<ChatModelRequest>): Promise<CountOutcome> {
  if (client.surface.isVertex && isClaude(call.model)) return countForClaude(client, call);
  const { request, model, body, injected } = call;
  const { surface } = client;
  const isPassed = request.dialect === 'gemini';
  const text = isPassed
    ? patchCount(body.text, model, injected, surface.isVertex)
    : wrapCount(translate(client, call).body, model, surface.isVertex);
  const response = await post(client, call, { url: surface.url(model, 'countTokens'), body: text });
  const answerText = await response.text();
  const { totalTokens } = parseAnswer(answerText);
  if (isPassed) return { type: 'token-count', answer: { lane: 'pass', value: answerText } };
  if (typeof totalTokens !== 'number') throw new ProviderFailure('malformed', 'a count without totalTokens');
  return { type: 'token-count', answer: { lane: 'neutral', value: { inputTokens: totalTokens } } };
}

/** Google's API counts contents alone, or a whole request under its own name; Vertex counts the request as it is. */
function wrapCount(body: JsonText, model: string, isVertex: boolean): JsonText {
  if (isVertex) return body;
  return `{"generateContentRequest":{"model":${JSON.stringify(`models/${model}`)},${body.slice(1)}}`;
}

async function embed(client: GoogleClient, call: ProviderCall<EmbedModelRequest>): Promise<EmbedOutcome> {
  const { request, model, body, report } = call;
  const { surface } = client;
  const dropped = new Set<string>();
  const drop = (path: string): void => void dropped.add(path);
  const wish = request.embed();
  const isPassed = request.dialect === 'gemini' && !surface.isVertex;
  const operation = surface.isVertex ? 'predict' : isPassed && wish.single ? 'embedContent' : 'batchEmbedContents';
  const text = isPassed
    ? patchEmbed(body.text, model, wish.single)
    : JSON.stringify(surface.isVertex ? encodePredict(wish, drop) : encodeEmbed(wish, model, drop));
  report.dropped = [...dropped];
  const response = await post(client, call, { url: surface.url(model, operation), body: text });
  const answerText = await response.text();
  const answer = parseAnswer(answerText);
  if (isPassed) {
    const usage = isObject(answer.usageMetadata) ? answer.usageMetadata.promptTokenCount : undefined;
    if (typeof usage === 'number') report.usage = { inputTokens: usage, outputTokens: 0 };
    return { type: 'embeddings', answer: { lane: 'pass', value: answerText } };
  }
  const value = decodeEmbeddings(answer, model, wish.inputs.length);
  if (value.inputTokens !== undefined) report.usage = { inputTokens: value.inputTokens, outputTokens: 0 };
  return { type: 'embeddings', answer: { lane: 'neutral', value } };
}

async function listModels(client: GoogleClient, url: string, call: ListModelsCall): Promise<readonly ProviderModel[]> {
  const headers = await headersOf(client, call.key, []);
  const bounds = {
    ...{ signal: call.signal, firstByteTimeoutMs: call.timeoutMs, idleTimeoutMs: call.timeoutMs },
    maxBytes: client.config.maxAnswerBytes,
  };
  return listGeminiModels(async (query) => {
    const request = { method: 'GET', url: `${url}?${query}`, headers, body: undefined } as const;
    const response = await sendToProvider(client.deps.http, request, bounds);
    return parseAnswer(await textOrFailure(client, call.key, response));
  });
}

function translate(client: GoogleClient, call: ProviderCall<ChatModelRequest>): EncodedRequest {
  const { request, model, injected, report } = call;
  const encoded = encodeRequest(request.chat(), { model, isVertex: client.surface.isVertex, injected });
  report.dropped = encoded.dropped;
  return encoded;
}

function contextOf({ deps }: GoogleClient, { model }: ProviderCall, { names, custom }: EncodedRequest): DecodeContext {
  return { names, custom, model, now: deps.now, newId: (prefix) => `${prefix}${deps.randomHex(24)}` };
}

function parseAnswer(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ProviderFailure('malformed', 'the answer is no JSON', { cause: error });
  }
  if (!isObject(value)) throw new ProviderFailure('malformed', 'the answer is no object');
  return value;
}
