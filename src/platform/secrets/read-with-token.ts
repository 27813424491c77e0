/** A secret asked for with an access token that is kept; one that is not taken any more is obtained anew, once. */

import type { KeptToken } from './kept-token.ts';
import type { ManagerAnswer, SecretHttp } from './secret-http.ts';

/** Rejects as the request and the obtaining do. */
export async function readWithToken(
  { http, token }: { readonly http: SecretHttp; readonly token: KeptToken<string> },
  url: string,
  signal: AbortSignal,
): Promise<ManagerAnswer> {
  const ask = (ours: string) => http.send({ method: 'GET', url, headers: { authorization: `Bearer ${ours}` }, signal });
  const ours = await token.get(signal);
  const answer = await ask(ours);
  if (answer.status !== 401) return answer;
  token.drop(ours);
  return ask(await token.get(signal));
}
