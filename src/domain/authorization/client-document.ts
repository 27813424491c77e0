/** What a client says of itself at the address that is its id (OAuth Client ID Metadata Document). */

import { displayNameOf } from './display-name.ts';
import { applicationTypeOf, judgeRedirectUris } from './redirect-uris.ts';

/** Members as RFC 7591 names them: all that is taken over from what a client says. */
export interface ClientMetadata {
  readonly client_id: string;
  readonly client_name: string;
  readonly redirect_uris: readonly string[];
  readonly application_type: 'native' | 'web';
  readonly grant_types: readonly string[];
  readonly response_types: readonly ['code'];
  readonly token_endpoint_auth_method: string;
  readonly client_secret?: string;
  readonly client_id_issued_at?: number;
}

const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])$/;
const MAX_ID_CHARS = 1_000;

export interface DocumentRules {
  /** Host names, `*.example.com` for those below; undefined: any. */
  readonly hosts: readonly string[] | undefined;
  readonly allowLoopback: boolean;
}

/** Why nothing is fetched from there; undefined: it may be. */
export function judgeDocumentUrl(id: string, { hosts, allowLoopback }: DocumentRules): string | undefined {
  if (id.length > MAX_ID_CHARS || !URL.canParse(id)) return 'the client_id is no URL';
  const url = new URL(id);
  const isLocal = LOOPBACK_HOST.test(url.hostname);
  if (url.protocol !== 'https:' && !(isLocal && allowLoopback)) return 'a client_id that is a URL has to be https';
  // Two ways to write one address would be two clients.
  if (url.href !== id) return 'the client_id has to be written as browsers write the URL';
  if (url.pathname === '/') return 'a client_id that is a URL has to have a path';
  if (url.hash !== '' || id.endsWith('#') || url.username !== '' || url.password !== '')
    return 'a client_id that is a URL has neither a fragment nor a user name';
  const fits = (host: string): boolean =>
    host.startsWith('*.') ? url.hostname.endsWith(host.slice(1)) : host === url.hostname;
  return hosts === undefined || hosts.some(fits) ? undefined : 'clients of this host are not accepted here';
}

/** What the document says, or what is wrong with it. */
export function readClientDocument(id: string, text: string): ClientMetadata | { readonly problem: string } {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return { problem: 'it is not JSON' };
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    return { problem: 'it is no JSON object' };
  const said = document as { readonly [member: string]: unknown };
  if (said.client_id !== id) return { problem: 'its client_id is not the address it was fetched from' };
  if ('client_secret' in said) return { problem: 'it has a client_secret, which anybody could read' };
  const method = said.token_endpoint_auth_method ?? 'none';
  if (method !== 'none') return { problem: 'only token_endpoint_auth_method "none" is supported' };
  const name = typeof said.client_name === 'string' ? displayNameOf(said.client_name) : '';
  if (name === '') return { problem: 'it has no client_name' };
  const problem = judgeRedirectUris(said.redirect_uris);
  if (problem !== undefined) return { problem };
  const uris = said.redirect_uris as readonly string[];
  return {
    ...{ client_id: id, client_name: name, redirect_uris: uris, application_type: applicationTypeOf(uris) },
    ...{ grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
    token_endpoint_auth_method: 'none',
  };
}

const MIN_CACHE_MS = 300_000;
const MAX_CACHE_MS = 86_400_000;

/** How long a document is good: as its server says, between 5 minutes and a day. */
export function cacheMs(cacheControl: string | undefined): number {
  if (cacheControl === undefined) return MIN_CACHE_MS;
  if (/\b(no-store|no-cache)\b/i.test(cacheControl)) return MIN_CACHE_MS;
  const seconds = /\bmax-age\s*=\s*"?(\d{1,9})/i.exec(cacheControl)?.[1];
  return Math.min(MAX_CACHE_MS, Math.max(MIN_CACHE_MS, Number(seconds ?? 0) * 1_000));
}
