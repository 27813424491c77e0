/** Whether the gateway is, or can become, a client of an authorization server that people can sign in with. */

import type { ServerConfig } from '../../contracts/config.ts';
import type { Members, Say } from './finding.ts';
import type { FetchLike } from './guarded-fetch.ts';
import type { KeptCredential } from './kept-credential.ts';
import { describeFailure } from './refresh-tokens.ts';
import { urlOf } from './user-credentials.ts';

export interface ClientOptions {
  readonly config: ServerConfig;
  /** Where sign-ins come back to. */
  readonly redirectUrl: string;
  /** The gateway's own, which knows its registration. */
  readonly own: KeptCredential | undefined;
}

/** Returns what the gateway is known as there. */
export function examineRegistration({ config, own }: ClientOptions, metadata: Members, say: Say): string | undefined {
  const step = 'registration';
  const { clientId, clientMetadataUrl } = config.oauth ?? {};
  if (clientId !== undefined) {
    say(step, 'ok', `registered beforehand as ${JSON.stringify(clientId)}`);
    return clientId;
  }
  if (clientMetadataUrl !== undefined && metadata.client_id_metadata_document_supported === true) {
    say(step, 'ok', `by the metadata document ${clientMetadataUrl}`);
    return clientMetadataUrl;
  }
  if (own?.client !== undefined && own.client.issuer === metadata.issuer) {
    say(step, 'ok', `has registered itself as ${JSON.stringify(own.client.client_id)}`);
    return own.client.client_id;
  }
  if (typeof metadata.registration_endpoint === 'string') {
    say(step, 'ok', `would register itself at ${metadata.registration_endpoint}`);
    return undefined;
  }
  say(
    step,
    'wrong',
    'the authorization server registers nobody by itself',
    `Register the gateway there, and set serverOptions.${config.name}.oauth.clientId${metadata.client_id_metadata_document_supported === true ? ' or clientMetadataUrl' : ''}.`,
  );
  return undefined;
}

/** As a browser would come, as far as the page on which somebody would sign in. */
export async function examineAuthorization(
  fetchFn: FetchLike,
  {
    config,
    redirectUrl,
    metadata,
    clientId,
  }: ClientOptions & { readonly metadata: Members; readonly clientId: string },
  say: Say,
): Promise<void> {
  const step = 'authorization request';
  const url = new URL(String(metadata.authorization_endpoint));
  const fields = {
    ...{ response_type: 'code', client_id: clientId, redirect_uri: redirectUrl, state: 'portcullis-doctor' },
    ...{ code_challenge: 'a'.repeat(43), code_challenge_method: 'S256', resource: urlOf(config) },
    ...(config.oauth?.scopes !== undefined && { scope: config.oauth.scopes.join(' ') }),
  };
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  try {
    const response = await fetchFn(url, { redirect: 'manual' });
    const location = response.headers.get('location') ?? '';
    const back = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    const isBack = back?.href.startsWith(redirectUrl) === true;
    const error = isBack ? back?.searchParams.get('error') : undefined;
    if (response.status >= 400)
      say(
        step,
        'wrong',
        `${url.origin}${url.pathname} answers ${response.status}`,
        `Is the client there known as ${JSON.stringify(clientId)}, with the callback ${redirectUrl}?`,
      );
    else if (error)
      say(
        step,
        'wrong',
        `refused with ${error.replace(/[^\w.-]/g, '?').slice(0, 64)}`,
        'Look at scopes and at the client there.',
      );
    else say(step, 'ok', `leads to a page to sign in (callback ${redirectUrl})`);
  } catch (error) {
    say(
      step,
      'wrong',
      `${url.origin}${url.pathname} cannot be fetched: ${describeFailure(error)}`,
      'Is it reachable from here?',
    );
  }
}
