/** Anthropic, and whoever else serves its Messages API. */

import type { JsonText } from '../../../contracts/json.ts';
import {
  type ChatModelRequest,
  type ListModelsCall,
  type ModelProvider,
  type ProviderCall,
  ProviderFailure,
  type ProviderModel,
} from '../../../contracts/models.ts';
import type { ProviderConfig, ProviderKey } from '../../../contracts/models-config.ts';
import { isObject } from '../../../lib/is-object.ts';
import { scanMembers, withMembers } from '../../../lib/json-text.ts';
import { failureOf } from '../classify-status.ts';
import { readFailedText, secretsOf } from '../failed-answer.ts';
import type { CreateProvider } from '../provider-codec.ts';
import {
  type ProviderResponse,
  type SendBounds,
  type SendRequest,
  type SendTarget,
  sendToProvider,
  targetOf,
} from '../send.ts';
import { encodeMessages } from './encode-messages.ts';
import { patchBody } from './patch-body.ts';
import { readAnswer } from './read-answer.ts';
import { readError } from './read-error.ts';
import type { WireNames } from './wire-names.ts';

/** The only version there is; a client's own goes before it. */
const VERSION = '2023-06-01';
/** Headers of the client that are a part of its request. */
const FORWARDED = ['anthropic-version', 'anthropic-beta'];

export const createAnthropicProvider: CreateProvider = ({ http, now }, config): ModelProvider => {
  const root = config.baseUrl.endsWith('/v1') ? config.baseUrl : `${config.baseUrl}/v1`;

  const targets = { messages: targetOf(`${root}/messages`), count: targetOf(`${root}/messages/count_tokens`) };

  /** Throws ProviderFailure, also for a status that is no answer. */
  const send = async (
    request: SendRequest,
    bounds: SendBounds,
    key: ProviderKey | undefined,
  ): Promise<ProviderResponse> => {
    const response = await sendToProvider(http, request, bounds);
    if (response.status >= 200 && response.status < 300) return response;
    throw failureOf(response, readError(await readFailedText(response)), secretsOf(config, key));
  };

  const post = (call: ProviderCall<ChatModelRequest>, url: SendTarget, body: JsonText): Promise<ProviderResponse> => {
    const { signal, firstByteTimeoutMs, idleTimeoutMs, traceparent, key } = call;
    const headers = {
      'content-type': 'application/json',
      ...keyHeaders(key),
      'anthropic-version': VERSION,
      ...forwarded(call.request),
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    return send(
      { method: 'POST', url, headers: withConfigured(headers, config), body },
      { signal, firstByteTimeoutMs, idleTimeoutMs, maxBytes: config.maxAnswerBytes },
      key,
    );
  };

  return {
    id: config.id,
    config,
    async chat(call) {
      const { body, names } = bodyOf(call, config);
      const response = await post(call, targets.messages, body);
      const createdAtS = Math.floor(now() / 1_000);
      return readAnswer(response, { report: call.report, stream: call.request.stream, names, createdAtS });
    },
    async countTokens(call) {
      const { body, names } = bodyOf(call, config);
      const text = await (await post(call, targets.count, body)).text();
      const inputTokens = readCount(text);
      if (names === undefined) return { type: 'token-count', answer: { lane: 'pass', value: text } };
      return { type: 'token-count', answer: { lane: 'neutral', value: { inputTokens } } };
    },
    embed: undefined,
    pass: undefined,
    async listModels({ key, signal, timeoutMs }: ListModelsCall) {
      const bounds = {
        signal,
        firstByteTimeoutMs: timeoutMs,
        idleTimeoutMs: timeoutMs,
        maxBytes: config.maxAnswerBytes,
      };
      const headers = withConfigured({ ...keyHeaders(key), 'anthropic-version': VERSION }, config);
      const url = `${root}/models?limit=1000`;
      return readModels(await (await send({ method: 'GET', url, headers, body: undefined }, bounds, key)).text());
    },
  };
};

/** Names are undefined on the passing lane. */
function bodyOf(
  { request, body, model, injected, report }: ProviderCall<ChatModelRequest>,
  { quirks: { refuses } }: ProviderConfig,
): { readonly body: JsonText; readonly names: WireNames | undefined } {
  if (request.dialect === 'anthropic' && request.isNeutral !== true) {
    report.dropped = refuses.filter((member) => Object.hasOwn(body.value, member));
    return { body: patchBody(body, { model, injected, without: report.dropped }), names: undefined };
  }
  const encoded = encodeMessages(request.chat(), {
    ...{ model, injected, modelInBody: true, streamInBody: true, countOnly: request.operation === 'count' },
  });
  const refused =
    refuses.length === 0 ? [] : scanMembers(encoded.body).flatMap(({ key }) => (refuses.includes(key) ? [key] : []));
  report.dropped = [...encoded.dropped, ...refused];
  if (refused.length === 0) return encoded;
  const without = Object.fromEntries(refused.map((member) => [member, undefined]));
  return { body: withMembers(encoded.body, without), names: encoded.names };
}

function keyHeaders(key: ProviderKey | undefined): { readonly [name: string]: string } {
  return key === undefined ? {} : { 'x-api-key': key.value.open() };
}

function forwarded({ dialect, headers }: ChatModelRequest): { readonly [name: string]: string } {
  if (dialect !== 'anthropic') return {};
  return Object.fromEntries(
    FORWARDED.flatMap((name) => {
      const value = headers.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Names and values in turn; what the configuration says goes before what we say. */
function withConfigured(ours: { readonly [name: string]: string }, { headers }: ProviderConfig): readonly string[] {
  const all = new Map(Object.entries(ours));
  for (const [name, value] of Object.entries(headers)) all.set(name.toLowerCase(), value.open());
  return [...all].flat();
}

function parse(text: string): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Told below.
  }
  throw new ProviderFailure('malformed', 'the answer is no JSON object');
}

function readCount(text: string): number {
  const { input_tokens: count } = parse(text);
  if (typeof count === 'number') return count;
  throw new ProviderFailure('malformed', 'the answer holds no count');
}

function readModels(text: string): readonly ProviderModel[] {
  const { data } = parse(text);
  if (!Array.isArray(data)) throw new ProviderFailure('malformed', 'the answer holds no list of models');
  return data.filter(isObject).flatMap((model): readonly ProviderModel[] => {
    if (typeof model.id !== 'string') return [];
    const createdMs = typeof model.created_at === 'string' ? Date.parse(model.created_at) : Number.NaN;
    return [
      {
        name: model.id,
        createdAtS: Number.isNaN(createdMs) ? undefined : Math.floor(createdMs / 1_000),
        displayName: typeof model.display_name === 'string' ? model.display_name : undefined,
        contextTokens: typeof model.max_input_tokens === 'number' ? model.max_input_tokens : undefined,
        maxOutputTokens: typeof model.max_tokens === 'number' ? model.max_tokens : undefined,
      },
    ];
  });
}
