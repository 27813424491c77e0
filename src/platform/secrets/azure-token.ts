/** Access tokens for Azure: client credentials by secret or by a platform's token, or the identity of the machine. */

import { type AzureConfig, SecretFailure } from '../../contracts/secret-managers.ts';
import type { LivingToken } from './kept-token.ts';
import { readTextFile } from './read-text-file.ts';
import { failureOf, type ManagerAnswer, parseAnswer, type SecretHttp } from './secret-http.ts';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Rejects with SecretFailure. */
export async function obtainAzureToken(
  { auth, resource }: AzureConfig,
  http: SecretHttp,
  signal: AbortSignal,
): Promise<LivingToken<string>> {
  if (auth.type === 'managedIdentity') {
    const query = new URLSearchParams({
      'api-version': auth.header === undefined ? '2018-02-01' : '2019-08-01',
      resource,
      ...(auth.clientId !== undefined && { client_id: auth.clientId }),
    });
    const headers: { readonly [name: string]: string } =
      auth.header === undefined ? { metadata: 'true' } : { 'x-identity-header': auth.header.open() };
    return readToken(await http.send({ method: 'GET', url: `${auth.url}?${query}`, headers, signal }));
  }
  const proof: { readonly [name: string]: string } =
    auth.type === 'clientSecret'
      ? { client_secret: auth.clientSecret.open() }
      : {
          client_assertion_type: ASSERTION_TYPE,
          client_assertion: (await readTextFile(auth.tokenFile, signal)).trim(),
        };
  const body = new URLSearchParams({
    ...{ grant_type: 'client_credentials', client_id: auth.clientId, scope: `${resource}/.default`, ...proof },
  });
  return readToken(
    await http.send({
      ...{ method: 'POST', url: `${auth.authority}/${encodeURIComponent(auth.tenantId)}/oauth2/v2.0/token`, signal },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: body.toString(),
    }),
  );
}

function readToken(answer: ManagerAnswer): LivingToken<string> {
  if (answer.status !== 200) {
    // A wrong client or secret is a 400 or 401, a machine without an identity a 400.
    const status = answer.status === 400 ? 403 : answer.status;
    throw failureOf('azure', 'an access token', { ...answer, status });
  }
  const { access_token: token, expires_in: lifeS } = parseAnswer('azure', answer.text);
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
    throw new SecretFailure('malformed', 'azure gave no access token');
  // The metadata service writes the number as a text.
  const seconds = Number(lifeS);
  return { token, lifeMs: seconds > 0 ? seconds * 1_000 : 0 };
}
