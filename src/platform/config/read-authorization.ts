/** The section on access tokens. */

import type { z } from 'zod';
import type { AuthorizationConfig, TokenIssuerConfig } from '../../contracts/authorization-config.ts';
import type { AuthorizationServerConfig } from '../../contracts/authorization-server.ts';
import type { Grant } from '../../contracts/caller.ts';
import type { ToolsetConfig } from '../../contracts/config.ts';
import { type Access, Authorization, type TokenIssuerShape } from './authorization-schema.ts';
import { checkPattern } from './check-pattern.ts';
import { type Document, readPart } from './document.ts';
import { readAuthorizationServer } from './read-authorization-server.ts';
import { checkToolsets } from './read-keys.ts';
import { isLoopbackHost } from './read-listen.ts';
import { issuerProblem } from './read-login.ts';
import type { KnownServer } from './read-servers.ts';
import { nodeAt, type Path } from './report.ts';

/** What patterns and names may speak of. */
interface Known {
  readonly servers: readonly KnownServer[];
  readonly toolsets: readonly Pick<ToolsetConfig, 'name'>[];
  readonly providers: readonly string[];
  readonly listen: { readonly host: string; readonly publicUrl?: string | undefined } | undefined;
}

export interface ReadAuthorization {
  readonly authorization?: AuthorizationConfig;
  readonly authorizationServer?: AuthorizationServerConfig;
}

/** Empty: there is no such section, or it cannot be used, which is reported. */
export function readAuthorization(document: Document, known: Known): ReadAuthorization {
  const { root, report } = document;
  const node = nodeAt(root, ['authorization']);
  if (node === undefined) return {};
  const section = readPart(document, ['authorization'], node, Authorization, Object.keys(Authorization.shape));
  if (section === undefined) return {};
  const access = readAccess(document, ['authorization', 'access'], section.access, known);
  const issuers = section.issuers.map((each, i) => readIssuer(document, ['authorization', 'issuers', i], each, known));
  checkAddress(document, known.listen);
  if (issuers.length === 0 && section.server === undefined)
    report.warning(
      ['authorization'],
      'has no effect: no token is taken',
      'add an authorization server to "issuers", or the gateway\'s own, "server"',
    );
  for (const [i, { issuer }] of issuers.entries())
    if (issuers.findIndex((each) => each.issuer === issuer) < i)
      report.problem(['authorization', 'issuers', i, 'issuer'], 'stands twice', 'keep one of them');
  const path = ['authorization', 'server'];
  const authorizationServer = section.server && readAuthorizationServer(document, path, section.server);
  warnOfUselessTokens(document, { access, issuers, hasServer: section.server !== undefined });
  return { authorization: { access, issuers }, ...(authorizationServer && { authorizationServer }) };
}

const opensNothing = ({ allow, toolsets = [] }: Grant): boolean => allow.length === 0 && toolsets.length === 0;

/** Valid, and of no use: whoever comes with a good token finds nothing, and nothing says why. */
function warnOfUselessTokens(
  { report }: Document,
  { access, issuers, hasServer }: AuthorizationConfig & { readonly hasServer: boolean },
): void {
  if (!opensNothing(access)) return;
  const remedy = 'write what they may reach into authorization.access, e.g. "access": { "allow": ["*"] }';
  if (hasServer)
    report.warning(
      ['authorization', 'server'],
      'tokens that act as people reach nothing, since "access" allows nothing; only those that act as a key do',
      remedy,
    );
  for (const [i, { claims }] of issuers.entries()) {
    const given = claims.rules.map((rule) => rule.access ?? access);
    const at = ['authorization', 'issuers', i];
    if (given.every(opensNothing))
      report.warning(
        at,
        'its tokens reach nothing, since neither "access" nor a rule of its own allows anything',
        remedy,
      );
  }
}

/** Clients compare the address they use with the one that stands in documents and tokens. */
function checkAddress({ report }: Document, listen: Known['listen']): void {
  if (listen === undefined) return;
  const url = listen.publicUrl === undefined ? undefined : new URL(listen.publicUrl);
  if (url === undefined && !isLoopbackHost(listen.host))
    report.warning(
      ['authorization'],
      'clients on other machines could use no token: the gateway does not know by which address they reach it',
      'write listen.publicUrl',
    );
  if (url?.protocol === 'http:' && !isLoopbackHost(url.hostname))
    report.warning(
      ['authorization'],
      'access tokens would cross the network unencrypted',
      'put a proxy that speaks https in front, and write its https:// address as listen.publicUrl',
    );
}

function readIssuer(
  document: Document,
  path: Path,
  body: z.output<typeof TokenIssuerShape>,
  known: Known,
): TokenIssuerConfig {
  const { report } = document;
  const problem = issuerProblem(body.issuer);
  if (problem !== undefined) report.problem([...path, 'issuer'], problem, 'copy it from the metadata of the issuer');
  const keys = body.jwksUrl === undefined ? undefined : issuerProblem(body.jwksUrl);
  if (keys !== undefined) report.problem([...path, 'jwksUrl'], keys, 'copy "jwks_uri" from the metadata of the issuer');
  const rules = body.claims.rules.map(({ access, ...rule }, i) => ({
    ...rule,
    access:
      access === undefined ? undefined : readAccess(document, [...path, 'claims', 'rules', i, 'access'], access, known),
  }));
  return {
    ...{ issuer: body.issuer, audience: body.audience, jwksUrl: body.jwksUrl, algorithms: body.algorithms },
    scopes: body.scopes,
    claims: { user: body.claims.user, labels: body.claims.labels, rules },
  };
}

function readAccess(document: Document, path: Path, access: z.output<typeof Access>, known: Known): Grant {
  for (const field of ['allow', 'deny'] as const)
    for (const [i, pattern] of access[field].entries())
      checkPattern(document.report, [...path, field, i], pattern, known.servers, known.providers);
  checkToolsets(document, path, access.toolsets, known.toolsets);
  const { allow, deny, toolsets } = access;
  return { allow, deny, ...(toolsets.length > 0 && { toolsets }) };
}
