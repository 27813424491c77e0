/** Access tokens for Google: a service account's signed assertion is exchanged for one, or the metadata server gives it. */

import { createSign } from 'node:crypto';
import { type GcpConfig, SecretFailure } from '../../contracts/secret-managers.ts';
import { isObject } from '../../lib/is-object.ts';
import type { LivingToken } from './kept-token.ts';
import { failureOf, type ManagerAnswer, parseAnswer, type SecretHttp } from './secret-http.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
const ASSERTION_LIFE_S = 3_600;
const TOKEN_PATH = '/computeMetadata/v1/instance/service-accounts/default/token';
/** Google names this one in its keys, and it does not change. */
const TOKEN_URL = 'https://oauth2.googleapis.com/token';

/** Rejects with SecretFailure. */
export async function obtainGcpToken(
  { auth }: GcpConfig,
  http: SecretHttp,
  now: () => number,
  signal: AbortSignal,
): Promise<LivingToken<string>> {
  if (auth.type === 'metadata') {
    const headers = { 'metadata-flavor': 'Google' };
    const answer = await http.send({ method: 'GET', url: `${auth.url}${TOKEN_PATH}`, headers, signal });
    // Whoever else answers at that address is not to be believed.
    if (answer.header('metadata-flavor') !== 'Google')
      throw new SecretFailure('unreachable', 'gcp: what answers is no metadata server', {
        remedy: 'outside of Google Cloud, set "secrets.gcp.serviceAccount"',
      });
    return readToken(answer);
  }
  const account = readAccount(auth.key.open());
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: signAssertion(account, now()),
  });
  return readToken(
    await http.send({
      ...{ method: 'POST', url: account.tokenUrl, body: body.toString(), signal },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
  );
}

function readToken(answer: ManagerAnswer): LivingToken<string> {
  if (answer.status !== 200) {
    const status = answer.status === 400 ? 403 : answer.status;
    throw failureOf('gcp', 'an access token', { ...answer, status });
  }
  const { access_token: token, expires_in: lifeS } = parseAnswer('gcp', answer.text);
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
    throw new SecretFailure('malformed', 'gcp gave no access token');
  return { token, lifeMs: (typeof lifeS === 'number' ? lifeS : ASSERTION_LIFE_S) * 1_000 };
}

interface Account {
  readonly email: string;
  readonly privateKey: string;
  readonly keyId: string | undefined;
  readonly tokenUrl: string;
}

function signAssertion({ email, privateKey, keyId, tokenUrl }: Account, nowMs: number): string {
  const iat = Math.floor(nowMs / 1_000);
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) };
  const claims = { iss: email, scope: SCOPE, aud: tokenUrl, iat, exp: iat + ASSERTION_LIFE_S };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(claims)}`;
  try {
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
  } catch {
    // Not as the cause: OpenSSL quotes what it could not read.
    throw unusable('its private_key cannot sign');
  }
}

function readAccount(text: string): Account {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isObject(value)) throw unusable('it is no JSON object');
  const { client_email: email, private_key: privateKey, private_key_id: keyId, token_uri: tokenUri } = value;
  if (typeof email !== 'string' || typeof privateKey !== 'string')
    throw unusable('it has no client_email and private_key');
  const tokenUrl = typeof tokenUri === 'string' ? tokenUri : TOKEN_URL;
  const url = URL.parse(tokenUrl);
  const isLoopback = url !== null && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url === null || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback)))
    throw unusable('its token_uri is no https URL');
  return { email, privateKey, keyId: typeof keyId === 'string' ? keyId : undefined, tokenUrl };
}

function unusable(why: string): SecretFailure {
  return new SecretFailure('refused', `gcp: the service account cannot be used: ${why}`, {
    remedy: 'give the whole text of its JSON key in "secrets.gcp.serviceAccount"',
  });
}
