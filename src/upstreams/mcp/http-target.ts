/** Where an HTTP server stands and the headers every request to it carries: ours, then the configured ones. */

import type { Secret } from '../../contracts/secret.ts';
import type { ServerCredential } from '../../contracts/server-credentials.ts';
import { createFixedHeaders, type FixedHeaders } from '../http/request-head.ts';
import { createRedact, type Redact } from './redact.ts';

export interface HttpTarget {
  readonly origin: string;
  readonly path: string;
  /** Headers that many requests share: `extra` (names and values in turn), then the configured ones. */
  readonly fixed: (extra: readonly string[]) => FixedHeaders;
  /** What the gateway got by signing in; undefined: it never does so at this server. */
  readonly credential: ServerCredential | undefined;
  /** Adds what the credential says as of now to the headers of a request; returns its Authorization header. */
  readonly sign: (headers: string[]) => string | undefined;
  /** Takes the configured values out of what the server says. */
  readonly redact: Redact;
}

/** Headers that belong to the protocol or to the connection: a configured value would break both. */
const RESERVED = new Set([
  'accept',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'keep-alive',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

export function createHttpTarget(
  url: string,
  configured: { readonly [name: string]: Secret },
  identity: { readonly name: string; readonly version: string },
  credential?: ServerCredential,
): HttpTarget {
  const { origin, pathname, search, username, password } = new URL(url);
  const headers: string[] = [];
  let hasUserAgent = false;
  for (const [name, secret] of Object.entries(configured)) {
    const lower = name.toLowerCase();
    if (RESERVED.has(lower) || lower.startsWith('mcp-param-')) continue;
    if (lower === 'user-agent') hasUserAgent = true;
    headers.push(lower, secret.open());
  }
  if (!hasUserAgent) headers.push('user-agent', `${identity.name}/${identity.version}`);
  if (username !== '' && !headers.includes('authorization')) {
    const userPass = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    headers.push('authorization', `Basic ${Buffer.from(userPass).toString('base64')}`);
  }
  const fixed: HttpTarget['fixed'] = (extra) => createFixedHeaders([...extra, ...headers]);
  const redactConfigured = createRedact(configured);
  const redact: Redact = (text) => {
    const values = [
      credential?.header?.replace(/^\S+ /, ''),
      ...(credential?.more?.filter((_, i) => i % 2 === 1) ?? []),
    ];
    let clean = redactConfigured(text);
    for (const value of values) if (value) clean = clean.replaceAll(value, '[redacted]');
    return clean;
  };
  const sign: HttpTarget['sign'] = (headers) => {
    if (credential === undefined) return undefined;
    const { header, more } = credential;
    if (header !== undefined) headers.push('authorization', header);
    if (more !== undefined) headers.push(...more);
    return header;
  };
  return { origin, path: pathname + search, fixed, credential, sign, redact };
}

export const ACCEPT_BOTH = 'application/json, text/event-stream';
