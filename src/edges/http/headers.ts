/** Reads request headers from what really came in, so that a header sent twice is seen as such and not silently merged. */

import type { Credential, Narrowing } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';

/**
 * Names and values in turn, as Node's `rawHeaders`. There are a dozen and we ask for a dozen, so looking through them costs
 * less than an index of them would.
 */
export type HeaderList = readonly string[];

/** All values of a header, by lower-case name. */
export function headerValues(headers: HeaderList, name: string): readonly string[] {
  const values: string[] = [];
  for (let i = findHeader(headers, name, 0); i !== -1; i = findHeader(headers, name, i + 2))
    values.push((headers[i + 1] ?? '').trim());
  return values;
}

/** The one value of a header. Throws GatewayError `invalid_request` if it is there twice. */
export function oneHeader(headers: HeaderList, name: string): string | undefined {
  const at = findHeader(headers, name, 0);
  if (at === -1) return undefined;
  if (findHeader(headers, name, at + 2) !== -1)
    throw new GatewayError('invalid_request', `the header ${name} stands twice`);
  return (headers[at + 1] ?? '').trim();
}

/** Lower-case names of the headers that begin with `prefix`, each as often as it is there. */
export function headerNames(headers: HeaderList, prefix: string): readonly string[] {
  const names: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (name.length >= prefix.length && name.slice(0, prefix.length).toLowerCase() === prefix)
      names.push(name.toLowerCase());
  }
  return names;
}

/** Where the header stands at or after `from`, or -1. */
function findHeader(headers: HeaderList, name: string, from: number): number {
  for (let i = from; i < headers.length; i += 2) {
    const given = headers[i];
    if (given?.length === name.length && given.toLowerCase() === name) return i;
  }
  return -1;
}

const KEY_HEADERS = ['x-api-key', 'x-goog-api-key', 'x-portcullis-key'] as const;

/**
 * What the client presented. An Authorization of another scheme than Bearer is not for us (a proxy's Basic, for instance).
 * Throws GatewayError `unauthenticated` where two different keys, or an empty one, were sent: an empty one is an unset
 * variable in the client's configuration, and nobody wants that to pass as "anonymous".
 */
export function readCredential(headers: HeaderList): Credential | undefined {
  let found: Credential | undefined;
  for (const value of headerValues(headers, 'authorization')) {
    const token = readBearer(value);
    if (token !== undefined) found = addKey(found, 'authorization', token);
  }
  for (const source of KEY_HEADERS)
    for (const value of headerValues(headers, source)) found = addKey(found, source, value);
  return found;
}

/** '' where nothing follows; undefined: another scheme. */
function readBearer(value: string): string | undefined {
  // As nearly everybody writes it.
  if (value.startsWith('Bearer ') && value.length > 7 && value.charCodeAt(7) > 0x20) return value.slice(7);
  const bearer = /^bearer(?:\s+(.*))?$/i.exec(value);
  return bearer === null ? undefined : (bearer[1] ?? '');
}

function addKey(found: Credential | undefined, source: Credential['source'], token: string): Credential {
  if (token === '') throw new GatewayError('unauthenticated', `${source} is empty`);
  if (found !== undefined && found.token !== token)
    throw new GatewayError('unauthenticated', `${found.source} and ${source} hold different keys; send one`);
  return found ?? { source, token };
}

/** Each is held against each tool there is. */
const MAX_PATTERNS = 128;

function readPatterns(headers: HeaderList, name: string): readonly string[] | undefined {
  const patterns = oneHeader(headers, name)
    ?.split(',')
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '');
  if (patterns !== undefined && patterns.length > MAX_PATTERNS)
    throw new GatewayError('invalid_request', `the header ${name} holds more than ${MAX_PATTERNS} patterns`);
  return patterns;
}

/** `x-portcullis-servers` and `x-portcullis-tools`: comma-separated patterns; a header that is there but empty narrows to nothing. Throws GatewayError `invalid_request` if there are more than 128. */
export function readNarrowing(headers: HeaderList): Narrowing {
  const mode = oneHeader(headers, 'x-portcullis-tool-mode');
  return {
    servers: readPatterns(headers, 'x-portcullis-servers'),
    tools: readPatterns(headers, 'x-portcullis-tools'),
    ...(mode !== undefined && { mode }),
  };
}
