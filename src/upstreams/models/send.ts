/** One request to a provider: resolves with the head of its answer, whose body is then read whole or piece by piece. */

import type { HttpClient, HttpRequest } from '../http/client.ts';
import type { FixedHeaders } from '../http/request-head.ts';
import { ProviderAnswer, type ProviderResponse, type SendBounds } from './provider-answer.ts';

export type { ProviderResponse, SendBounds } from './provider-answer.ts';

/** Scheme, host and port; path and query. */
export interface SendTarget {
  readonly origin: string;
  readonly path: string;
}

export interface SendRequest {
  readonly method: HttpRequest['method'];
  /** Absolute; taken apart already where many requests go to the same. */
  readonly url: string | SendTarget;
  /** Written out once; they have an `accept-encoding`. Undefined: there are none, and one is added. */
  readonly fixedHeaders?: FixedHeaders;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: HttpRequest['body'];
}

/** For `fixedHeaders`: answers are wanted as they are. */
export const PLAIN_ENCODING = ['accept-encoding', 'identity'] as const;

/** Throws TypeError if it is no URL. */
export function targetOf(url: string): SendTarget {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: pathname + search };
}

/** Throws ProviderFailure `unreachable`, `connection-lost`, `timeout`, `cancelled`; a status of any kind is an answer. */
export function sendToProvider(http: HttpClient, request: SendRequest, bounds: SendBounds): Promise<ProviderResponse> {
  return new Promise((resolve, reject) => {
    const { method, url, fixedHeaders, headers, body } = request;
    const { origin, path } = typeof url === 'string' ? targetOf(url) : url;
    const answer = new ProviderAnswer(origin, bounds, resolve, reject);
    answer.start(
      http.send(
        fixedHeaders === undefined
          ? { method, origin, path, headers: [...PLAIN_ENCODING, ...headers], body }
          : { method, origin, path, fixedHeaders, headers, body },
        answer,
      ),
    );
  });
}
