/** Credentials for AWS: static ones, those of a role by web identity, or those a container is given. */

import { type AwsConfig, SecretFailure } from '../../contracts/secret-managers.ts';
import { isObject } from '../../lib/is-object.ts';
import type { LivingToken } from './kept-token.ts';
import { readTextFile } from './read-text-file.ts';
import { failureOf, parseAnswer, type SecretHttp } from './secret-http.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/** Rejects with SecretFailure. */
export async function obtainAwsCredentials(
  { auth, region }: AwsConfig,
  http: SecretHttp,
  now: () => number,
  signal: AbortSignal,
): Promise<LivingToken<AwsCredentials>> {
  switch (auth.type) {
    case 'static': {
      const token = {
        accessKeyId: auth.accessKeyId.open(),
        secretAccessKey: auth.secretAccessKey.open(),
        sessionToken: auth.sessionToken?.open(),
      };
      return { token, lifeMs: undefined };
    }
    case 'webIdentity': {
      const body = new URLSearchParams({
        ...{ Action: 'AssumeRoleWithWebIdentity', Version: '2011-06-15' },
        ...{ RoleArn: auth.roleArn, RoleSessionName: auth.sessionName },
        WebIdentityToken: (await readTextFile(auth.tokenFile, signal)).trim(),
      });
      const answer = await http.send({
        ...{ method: 'POST', url: `${auth.endpoint ?? `https://sts.${region}.${domainOf(region)}`}/`, signal },
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/xml' },
        body: body.toString(),
      });
      if (answer.status !== 200)
        throw failureOf('aws', `credentials of ${auth.roleArn}`, refused(answer), tagOf(answer.text, 'Code'));
      return living(
        tagOf(answer.text, 'AccessKeyId'),
        tagOf(answer.text, 'SecretAccessKey'),
        ...([tagOf(answer.text, 'SessionToken'), tagOf(answer.text, 'Expiration'), now()] as const),
      );
    }
    case 'container': {
      const given = auth.tokenFile === undefined ? auth.token?.open() : await readTextFile(auth.tokenFile, signal);
      const headers: { readonly [name: string]: string } =
        given === undefined ? {} : { authorization: checkHeader(given.trim()) };
      const answer = await http.send({ method: 'GET', url: auth.url, headers, signal });
      if (answer.status !== 200) throw failureOf('aws', 'the credentials of this container', refused(answer));
      const { AccessKeyId, SecretAccessKey, Token, Expiration } = parseAnswer('aws', answer.text);
      return living(AccessKeyId, SecretAccessKey, Token, Expiration, now());
    }
  }
}

function living(
  accessKeyId: unknown,
  secretAccessKey: unknown,
  sessionToken: unknown,
  expiration: unknown,
  nowMs: number,
): LivingToken<AwsCredentials> {
  if (
    typeof accessKeyId !== 'string' ||
    typeof secretAccessKey !== 'string' ||
    typeof sessionToken !== 'string' ||
    typeof expiration !== 'string' ||
    Number.isNaN(Date.parse(expiration))
  )
    throw new SecretFailure('malformed', 'aws gave credentials that cannot be read');
  const lifeMs = Math.max(Date.parse(expiration) - nowMs, 0);
  return { token: { accessKeyId, secretAccessKey, sessionToken }, lifeMs };
}

/** Their 4xx are all refusals: there is nothing wrong with the way we ask. */
function refused<T extends { readonly status: number }>(answer: T): T {
  return answer.status >= 400 && answer.status < 500 && answer.status !== 429 ? { ...answer, status: 403 } : answer;
}

/** STS speaks XML, of which a few plain texts are needed. */
function tagOf(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<&]{1,8192})</${name}>`).exec(xml)?.[1];
}

function checkHeader(text: string): string {
  if (/^[\x20-\x7e]+$/.test(text)) return text;
  throw new SecretFailure('malformed', 'the token for the credentials of this container cannot be sent');
}

/** Where the services of a region are. */
export function domainOf(region: string): string {
  return region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
}

/** The error's name, without the namespace and the address some services put around it. */
export function awsErrorOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    const type = isObject(value) ? value.__type : undefined;
    return typeof type === 'string' ? (type.split('#').at(-1)?.split(':')[0] ?? '') : '';
  } catch {
    return '';
  }
}
