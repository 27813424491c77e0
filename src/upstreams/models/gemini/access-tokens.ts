/** Access tokens of a Google service account: a signed assertion is exchanged for one, which is kept until shortly before it ends. */

import { createSign } from 'node:crypto';
import { ProviderFailure } from '../../../contracts/models.ts';
import type { Secret } from '../../../contracts/secret.ts';
import { isObject } from '../../../lib/is-object.ts';
import type { ProviderDeps } from '../provider-codec.ts';
import { sendToProvider } from '../send.ts';

/** Gives a token that is good for a while. Throws ProviderFailure. */
export type AccessTokens = () => Promise<string>;

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const LIFE_S = 3_600;
/** Before its end a token is renewed, so that none ends on its way. */
const MARGIN_MS = 120_000;
const TIMEOUT_MS = 15_000;
const MAX_BYTES = 65_536;

interface Account {
  readonly email: string;
  readonly privateKey: string;
  readonly keyId: string | undefined;
  readonly tokenUrl: string;
}

/** All who ask at the same time wait for one exchange. */
export function createAccessTokens(
  { http, now }: Pick<ProviderDeps, 'http' | 'now'>,
  serviceAccount: Secret,
): AccessTokens {
  let current: { readonly token: string; readonly untilMs: number } | undefined;
  let pending: Promise<string> | undefined;

  const exchange = async (): Promise<string> => {
    const account = readAccount(serviceAccount.open());
    const body = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: signAssertion(account, now()),
    });
    // Nobody's signal: who asked first may leave, and the others still want it.
    const signal = new AbortController().signal;
    const response = await sendToProvider(
      http,
      {
        ...{ method: 'POST', url: account.tokenUrl, body: body.toString() },
        headers: ['content-type', 'application/x-www-form-urlencoded', 'accept', 'application/json'],
      },
      { signal, firstByteTimeoutMs: TIMEOUT_MS, idleTimeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES },
    );
    const answer = parseObject(await response.text());
    if (response.status !== 200)
      throw new ProviderFailure(
        response.status >= 500 ? 'server-error' : 'unauthorized',
        `the token endpoint answered ${response.status}: ${String(answer?.error ?? '').slice(0, 64)}`,
        { status: response.status },
      );
    const token = answer?.access_token;
    if (typeof token !== 'string' || token === '' || /[^\x21-\x7e]/.test(token))
      throw new ProviderFailure('malformed', 'the token endpoint gave no token');
    const lifeS = typeof answer?.expires_in === 'number' ? answer.expires_in : LIFE_S;
    current = { token, untilMs: now() + lifeS * 1_000 - MARGIN_MS };
    return token;
  };

  return () => {
    if (current !== undefined && now() < current.untilMs) return Promise.resolve(current.token);
    pending ??= exchange().finally(() => {
      pending = undefined;
    });
    return pending;
  };
}

function signAssertion({ email, privateKey, keyId, tokenUrl }: Account, nowMs: number): string {
  const iat = Math.floor(nowMs / 1_000);
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) };
  const claims = { iss: email, scope: SCOPE, aud: tokenUrl, iat, exp: iat + LIFE_S };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(claims)}`;
  try {
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
  } catch (error) {
    // Not as the cause: OpenSSL quotes what it could not read.
    throw unusable(`its private key cannot sign (${error instanceof Error ? error.name : 'unknown'})`);
  }
}

function readAccount(text: string): Account {
  const account = parseObject(text);
  const { client_email: email, private_key: privateKey, private_key_id: keyId, token_uri: tokenUri } = account ?? {};
  if (typeof email !== 'string' || typeof privateKey !== 'string')
    throw unusable('it has no client_email and private_key');
  const tokenUrl = typeof tokenUri === 'string' ? tokenUri : 'https://oauth2.googleapis.com/token';
  const url = URL.parse(tokenUrl);
  const isLoopback = url !== null && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url === null || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback)))
    throw unusable('its token_uri is no https URL');
  return { email, privateKey, keyId: typeof keyId === 'string' ? keyId : undefined, tokenUrl };
}

function unusable(why: string): ProviderFailure {
  return new ProviderFailure('unauthorized', `the service account cannot be used: ${why}`);
}

function parseObject(text: string): { readonly [key: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
