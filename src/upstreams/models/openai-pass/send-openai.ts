/** One request to a surface besides chat of an API of OpenAI's kind. */

import type { EmbedModelRequest, PassModelRequest, ProviderCall } from '../../../contracts/models.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import type { ProviderConfig } from '../../../contracts/models-config.ts';
import { isObject } from '../../../lib/is-object.ts';
import { secretsOf } from '../failed-answer.ts';
import { providerHeaders, providerUrl } from '../openai/provider-request.ts';
import { readFailure } from '../openai/read-failure.ts';
import type { ProviderDeps } from '../provider-codec.ts';
import { type ProviderResponse, type SendRequest, sendToProvider } from '../send.ts';

export interface SurfaceRequest extends Pick<SendRequest, 'method' | 'body'> {
  /** Below `/v1`, query included. */
  readonly path: string;
  readonly contentType: string | undefined;
  /** Undefined: what is asked for belongs to the account and not to a model, as files do. */
  readonly model: string | undefined;
}

/** An answer that is none is thrown as ProviderFailure. */
export async function sendOpenai(
  deps: ProviderDeps,
  config: ProviderConfig,
  call: ProviderCall<EmbedModelRequest | PassModelRequest>,
  { method, path, contentType, body, model }: SurfaceRequest,
): Promise<ProviderResponse> {
  const { key, traceparent, request } = call;
  const headers = providerHeaders(config, { key, contentType, traceparent, client: request.headers });
  const response = await sendToProvider(
    deps.http,
    { method, url: providerUrl(config, path, model), headers, body },
    {
      ...{ signal: call.signal, firstByteTimeoutMs: call.firstByteTimeoutMs, idleTimeoutMs: call.idleTimeoutMs },
      maxBytes: config.maxAnswerBytes,
    },
  );
  if (response.status >= 200 && response.status < 300) return response;
  throw await readFailure(response, secretsOf(config, key));
}

/** Undefined: it is no JSON object. */
export function parseObject(text: string): { readonly [key: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The surface is not there: found before anything was sent. */
export function hasNot(config: ProviderConfig, what: string): ProviderFailure {
  const text = `${config.id} has no ${what}`;
  return new ProviderFailure('unsupported', text, { publicText: text });
}
