/** Reads request headers from what really came in, so that a header sent twice is seen as such and not silently merged. */

import type { Credential, Narrowing } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';

/** All values of each header, by lower-case name. */
export type HeaderMap = ReadonlyMap<string, readonly string[]>;

/** Groups Node's flat list of names and values. */
export function readHeaders(rawHeaders: readonly string[]): HeaderMap {
  const headers = new Map<string, string[]>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    const value = (rawHeaders[i + 1] ?? '').trim();
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  return headers;
}

/** The one value of a header. Throws GatewayError `invalid_request` if it is there twice. */
export function oneHeader(headers: HeaderMap, name: string): string | undefined {
  const values = headers.get(name);
  if (values !== undefined && values.length > 1)
    throw new GatewayError('invalid_request', `the header ${name} stands twice`);
  return values?.[0];
}

const KEY_HEADERS = ['x-api-key', 'x-goog-api-key', 'x-portcullis-key'] as const;

/**
 * What the client presented. An Authorization of another scheme than Bearer is not for us (a proxy's Basic, for instance).
 * Throws GatewayError `unauthenticated` where two different keys, or an empty one, were sent: an empty one is an unset
 * variable in the client's configuration, and nobody wants that to pass as "anonymous".
 */
export function readCredential(headers: HeaderMap): Credential | undefined {
  let found: Credential | undefined;
  const take = (source: Credential['source'], token: string): void => {
    if (token === '') throw new GatewayError('unauthenticated', `${source} is empty`);
    if (found !== undefined && found.token !== token)
      throw new GatewayError('unauthenticated', `${found.source} and ${source} hold different keys; send one`);
    found ??= { source, token };
  };
  for (const value of headers.get('authorization') ?? []) {
    const bearer = /^bearer(?:\s+(.*))?$/i.exec(value);
    if (bearer !== null) take('authorization', bearer[1] ?? '');
  }
  for (const source of KEY_HEADERS) for (const value of headers.get(source) ?? []) take(source, value);
  return found;
}

function readPatterns(headers: HeaderMap, name: string): readonly string[] | undefined {
  return oneHeader(headers, name)
    ?.split(',')
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '');
}

/** `x-portcullis-servers` and `x-portcullis-tools`: comma-separated patterns; a header that is there but empty narrows to nothing. */
export function readNarrowing(headers: HeaderMap): Narrowing {
  return {
    servers: readPatterns(headers, 'x-portcullis-servers'),
    tools: readPatterns(headers, 'x-portcullis-tools'),
  };
}
