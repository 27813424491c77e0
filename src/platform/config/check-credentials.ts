/** Whether what `serverOptions` says of a server's credentials goes together, and with how the server is reached. */

import { createPrivateKey } from 'node:crypto';
import type { z } from 'zod';
import type { OpenApiAuth, TransportConfig } from '../../contracts/config.ts';
import type { Document } from './document.ts';
import type { Path } from './report.ts';
import type { ServerOptions } from './schema.ts';

/** Headers that belong to the protocol or to the connection. */
const RESERVED =
  /^(?:accept|connection|content-length|content-type|expect|host|keep-alive|last-event-id|mcp-.*|proxy-connection|te|traceparent|transfer-encoding|upgrade)$/;

type Options = Pick<z.output<typeof ServerOptions>, 'credentials' | 'userHeaders' | 'oauth'>;

export function checkCredentials(
  { report }: Pick<Document, 'report'>,
  path: Path,
  options: Options,
  transport: TransportConfig,
): void {
  const { credentials, userHeaders, oauth } = options;
  if (oauth?.clientCredentials !== undefined) checkClientCredentials({ report }, [...path, 'oauth'], options);
  if (oauth?.issuer !== undefined && (credentials === 'shared' || transport.type !== 'openapi'))
    report.problem(
      [...path, 'oauth', 'issuer'],
      'is for servers of type "openapi" with "credentials": "per-user"; an MCP server names its issuer itself',
      'leave it out',
    );
  if (credentials === 'shared') {
    if (userHeaders !== undefined)
      report.problem(
        [...path, 'userHeaders'],
        'has no effect without "credentials": "per-user"',
        'set "credentials" to "per-user", or put the header into "headers" of the server',
      );
    return;
  }
  const at = [...path, 'credentials'];
  if (transport.type !== 'http' && transport.type !== 'sse' && transport.type !== 'openapi') {
    report.problem(
      at,
      `"per-user" is for servers of type "http", "sse" and "openapi", and this one is of type "${transport.type}"`,
      'leave it out, or reach the server over HTTP',
    );
    return;
  }
  // What people connect goes where the configuration itself points, and nowhere that a document names.
  if (transport.type === 'openapi' && transport.baseUrl === undefined)
    report.problem(
      at,
      '"per-user" needs "baseUrl" at the server, which says where the credentials of people may go',
      'set "baseUrl" to the address of the API',
    );
  const configured = new Map(Object.keys(transport.headers).map((name) => [name.toLowerCase(), 'headers']));
  if (transport.type === 'openapi' && transport.auth !== undefined) configured.set(headerOf(transport.auth), 'auth');
  if (userHeaders === undefined) {
    const place = configured.get('authorization');
    if (place !== undefined)
      report.problem(
        at,
        `the server has an "Authorization" header in "${place}", which would be everybody's`,
        `take it out of "${place}", or leave "credentials" out`,
      );
    return;
  }
  if (oauth !== undefined)
    report.problem(
      [...path, 'userHeaders'],
      'stands beside "oauth": people either sign in or fill in headers',
      'keep one of them',
    );
  const seen = new Set<string>();
  for (const [i, { name }] of userHeaders.entries()) {
    const lower = name.toLowerCase();
    const where = [...path, 'userHeaders', i, 'name'];
    if (RESERVED.test(lower)) report.problem(where, `the header ${name} belongs to the protocol`, 'use another one');
    else if (seen.has(lower)) report.problem(where, 'stands twice', 'keep one of them');
    else if (configured.has(lower))
      report.problem(where, `stands in "${configured.get(lower)}" of the server, too`, 'keep one of them');
    seen.add(lower);
  }
}

/** In lower case; '' where it is sent in none. */
function headerOf(auth: OpenApiAuth): string {
  switch (auth.type) {
    case 'bearer':
    case 'basic':
      return 'authorization';
    case 'header':
      return auth.name.toLowerCase();
    case 'cookie':
      return 'cookie';
    case 'query':
      return '';
  }
}

function checkClientCredentials(
  { report }: Pick<Document, 'report'>,
  path: Path,
  { credentials, oauth }: Options,
): void {
  const at = [...path, 'clientCredentials'];
  const { privateKey } = oauth?.clientCredentials ?? {};
  if (credentials === 'per-user')
    report.problem(at, 'is of the gateway, and "credentials" is "per-user"', 'keep one of them');
  if (oauth?.clientId === undefined) report.problem(at, 'needs "clientId" beside it', 'write the id of the client');
  if ((oauth?.clientSecret === undefined) === (privateKey === undefined))
    report.problem(at, 'needs either "clientSecret" beside it or "privateKey" in it', 'write one of them');
  if (privateKey !== undefined && !isSigningKey(privateKey))
    report.problem(
      [...at, 'privateKey'],
      'is no private key in PEM of type RSA, EC (P-256, P-384) or Ed25519',
      'make one with: openssl genpkey -algorithm ed25519',
    );
}

function isSigningKey(pem: string): boolean {
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPrivateKey(pem);
    const isKnownCurve = details?.namedCurve === 'prime256v1' || details?.namedCurve === 'secp384r1';
    return type === 'rsa' || type === 'ed25519' || (type === 'ec' && isKnownCurve);
  } catch {
    return false;
  }
}
