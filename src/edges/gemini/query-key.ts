/** Gemini clients may send their key as `?key=`; on its paths, and only there, ours is found there, too. */

import type { Credential } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Exchange } from '../http/exchange.ts';

/** Throws GatewayError `unauthenticated` where query and headers hold different keys, or the query an empty one. */
export function readGeminiCredential(exchange: Exchange): Credential | undefined {
  const { credential, query } = exchange;
  const keys = query.getAll('key');
  const token = keys[0];
  if (token === undefined) return credential;
  if (token === '') throw new GatewayError('unauthenticated', 'the key in the query is empty');
  if (keys.some((each) => each !== token) || (credential !== undefined && credential.token !== token))
    throw new GatewayError('unauthenticated', 'the query and the headers hold different keys; send one');
  return credential ?? { source: 'query', token };
}
