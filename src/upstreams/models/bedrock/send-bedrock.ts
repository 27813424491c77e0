/** One signed request to Bedrock; what is no answer is thrown as the failure that its exception says. */

import { ProviderFailure } from '../../../contracts/models.ts';
import type { ProviderConfig, ProviderKey } from '../../../contracts/models-config.ts';
import { failureOf } from '../classify-status.ts';
import { readFailedText, secretsOf } from '../failed-answer.ts';
import type { ProviderDeps } from '../provider-codec.ts';
import { type ProviderResponse, type SendBounds, sendToProvider } from '../send.ts';
import { readExceptionBody } from './read-exception.ts';
import { createSign } from './sign.ts';

export interface BedrockRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly body: string | undefined;
  readonly accept: string;
  readonly key: ProviderKey | undefined;
  readonly traceparent: string | undefined;
  readonly bounds: Omit<SendBounds, 'maxBytes'>;
}

/** Resolves with a 2xx, whose body is to be read. Throws ProviderFailure. */
export type SendBedrock = (request: BedrockRequest) => Promise<ProviderResponse>;

export function createSendBedrock(
  { http, now }: Pick<ProviderDeps, 'http' | 'now'>,
  config: ProviderConfig,
): SendBedrock {
  const sign = createSign(config, now);
  return async ({ method, url, body, accept, key, traceparent, bounds }) => {
    const proof = await sign({ method, url, body, key });
    if (bounds.signal.aborted) throw new ProviderFailure('cancelled', 'nobody waits for the answer any more');
    const own = Object.entries(config.headers).flatMap(([name, value]) => [name, value.open()]);
    const trace = traceparent === undefined ? [] : ['traceparent', traceparent];
    const headers = [...proof, 'accept', accept, ...trace, ...own];
    const response = await sendToProvider(
      http,
      { method, url, headers, body },
      { ...bounds, maxBytes: config.maxAnswerBytes },
    );
    if (response.status >= 200 && response.status < 300) return response;
    const failed = readExceptionBody(response.headers, await readFailedText(response));
    throw failureOf(response, failed, secretsOf(config, key));
  };
}
