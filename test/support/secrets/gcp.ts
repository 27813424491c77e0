/** A pretended Google: a token endpoint that verifies assertions, a metadata server, and Secret Manager. */

import { createVerify, generateKeyPairSync } from 'node:crypto';
import type { Cleanup } from '../temp-dir.ts';
import { type FakeManager, type ManagerCall, type ManagerReply, startFakeManager } from './fake-manager.ts';

export interface FakeGcp extends FakeManager {
  /** Payloads by `projects/p/secrets/s`, oldest version first. */
  readonly secrets: Map<string, (string | Buffer)[]>;
  /** Text of a key whose assertions are believed. */
  readonly serviceAccount: string;
  /** Tokens that are good. */
  readonly tokens: Set<string>;
}

const EMAIL = 'gateway@fake.iam.gserviceaccount.com';

export async function startFakeGcp(cleanup: Cleanup, options: { readonly lifeS?: number } = {}): Promise<FakeGcp> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const secrets: FakeGcp['secrets'] = new Map();
  const tokens = new Set<string>();
  let count = 0;
  const issue = (): ManagerReply => {
    const token = `ya29.fake-${++count}`;
    tokens.add(token);
    const body = { access_token: token, expires_in: options.lifeS ?? 3_599, token_type: 'Bearer' };
    return { status: 200, body, headers: { 'metadata-flavor': 'Google' } };
  };
  const error = (status: number, code: string): ManagerReply => ({
    status,
    body: { error: { code: status, status: code } },
  });

  const answer = (call: ManagerCall): ManagerReply => {
    if (call.path === '/token') return isBelieved(call) ? issue() : { status: 400, body: { error: 'invalid_grant' } };
    if (call.path.startsWith('/computeMetadata/v1/instance/service-accounts/default/token'))
      return call.headers['metadata-flavor'] === 'Google' ? issue() : error(403, 'FORBIDDEN');
    const [, secret = '', version = ''] = /^\/v1\/(.+)\/versions\/([^/]+):access$/.exec(call.path) ?? [];
    if (!tokens.has((call.headers.authorization ?? '').replace('Bearer ', ''))) return error(401, 'UNAUTHENTICATED');
    const versions = secrets.get(secret) ?? [];
    const number = version === 'latest' ? versions.length : Number(version);
    const payload = versions[number - 1];
    if (payload === undefined) return error(404, 'NOT_FOUND');
    const data = Buffer.from(payload).toString('base64');
    return { status: 200, body: { name: `${secret}/versions/${number}`, payload: { data } } };
  };

  /** As Google does: signature, audience, times, and whose key it is. */
  const isBelieved = ({ body }: ManagerCall): boolean => {
    const form = new URLSearchParams(body);
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return false;
    const [head = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as { [name: string]: unknown };
    const { alg, kid } = read(head);
    const { iss, aud, iat, exp, scope } = read(claims);
    const nowS = Date.now() / 1_000;
    return [
      createVerify('RSA-SHA256').update(`${head}.${claims}`).verify(publicKey, signature, 'base64url'),
      ...[alg === 'RS256', kid === 'fake-key', iss === EMAIL, aud === `${fake.origin}/token`],
      ...[Number(iat) <= nowS + 1, Number(exp) > nowS, Number(exp) - Number(iat) <= 3_600],
      scope === 'https://www.googleapis.com/auth/cloud-platform',
    ].every(Boolean);
  };

  const fake = await startFakeManager(cleanup, answer);
  const serviceAccount = JSON.stringify({
    ...{ type: 'service_account', client_email: EMAIL, private_key_id: 'fake-key', token_uri: `${fake.origin}/token` },
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  });
  return Object.assign(fake, { secrets, serviceAccount, tokens });
}
