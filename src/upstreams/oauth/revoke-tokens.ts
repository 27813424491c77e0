/** Tells an issuer that tokens are not used any more (RFC 7009), where it takes that. */

import type { FetchLike } from './guarded-fetch.ts';
import type { KeptCredential } from './kept-credential.ts';

/** True: the issuer has been told, or does not want to be. Rejects if it cannot be reached. */
export async function revokeTokens(
  { client, discovery, tokens }: KeptCredential,
  fetchFn: FetchLike,
): Promise<boolean> {
  const metadata: Metadata = discovery?.authorizationServerMetadata ?? {};
  const endpoint = metadata.revocation_endpoint;
  if (typeof endpoint !== 'string' || client === undefined || tokens === undefined) return true;
  const { access_token, refresh_token } = tokens.value;
  // With the refresh token issuers end the whole grant; of those that do not, the access token is told, too.
  const told = [
    ...(refresh_token === undefined ? [] : [{ token: refresh_token, token_type_hint: 'refresh_token' }]),
    { token: access_token, token_type_hint: 'access_token' },
  ];
  let isDone = true;
  for (const each of told) {
    const body = new URLSearchParams(each);
    const headers = new Headers({ 'content-type': 'application/x-www-form-urlencoded' });
    identify(client, metadata, { body, headers });
    const response = await fetchFn(endpoint, { method: 'POST', headers, body: body.toString() });
    isDone &&= response.status === 200;
  }
  return isDone;
}

type Metadata = {
  readonly revocation_endpoint?: unknown;
  readonly token_endpoint_auth_methods_supported?: unknown;
  readonly revocation_endpoint_auth_methods_supported?: unknown;
};

/** As at the token endpoint, unless the issuer says otherwise of this one. */
function identify(
  client: NonNullable<KeptCredential['client']>,
  metadata: Metadata,
  request: { readonly body: URLSearchParams; readonly headers: Headers },
): void {
  const { client_id: id, client_secret: secret } = client;
  const { revocation_endpoint_auth_methods_supported: own, token_endpoint_auth_methods_supported: other } = metadata;
  const methods = Array.isArray(own) ? own : Array.isArray(other) ? other : ['client_secret_basic'];
  const registered = (client as { readonly token_endpoint_auth_method?: unknown }).token_endpoint_auth_method;
  const isBasic =
    typeof registered === 'string'
      ? registered === 'client_secret_basic'
      : methods.length === 0 || methods.includes('client_secret_basic');
  if (secret !== undefined && isBasic) {
    const pair = [id, secret].map((part) => new URLSearchParams({ p: part }).toString().slice(2)).join(':');
    request.headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
    return;
  }
  request.body.set('client_id', id);
  if (secret !== undefined) request.body.set('client_secret', secret);
}
