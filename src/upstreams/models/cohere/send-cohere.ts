/** One request to Cohere; what is no answer is thrown as the failure that it means. */

import type { ProviderFailureKind } from '../../../contracts/models.ts';
import type { ProviderConfig, ProviderKey } from '../../../contracts/models-config.ts';
import { isObject } from '../../../lib/is-object.ts';
import type { HttpClient } from '../../http/client.ts';
import { type ErrorBody, failureOf } from '../classify-status.ts';
import { readFailedText, secretsOf } from '../failed-answer.ts';
import { type ProviderResponse, type SendBounds, sendToProvider } from '../send.ts';

export interface CohereRequest {
  readonly method: 'GET' | 'POST';
  /** Below the base URL, without leading slash. */
  readonly path: string;
  readonly body: string | Buffer | undefined;
  readonly accept: string;
  readonly key: ProviderKey | undefined;
  readonly traceparent: string | undefined;
  readonly bounds: Omit<SendBounds, 'maxBytes'>;
}

/** Resolves with a 2xx, whose body is to be read. Throws ProviderFailure. */
export type SendCohere = (request: CohereRequest) => Promise<ProviderResponse>;

export function createSendCohere(http: HttpClient, config: ProviderConfig): SendCohere {
  return async ({ method, path, body, accept, key, traceparent, bounds }) => {
    const headers = [
      ...['accept', accept],
      ...(body === undefined ? [] : ['content-type', 'application/json']),
      ...(key === undefined ? [] : ['authorization', `Bearer ${key.value.open()}`]),
      ...(traceparent === undefined ? [] : ['traceparent', traceparent]),
      ...Object.entries(config.headers).flatMap(([name, value]) => [name, value.open()]),
    ];
    const response = await sendToProvider(
      http,
      { method, url: `${config.baseUrl}/${path}`, headers, body },
      { ...bounds, maxBytes: config.maxAnswerBytes },
    );
    if (response.status >= 200 && response.status < 300) return response;
    const failed = readErrorBody(response.status, await readFailedText(response));
    throw failureOf(response, failed, secretsOf(config, key));
  };
}

const TOO_LONG = /too many tokens|too long|maximum context|token limit/i;

function readErrorBody(status: number, text: string): ErrorBody {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // What stands before Cohere answers in its own words.
  }
  const message = isObject(body) && typeof body.message === 'string' ? body.message : undefined;
  return { message, kind: kindOf(status, message ?? '') };
}

/** Where Cohere means more or something else than the status says. Undefined: the status decides. */
function kindOf(status: number, message: string): ProviderFailureKind | undefined {
  // A text that stands on a list of Cohere's.
  if (status === 498) return 'content-filtered';
  // Its own word for a request that was given up.
  if (status === 499) return 'server-error';
  if (status === 504) return 'timeout';
  if ((status === 400 || status === 422) && TOO_LONG.test(message)) return 'context-too-long';
  return undefined;
}
