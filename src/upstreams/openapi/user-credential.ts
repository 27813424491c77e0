/** Calls of a server at which each user has a credential of their own: what the user connected goes with the request, or nothing goes. */

import type { ServerConfig } from '../../contracts/config.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ServerCredential } from '../../contracts/server-credentials.ts';
import type { HttpClient, HttpRequest } from '../http/client.ts';
import { type Credentials, formsOf } from './api-target.ts';
import { type HttpAnswer, type SendOptions, sendRequest } from './send-request.ts';

/** Headers that users bring are not for callers to set, and the document's word on where they go does not count. */
export function withUserHeaders(credentials: Credentials, config: ServerConfig): Credentials {
  if (config.credentials !== 'per-user') return credentials;
  const own = config.userHeaders?.map(({ name }) => name.toLowerCase()) ?? ['authorization'];
  const { reserved } = credentials;
  return { ...credentials, isEmpty: false, reserved: { ...reserved, headers: new Set([...reserved.headers, ...own]) } };
}

/** Names in lower case and values; empty: nothing is connected. */
function headersOf({ header, more = [] }: ServerCredential): Map<string, string> {
  const headers = new Map<string, string>();
  for (let i = 0; i + 1 < more.length; i += 2) headers.set(more[i] ?? '', more[i + 1] ?? '');
  if (header !== undefined) headers.set('authorization', header);
  return headers;
}

/** All that must not show in an answer to this user either. */
export function userSecrets(credential: ServerCredential): readonly string[] {
  return formsOf([...headersOf(credential).values()]);
}

/**
 * As `sendRequest` does, once more after a renewal. Throws GatewayError also for what the user or their issuer has to do first:
 * `connection_required`, `upstream_needs_auth`.
 */
export async function sendForUser(
  http: HttpClient,
  request: HttpRequest,
  credential: ServerCredential | undefined,
  options: SendOptions,
): Promise<HttpAnswer> {
  for (let isRepeated = false; ; isRepeated = true) {
    const own = credential === undefined ? undefined : headersOf(credential);
    // An API that answers strangers, too, would answer as if the user had no data.
    if (credential === undefined || own === undefined || own.size === 0) throw new GatewayError('connection_required');
    const sent = credential.header;
    const headers = withHeaders(request.headers, own);
    const answer = await sendRequest(http, { ...request, headers }, options);
    const { status } = answer;
    if (isRepeated || (status !== 401 && status !== 403)) return answer;
    const wwwAuthenticate = answer.headers['www-authenticate'];
    const renewal = await credential.renew({ status, wwwAuthenticate, sent });
    if (renewal.type === 'renewed') continue;
    if (renewal.wants === 'person' || renewal.wants === 'link') throw new GatewayError('connection_required');
    if (renewal.wants === 'time')
      throw new GatewayError('upstream_needs_auth', 'the credential cannot be renewed for now; try again later');
    return answer;
  }
}

/** Nothing that stands there already goes beside what the user brings. */
function withHeaders(given: readonly string[], own: ReadonlyMap<string, string>): string[] {
  const headers: string[] = [];
  for (let i = 0; i + 1 < given.length; i += 2) {
    const name = given[i] ?? '';
    if (!own.has(name.toLowerCase())) headers.push(name, given[i + 1] ?? '');
  }
  return [...headers, ...[...own].flat()];
}
