/** Requests to Google, proved and bounded; an answer that is none becomes the failure it tells of. */

import type { JsonText } from '../../../contracts/json.ts';
import type { ProviderCall, ProviderFailure } from '../../../contracts/models.ts';
import type { ProviderConfig, ProviderKey } from '../../../contracts/models-config.ts';
import { readFailedText, secretsOf } from '../failed-answer.ts';
import type { ProviderDeps } from '../provider-codec.ts';
import { type ProviderResponse, type SendBounds, sendToProvider } from '../send.ts';
import type { GoogleSurface } from './google-surface.ts';
import { failureOfBody } from './read-error.ts';

export interface GoogleClient {
  readonly deps: ProviderDeps;
  readonly config: ProviderConfig;
  readonly surface: GoogleSurface;
}

export type Explain = (response: ProviderResponse, body: string, secrets: readonly string[]) => ProviderFailure;

/** Resolves with an answer that is one. Throws ProviderFailure, as `explain` reads it. */
export async function post(
  client: GoogleClient,
  call: ProviderCall,
  { url, body, headers = [] }: { readonly url: string; readonly body: JsonText; readonly headers?: readonly string[] },
  explain: Explain = failureOfBody,
): Promise<ProviderResponse> {
  const { request, traceparent, key, signal, firstByteTimeoutMs, idleTimeoutMs } = call;
  // Those of another dialect mean nothing to Google.
  const passed = 'dialect' in request && request.dialect === 'gemini' ? [...request.headers].flat() : [];
  const trace = traceparent === undefined ? [] : ['traceparent', traceparent];
  const own = ['content-type', 'application/json', ...passed, ...headers, ...trace];
  const bounds: SendBounds = { signal, firstByteTimeoutMs, idleTimeoutMs, maxBytes: client.config.maxAnswerBytes };
  const sent = { method: 'POST', url, headers: await headersOf(client, key, own), body } as const;
  const response = await sendToProvider(client.deps.http, sent, bounds);
  if (response.status >= 200 && response.status < 300) return response;
  throw explain(response, await readFailedText(response), secretsOf(client.config, key));
}

export async function textOrFailure(
  client: GoogleClient,
  key: ProviderKey | undefined,
  response: ProviderResponse,
): Promise<string> {
  if (response.status >= 200 && response.status < 300) return response.text();
  throw failureOfBody(response, await readFailedText(response), secretsOf(client.config, key));
}

/** Names and values in turn; what the configuration says goes before what we say. */
export async function headersOf(
  { config, surface }: GoogleClient,
  key: ProviderKey | undefined,
  own: readonly string[],
): Promise<readonly string[]> {
  const ours = ['accept', '*/*', ...(await surface.authorize(key)), ...own];
  const all = new Map<string, string>();
  for (let i = 0; i < ours.length; i += 2) all.set(ours[i] ?? '', ours[i + 1] ?? '');
  for (const [name, value] of Object.entries(config.headers)) all.set(name.toLowerCase(), value.open());
  return [...all].flat();
}
