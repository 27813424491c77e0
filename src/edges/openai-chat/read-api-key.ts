/** The key as clients of Azure send it: in `api-key`. Read on OpenAI's paths only, so that nobody else pays for looking. */

import type { Credential } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Exchange } from '../http/exchange.ts';

/** Throws GatewayError `unauthenticated` for an empty one, and for two different ones. */
export function readApiKey(exchange: Pick<Exchange, 'credential' | 'header'>): Credential | undefined {
  const known = exchange.credential;
  const token = exchange.header('api-key')?.trim();
  if (token === undefined) return known;
  if (token === '') throw new GatewayError('unauthenticated', 'api-key is empty');
  if (known !== undefined && known.token !== token)
    throw new GatewayError('unauthenticated', `${known.source} and api-key hold different keys; send one`);
  return known ?? { source: 'api-key', token };
}
