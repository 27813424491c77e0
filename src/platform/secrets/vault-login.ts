/** Our token at Vault: given, or got by a login; renewed while it may be, and got anew when it may not. */

import { SecretFailure, type VaultConfig } from '../../contracts/secret-managers.ts';
import { isObject } from '../../lib/is-object.ts';
import type { LivingToken } from './kept-token.ts';
import { readTextFile } from './read-text-file.ts';
import { failureOf, type ManagerAnswer, parseAnswer } from './secret-http.ts';

export type SendToVault = (request: {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token?: string | undefined;
  readonly body?: object | undefined;
  readonly signal: AbortSignal;
}) => Promise<ManagerAnswer>;

/** Signs in, or renews `before`. Rejects with SecretFailure. */
export async function obtainVaultToken(
  { auth }: VaultConfig,
  send: SendToVault,
  signal: AbortSignal,
  before: string | undefined,
): Promise<LivingToken<string>> {
  const renewed = before === undefined ? undefined : await renew(send, before, signal);
  if (renewed !== undefined) return renewed;
  switch (auth.type) {
    case 'token':
      return lookUp(send, auth.token.open(), signal);
    case 'appRole':
      return logIn(send, auth.mount, signal, {
        role_id: auth.roleId.open(),
        ...(auth.secretId !== undefined && { secret_id: auth.secretId.open() }),
      });
    case 'kubernetes':
      return logIn(send, auth.mount, signal, {
        role: auth.role,
        jwt: (await readTextFile(auth.tokenFile, signal)).trim(),
      });
  }
}

async function logIn(
  send: SendToVault,
  mount: string,
  signal: AbortSignal,
  body: object,
): Promise<LivingToken<string>> {
  const answer = await send({ method: 'POST', path: `auth/${encodePath(mount)}/login`, body, signal });
  if (answer.status !== 200) {
    // A wrong role or secret id is a 400 there.
    const status = answer.status === 400 ? 403 : answer.status;
    throw failureOf('vault', `a token (auth/${mount})`, { ...answer, status });
  }
  const { auth } = parseAnswer('vault', answer.text);
  if (!isObject(auth) || typeof auth.client_token !== 'string' || auth.client_token === '')
    throw new SecretFailure('malformed', 'vault gave no token');
  return { token: auth.client_token, lifeMs: lifeOf(auth.lease_duration) };
}

/** How long a token that was given to us is good, and whether anybody will tell us. */
async function lookUp(send: SendToVault, token: string, signal: AbortSignal): Promise<LivingToken<string>> {
  const answer = await send({ method: 'GET', path: 'auth/token/lookup-self', token, signal });
  // It may read secrets and yet not look itself up.
  if (answer.status !== 200) return { token, lifeMs: undefined };
  const { data } = parseAnswer('vault', answer.text);
  const ttl = isObject(data) ? data.ttl : undefined;
  const isRenewable = isObject(data) && data.renewable === true;
  return { token, lifeMs: isRenewable ? lifeOf(ttl) : undefined };
}

/** Undefined: it cannot be renewed, or not for long enough to be worth it. */
async function renew(send: SendToVault, token: string, signal: AbortSignal): Promise<LivingToken<string> | undefined> {
  const answer = await send({ method: 'POST', path: 'auth/token/renew-self', token, body: {}, signal });
  if (answer.status !== 200) return undefined;
  const { auth } = parseAnswer('vault', answer.text);
  if (!isObject(auth) || typeof auth.client_token !== 'string') return undefined;
  const lifeMs = lifeOf(auth.lease_duration);
  // Near its greatest age it gets ever less: then a login gives more.
  return lifeMs === undefined || lifeMs < MIN_LIFE_MS ? undefined : { token: auth.client_token, lifeMs };
}

const MIN_LIFE_MS = 1_000;

/** Vault says 0 of a token without end. */
function lifeOf(seconds: unknown): number | undefined {
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : undefined;
}

/** Each segment escaped; slashes stay. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
