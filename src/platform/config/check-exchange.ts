/** Whether `tokenExchange` of a server goes together with what else is said of it, and with whose tokens are taken at all. */

import type { z } from 'zod';
import { Secret } from '../../contracts/secret.ts';
import type { TokenExchangeConfig } from '../../contracts/token-exchange.ts';
import type { Document } from './document.ts';
import type { TokenExchange } from './exchange-schema.ts';
import { nodeAt, type Path } from './report.ts';
import type { ServerOptions } from './schema.ts';

export function checkExchange(
  { report, root }: Pick<Document, 'report' | 'root'>,
  path: Path,
  {
    credentials,
    userHeaders,
    tokenExchange,
  }: Pick<z.output<typeof ServerOptions>, 'credentials' | 'userHeaders' | 'tokenExchange'>,
): void {
  if (tokenExchange === undefined) return;
  const at = [...path, 'tokenExchange'];
  if (credentials !== 'per-user')
    report.problem(at, 'has no effect without "credentials": "per-user"', 'set "credentials" to "per-user"');
  if (userHeaders !== undefined)
    report.problem(at, 'stands beside "userHeaders", which people fill in', 'keep one of them');
  const issuers = nodeAt(root, ['authorization', 'issuers']);
  const known = issuers?.type === 'array' ? issuers.elements.map((_, i) => textAt(root, i)) : [];
  if (!known.includes(tokenExchange.issuer))
    report.problem(
      [...at, 'issuer'],
      'is none of "authorization.issuers": no caller could present a token of it',
      'add it there, written in the same way',
    );
}

function textAt(root: Document['root'], i: number): string | undefined {
  const node = nodeAt(root, ['authorization', 'issuers', i, 'issuer']);
  return node?.type === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}

/** Secrets closed. */
export function readExchange({ clientSecret, idJag, ...open }: z.output<typeof TokenExchange>): TokenExchangeConfig {
  return {
    ...open,
    ...(clientSecret !== undefined && { clientSecret: new Secret(clientSecret) }),
    ...(idJag !== undefined && {
      idJag: { ...idJag, clientSecret: idJag.clientSecret === undefined ? undefined : new Secret(idJag.clientSecret) },
    }),
  };
}
