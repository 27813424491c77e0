/** The section on the gateway's own authorization server. */

import type { z } from 'zod';
import type { AuthorizationServerConfig } from '../../contracts/authorization-server.ts';
import { Secret } from '../../contracts/secret.ts';
import type { AuthorizationServer } from './authorization-server-schema.ts';
import type { Document } from './document.ts';
import type { Path } from './report.ts';

const CLIENT_ID = /^[A-Za-z0-9_.~-]{1,128}$/;
const REDIRECT =
  /^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1|\[::1\])([:/]|$)|(?!https?:|javascript:|data:)[a-z][a-z0-9+.-]*:)/;

/** What is wrong besides its shape is reported. */
export function readAuthorizationServer(
  { report }: Document,
  path: Path,
  server: z.output<typeof AuthorizationServer>,
): AuthorizationServerConfig {
  const clients = Object.entries(server.clients).map(([id, { name, secret, redirectUris }]) => {
    const at = [...path, 'clients', id];
    if (!CLIENT_ID.test(id))
      report.problem(at, 'expected an id of letters, digits, _ . ~ and -, at most 128', 'rename it there and here');
    for (const [i, uri] of redirectUris.entries())
      if (!REDIRECT.test(uri) || !URL.canParse(uri) || uri.includes('#'))
        report.problem(
          [...at, 'redirectUris', i],
          'expected an https address, one of this machine, or one of a program',
          'copy it from what the client documents, without a fragment',
        );
    return { id, name: name ?? id, secret: secret === undefined ? undefined : new Secret(secret), redirectUris };
  });
  const { accessTokenMs, refreshTokenMs, grantMs, registration, clientDocuments } = server;
  if (accessTokenMs > grantMs)
    report.problem([...path, 'accessTokenMs'], 'is longer than grantMs', 'make it at most as long');
  const { enabled, hosts, allowLoopback } = clientDocuments;
  return {
    ...{ accessTokenMs, refreshTokenMs, grantMs, clients, registration },
    clientDocuments: { enabled, hosts, allowLoopback },
  };
}
