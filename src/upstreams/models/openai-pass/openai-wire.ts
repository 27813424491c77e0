/** Where an API of OpenAI's kind is, and how one proves oneself there: what its surfaces besides chat have in common. */

import { type ProviderCall, ProviderFailure } from '../../../contracts/models.ts';
import type { ProviderConfig, ProviderKey } from '../../../contracts/models-config.ts';
import { isObject } from '../../../lib/is-object.ts';
import { type ErrorBody, failureOf } from '../classify-status.ts';
import type { ProviderDeps } from '../provider-codec.ts';
import { type ProviderResponse, type SendRequest, sendToProvider } from '../send.ts';

export interface OpenaiWire {
  /** `path` as below `/v1`, query included; Azure's older surface has the model's deployment in its URL. */
  url(path: string, model: string): string;
  /** Names and values in turn. */
  headers(key: ProviderKey | undefined): readonly string[];
}

export function openaiWire(config: ProviderConfig): OpenaiWire {
  const own = Object.entries(config.headers).flatMap(([name, value]) => [name, value.open()]);
  const { apiVersion } = config;
  return {
    url(path, model) {
      if (config.type !== 'azure' || apiVersion === undefined) return `${config.baseUrl}/${path}`;
      const [plain = '', query] = path.split('?');
      // Files belong to the resource, everything else to a deployment.
      const below = plain.startsWith('files') ? plain : `deployments/${encodeURIComponent(model)}/${plain}`;
      const version = `api-version=${encodeURIComponent(apiVersion)}`;
      return `${config.baseUrl}/${below}?${query === undefined ? '' : `${query}&`}${version}`;
    },
    headers(key) {
      if (key === undefined) return own;
      const value = key.value.open();
      return [...(config.type === 'azure' ? ['api-key', value] : ['authorization', `Bearer ${value}`]), ...own];
    },
  };
}

/** Sends one request; an answer that is none is thrown as ProviderFailure. */
export async function sendOpenai(
  deps: ProviderDeps,
  config: ProviderConfig,
  call: Pick<ProviderCall, 'key' | 'signal' | 'firstByteTimeoutMs' | 'idleTimeoutMs'>,
  request: SendRequest,
): Promise<ProviderResponse> {
  const response = await sendToProvider(deps.http, request, {
    ...{ signal: call.signal, firstByteTimeoutMs: call.firstByteTimeoutMs, idleTimeoutMs: call.idleTimeoutMs },
    maxBytes: config.maxAnswerBytes,
  });
  if (response.status >= 200 && response.status < 300) return response;
  const secrets = [call.key?.value, ...Object.values(config.headers)].flatMap((secret) => secret?.open() ?? []);
  throw failureOf(response, readErrorBody(await response.text().catch(() => '')), secrets);
}

function readErrorBody(text: string): ErrorBody {
  const error = parseObject(text)?.error;
  if (typeof error === 'string') return { message: error, kind: undefined };
  if (!isObject(error)) return { message: undefined, kind: undefined };
  const message = typeof error.message === 'string' ? error.message : undefined;
  switch (error.code) {
    case 'insufficient_quota':
      return { message, kind: 'quota-exceeded' };
    case 'content_policy_violation':
    case 'content_filter':
    case 'moderation_blocked':
      return { message, kind: 'content-filtered' };
    case 'context_length_exceeded':
      return { message, kind: 'context-too-long' };
    case 'model_not_found':
      return { message, kind: 'unknown-model' };
    default:
      return { message, kind: undefined };
  }
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
