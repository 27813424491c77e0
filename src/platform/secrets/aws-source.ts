/** AWS Secrets Manager: GetSecretValue, signed with Signature Version 4. */

import { hash } from 'node:crypto';
import { type AwsConfig, SecretFailure, type SecretSource } from '../../contracts/secret-managers.ts';
import { type AwsCredentials, awsErrorOf, domainOf, obtainAwsCredentials } from './aws-credentials.ts';
import { createKeptToken } from './kept-token.ts';
import { createSecretHttp, failureOf, type ManagerAnswer, parseAnswer } from './secret-http.ts';

const TARGET = 'secretsmanager.GetSecretValue';

export function createAwsSource(config: AwsConfig, now: () => number): SecretSource {
  const http = createSecretHttp('aws');
  const credentials = createKeptToken<AwsCredentials>('aws', now, (signal) =>
    obtainAwsCredentials(config, http, now, signal),
  );

  const ask = async (id: string, ours: AwsCredentials, signal: AbortSignal): Promise<ManagerAnswer> => {
    const region = regionOf(id) ?? config.region;
    const url = new URL(config.endpoint ?? `https://secretsmanager.${region}.${domainOf(region)}`);
    const body = JSON.stringify({ SecretId: id });
    // Loaded only now: most gateways never need it.
    const { SignatureV4 } = await import('@smithy/signature-v4');
    const { Sha256 } = await import('@aws-crypto/sha256-js');
    const signer = new SignatureV4({ service: 'secretsmanager', region, sha256: Sha256, credentials: plain(ours) });
    const signed = await signer.sign(
      {
        ...{ method: 'POST', protocol: url.protocol, hostname: url.hostname, path: '/' },
        headers: {
          host: url.host,
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': TARGET,
          'x-amz-content-sha256': hash('sha256', body, 'hex'),
        },
      },
      { signingDate: new Date(now()) },
    );
    const { host: _, ...headers } = signed.headers;
    return http.send({ method: 'POST', url: `${url.origin}/`, headers, body, signal });
  };

  return {
    name: 'aws',
    async read(path, signal) {
      if (!/^[A-Za-z0-9/_+=.@!:-]{1,512}$/.test(path))
        throw new SecretFailure('misused', `${path} is no name of a secret in AWS`, {
          remedy: 'write its name or ARN',
        });
      const ours = await credentials.get(signal);
      let answer = await ask(path, ours, signal);
      if (isExpired(answer) && config.auth.type !== 'static') {
        credentials.drop(ours);
        answer = await ask(path, await credentials.get(signal), signal);
      }
      if (answer.status !== 200) throw describe(path, answer);
      const { SecretString, SecretBinary, VersionId } = parseAnswer('aws', answer.text);
      const version = typeof VersionId === 'string' ? VersionId : undefined;
      if (typeof SecretString === 'string') return { value: SecretString, version };
      return { value: decodeBinary(path, SecretBinary), version };
    },
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

function plain({ sessionToken, ...keys }: AwsCredentials) {
  return { ...keys, ...(sessionToken !== undefined && { sessionToken }) };
}

/** An ARN tells its region: `arn:aws:secretsmanager:eu-west-1:123456789012:secret:name-AbCdEf`. */
function regionOf(id: string): string | undefined {
  const region = /^arn:[a-z-]+:secretsmanager:([a-z0-9-]{1,32}):/.exec(id)?.[1];
  return region;
}

function isExpired({ status, text }: ManagerAnswer): boolean {
  return status >= 400 && status < 500 && /^(ExpiredToken|UnrecognizedClient)/.test(awsErrorOf(text));
}

/** Most of its errors are 400; which one is told by a name. */
function describe(path: string, answer: ManagerAnswer): SecretFailure {
  const code = awsErrorOf(answer.text);
  const status = /^ResourceNotFound/.test(code)
    ? 404
    : /^(Throttling|TooManyRequests|RequestLimitExceeded|LimitExceeded)/.test(code)
      ? 429
      : /^(AccessDenied|ExpiredToken|UnrecognizedClient|InvalidSignature|IncompleteSignature|MissingAuthentication|InvalidClientTokenId|DecryptionFailure|InvalidRequest)/.test(
            code,
          )
        ? 403
        : /^InternalService/.test(code)
          ? 500
          : answer.status;
  return failureOf('aws', path, { ...answer, status }, code);
}

function decodeBinary(path: string, binary: unknown): string {
  if (typeof binary !== 'string') throw new SecretFailure('malformed', `aws has no value for ${path}`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(binary, 'base64'));
  } catch {
    throw new SecretFailure('malformed', `aws: ${path} holds bytes that are no text`);
  }
}
