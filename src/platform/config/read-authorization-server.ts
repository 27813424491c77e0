/** The section on the gateway's own authorization server. */

import type { AuthorizationServerConfig } from '../../contracts/authorization-server.ts';
import { Secret } from '../../contracts/secret.ts';
import { AuthorizationServer } from './authorization-server-schema.ts';
import { type Document, readPart } from './document.ts';
import { nodeAt } from './report.ts';

const CLIENT_ID = /^[A-Za-z0-9_.~-]{1,128}$/;
const REDIRECT =
  /^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1|\[::1\])([:/]|$)|(?!https?:|javascript:|data:)[a-z][a-z0-9+.-]*:)/;

/** Undefined: there is no such section, or it cannot be used, which is reported. */
export function readAuthorizationServer(document: Document): AuthorizationServerConfig | undefined {
  const { root, report } = document;
  const path = ['authorization', 'server'];
  const node = nodeAt(root, path);
  if (node === undefined) return undefined;
  const server = readPart(document, path, node, AuthorizationServer, Object.keys(AuthorizationServer.shape));
  if (server === undefined) return undefined;
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
