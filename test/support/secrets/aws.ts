/** A pretended AWS: Secrets Manager that believes signatures only (checked by another implementation), STS, container credentials. */

import { hash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import type { Cleanup } from '../temp-dir.ts';
import { type FakeManager, type ManagerCall, type ManagerReply, startFakeManager } from './fake-manager.ts';

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface FakeAws extends FakeManager {
  readonly secrets: Map<string, { SecretString?: string; SecretBinary?: string; VersionId: string }>;
  /** Who may read. Temporary ones are added by STS and the container endpoint. */
  readonly keys: AwsKeys[];
}

export const AWS_KEYS: AwsKeys = {
  accessKeyId: 'AKIDFAKEFAKEFAKEFAKE',
  secretAccessKey: 'fake/secret+access/key0123456789abcdefghi',
};
export const AWS_REGION = 'eu-central-1';

export interface FakeAwsOptions {
  /** What STS believes. */
  readonly webIdentity?: { readonly roleArn: string; readonly token: () => string };
  /** What the container endpoint wants as Authorization. */
  readonly containerToken?: () => string;
  /** Life of temporary credentials. Default 3,600 s. */
  readonly lifeS?: number;
}

export async function startFakeAws(cleanup: Cleanup, options: FakeAwsOptions = {}): Promise<FakeAws> {
  const secrets: FakeAws['secrets'] = new Map();
  const keys: AwsKeys[] = [AWS_KEYS];
  let count = 0;
  const temporary = (): AwsKeys & { readonly sessionToken: string; readonly expiration: string } => {
    count++;
    const made = {
      ...{ accessKeyId: `ASIA${String(count).padStart(16, '0')}`, secretAccessKey: `temporary-secret-${count}` },
      ...{
        sessionToken: `session-${count}`,
        expiration: new Date(Date.now() + (options.lifeS ?? 3_600) * 1_000).toISOString(),
      },
    };
    keys.push(made);
    return made;
  };
  const error = (status: number, type: string): ManagerReply => ({
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: { __type: `com.amazonaws.secretsmanager#${type}`, Message: 'told by the fake' },
  });

  const answer = async (call: ManagerCall): Promise<ManagerReply> => {
    if (call.path === '/v2/credentials/role') {
      if (call.headers.authorization !== options.containerToken?.()) return { status: 403, body: {} };
      const { accessKeyId, secretAccessKey, sessionToken, expiration } = temporary();
      const body = {
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        Token: sessionToken,
        Expiration: expiration,
      };
      return { status: 200, body };
    }
    const form = new URLSearchParams(call.body);
    if (form.get('Action') === 'AssumeRoleWithWebIdentity') {
      const { webIdentity } = options;
      if (
        webIdentity === undefined ||
        form.get('RoleArn') !== webIdentity.roleArn ||
        form.get('WebIdentityToken') !== webIdentity.token() ||
        form.get('Version') !== '2011-06-15'
      )
        return { status: 400, body: '<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>' };
      const made = temporary();
      return {
        ...{ status: 200, headers: { 'content-type': 'text/xml' } },
        body: `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>${made.accessKeyId}</AccessKeyId><SecretAccessKey>${made.secretAccessKey}</SecretAccessKey><SessionToken>${made.sessionToken}</SessionToken><Expiration>${made.expiration}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
      };
    }
    if (call.method !== 'POST' || call.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue')
      return error(400, 'UnknownOperationException');
    const doubt = await findDoubt(call, keys);
    if (doubt !== undefined) return error(400, doubt);
    const { SecretId } = JSON.parse(call.body) as { SecretId: string };
    const found = secrets.get(SecretId);
    return found === undefined
      ? error(400, 'ResourceNotFoundException')
      : { status: 200, body: { Name: SecretId, ARN: `arn:${SecretId}`, ...found } };
  };
  return Object.assign(await startFakeManager(cleanup, answer), { secrets, keys });
}

/** Signs the request again, and compares. Undefined: it is who it says. */
async function findDoubt(
  { method, path, headers, body }: ManagerCall,
  keys: readonly AwsKeys[],
): Promise<string | undefined> {
  const [, accessKeyId = '', region = '', names = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/secretsmanager\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=[0-9a-f]{64}$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  const known = keys.find((each) => each.accessKeyId === accessKeyId);
  if (accessKeyId === '') return 'MissingAuthenticationTokenException';
  if (known === undefined || headers['x-amz-security-token'] !== known.sessionToken)
    return 'UnrecognizedClientException';
  if (headers['x-amz-content-sha256'] !== hash('sha256', body, 'hex')) return 'InvalidSignatureException';
  const signedNames = names.split(';');
  if (!['host', 'x-amz-date', 'x-amz-target'].every((name) => signedNames.includes(name)))
    return 'IncompleteSignatureException';
  const signed = signedNames.filter((name) => name !== 'host' && name !== 'x-amz-date');
  const signer = new AwsV4Signer({
    ...{ method, url: `http://${headers.host ?? ''}${path}`, body, service: 'secretsmanager', region },
    headers: Object.fromEntries(signed.map((name) => [name, String(headers[name] ?? '')])),
    ...{
      accessKeyId,
      secretAccessKey: known.secretAccessKey,
      datetime: String(headers['x-amz-date']),
      allHeaders: true,
    },
  });
  const signature = await signer.signature();
  return headers.authorization?.endsWith(`Signature=${signature}`) ? undefined : 'InvalidSignatureException';
}
