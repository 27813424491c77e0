/** The section on how people sign in. */

import type { IdentityProviderConfig, LoginConfig } from '../../contracts/login-config.ts';
import { Secret } from '../../contracts/secret.ts';
import { type Document, readPart } from './document.ts';
import { type IdentityProviderShape, Login } from './login-schema.ts';
import { isLoopbackHost } from './read-listen.ts';
import { nodeAt } from './report.ts';

const NAME = /^[A-Za-z0-9_-]{1,32}$/;

/** Undefined: there is no such section, or it cannot be used, which is reported. */
export function readLogin(document: Document, publicUrl: string | undefined): LoginConfig | undefined {
  const { root, report } = document;
  const node = nodeAt(root, ['login']);
  if (publicUrl?.startsWith('http:') && !isLoopbackHost(new URL(publicUrl).hostname))
    report.warning(
      ['listen', 'publicUrl'],
      'passwords and sessions of people would cross the network unencrypted',
      'put a proxy that speaks https in front, and write its https:// address',
    );
  if (node === undefined) return undefined;
  const login = readPart(document, ['login'], node, Login, Object.keys(Login.shape));
  if (login === undefined) return undefined;
  if (login.sessionIdleMs > login.sessionMaxMs)
    report.problem(['login', 'sessionIdleMs'], 'is longer than sessionMaxMs', 'make it at most as long');
  const providers = Object.entries(login.providers).map(([name, body]) => readProvider(document, name, body));
  if (!login.localAccounts && providers.length === 0)
    report.problem(['login', 'localAccounts'], 'nobody could sign in', 'configure a provider, or leave it true');
  return {
    localAccounts: login.localAccounts,
    providers,
    session: { idleMs: login.sessionIdleMs, maxMs: login.sessionMaxMs },
    invitationMs: login.invitationMs,
    lockOutByAddress: login.lockOutByAddress,
  };
}

function readProvider(
  { report, root }: Document,
  name: string,
  body: (typeof IdentityProviderShape)['_output'],
): IdentityProviderConfig {
  const path = ['login', 'providers', name];
  if (!NAME.test(name))
    report.problem(
      path,
      'expected a name of letters, digits, _ and -, at most 32',
      'put what people read into "title"',
    );
  const problem = issuerProblem(body.issuer);
  if (problem !== undefined) report.problem([...path, 'issuer'], problem, 'copy the issuer from the provider');
  if (body.roleMapping.length === 0 && body.defaultRole === undefined && body.createUsers)
    report.problem([...path, 'createUsers'], 'new users would have no role', 'add "defaultRole" or "roleMapping"');
  if (body.linkByEmail && nodeAt(root, [...path, 'scopes']) !== undefined && !body.scopes.includes('email'))
    report.warning([...path, 'linkByEmail'], 'has no effect without the scope "email"', 'add it to "scopes"');
  return {
    name,
    title: body.title ?? name,
    issuer: body.issuer,
    clientId: body.clientId,
    clientSecret: body.clientSecret === undefined ? undefined : new Secret(body.clientSecret),
    scopes: body.scopes.includes('openid') ? body.scopes : ['openid', ...body.scopes],
    roles: body.roleMapping.map(({ claim, value, role }) => ({ claim, value, gives: role })),
    defaultRole: body.defaultRole,
    teams: body.teamMapping.map(({ claim, value, team }) => ({ claim, value, gives: team })),
    createUsers: body.createUsers,
    linkByEmail: body.linkByEmail,
  };
}

/** What is wrong with it as the address of an issuer, which people are sent to and whose keys are believed. */
export function issuerProblem(issuer: string): string | undefined {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (url === undefined || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '')
    return 'expected a URL without query and fragment';
  if (url.protocol === 'https:') return undefined;
  return url.protocol === 'http:' && isLoopbackHost(url.hostname) ? undefined : 'expected an https:// URL';
}
