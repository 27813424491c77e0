/** The section `secrets`, read before all others: references elsewhere may lead to what it names. */

import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { z } from 'zod';
import { Secret } from '../../contracts/secret.ts';
import type { AwsAuth, AzureAuth, GcpAuth, SecretManagerConfig, VaultAuth } from '../../contracts/secret-managers.ts';
import { checkAddress } from './check-address.ts';
import { type Document, readPart } from './document.ts';
import type { SECRET_MANAGERS } from './find-secret.ts';
import { nodeAt, type Path } from './report.ts';
import { Secrets } from './secrets-schema.ts';

type Entry<K extends (typeof SECRET_MANAGERS)[number]> = NonNullable<z.output<typeof Secrets>[K]>;

const secret = (text: string | undefined): Secret | undefined => (text === undefined ? undefined : new Secret(text));

/** Undefined: there is no such manager, or it cannot be used, which is reported. */
export function readManager(
  document: Document,
  type: (typeof SECRET_MANAGERS)[number],
): SecretManagerConfig | undefined {
  const path = ['secrets', type];
  const node = nodeAt(document.root, path);
  if (node === undefined) return undefined;
  switch (type) {
    case 'vault': {
      const schema = Secrets.shape.vault.unwrap();
      const entry = readPart(document, path, node, schema, Object.keys(schema.shape));
      return entry && readVault(document, path, entry);
    }
    case 'aws': {
      const schema = Secrets.shape.aws.unwrap();
      const entry = readPart(document, path, node, schema, Object.keys(schema.shape));
      return entry && readAws(document, path, entry);
    }
    case 'gcp': {
      const schema = Secrets.shape.gcp.unwrap();
      const entry = readPart(document, path, node, schema, Object.keys(schema.shape));
      return entry && readGcp(document, path, entry);
    }
    case 'azure': {
      const schema = Secrets.shape.azure.unwrap();
      const entry = readPart(document, path, node, schema, Object.keys(schema.shape));
      return entry && readAzure(document, path, entry);
    }
  }
}

type WithoutFingerprint<T> = T extends unknown ? Omit<T, 'fingerprint'> : never;

/** Two managers with one fingerprint give one value for one path. Secrets go in, and cannot be got out again. */
function finish(manager: WithoutFingerprint<SecretManagerConfig>): SecretManagerConfig {
  const [shown, opened] = [JSON.stringify(manager), JSON.stringify(openSecrets(manager))];
  const fingerprint = createHash('sha256').update(shown).update(opened).digest('base64url');
  return { ...manager, fingerprint };
}

function openSecrets(value: unknown): unknown {
  if (value instanceof Secret) return value.open();
  if (typeof value !== 'object' || value === null) return value;
  return Object.values(value).map(openSecrets);
}

/** Platforms give these addresses whole: a slash at the end belongs to them. */
function checkExact({ report }: Document, path: Path, text: string, allowHttp: boolean): string {
  checkAddress(report, path, text, allowHttp);
  return text;
}

function readVault(document: Document, path: Path, entry: Entry<'vault'>): SecretManagerConfig {
  const { report } = document;
  const { token, appRole, kubernetes } = entry.auth;
  const given = [token, appRole, kubernetes].filter((each) => each !== undefined);
  if (given.length !== 1)
    report.problem([...path, 'auth'], 'wants exactly one way to sign in', 'write "token", "appRole" or "kubernetes"');
  const auth: VaultAuth =
    appRole !== undefined
      ? {
          type: 'appRole',
          mount: appRole.mount,
          roleId: new Secret(appRole.roleId),
          secretId: secret(appRole.secretId),
        }
      : kubernetes !== undefined
        ? { type: 'kubernetes', ...kubernetes, tokenFile: resolve(document.scope.folder, kubernetes.tokenFile) }
        : { type: 'token', token: new Secret((token ?? '').trim()) };
  if (auth.type === 'token' && given.length === 1 && !/^[\x21-\x7e]+$/.test(auth.token.open()))
    report.problem([...path, 'auth', 'token'], 'is no token', 'set the variable or file it refers to');
  return finish({
    ...{ type: 'vault', address: checkAddress(report, [...path, 'address'], entry.address, entry.allowHttp) },
    ...{ namespace: entry.namespace, auth, ca: entry.ca },
    kvVersion: entry.kvVersion === 'auto' ? 'auto' : entry.kvVersion === '1' ? 1 : 2,
    ...{ cacheMs: entry.cacheMs, timeoutMs: entry.timeoutMs },
  });
}

function readAws(document: Document, path: Path, entry: Entry<'aws'>): SecretManagerConfig {
  const { report } = document;
  const { region, accessKeyId, secretAccessKey, webIdentity, container, allowHttp } = entry;
  if (!/^[a-z0-9-]{1,32}$/.test(region))
    report.problem([...path, 'region'], 'is no region', 'write one such as "eu-central-1"');
  const isStatic = accessKeyId !== undefined || secretAccessKey !== undefined;
  if (Number(isStatic) + Number(webIdentity !== undefined) + Number(container !== undefined) !== 1)
    report.problem(
      path,
      'wants exactly one kind of credentials',
      'write "accessKeyId" and "secretAccessKey", "webIdentity" or "container"',
    );
  if (isStatic && (accessKeyId === undefined || secretAccessKey === undefined))
    report.problem(
      [...path, accessKeyId === undefined ? 'accessKeyId' : 'secretAccessKey'],
      'is missing',
      'the two belong together',
    );
  const at = (...more: readonly string[]): Path => [...path, ...more];
  const address = (where: Path, text: string | undefined): string | undefined =>
    text === undefined ? undefined : checkAddress(report, where, text, allowHttp);
  const inFolder = (file: string): string => resolve(document.scope.folder, file);
  const auth: AwsAuth =
    webIdentity !== undefined
      ? {
          ...{ type: 'webIdentity', roleArn: webIdentity.roleArn, sessionName: webIdentity.sessionName },
          tokenFile: inFolder(webIdentity.tokenFile),
          endpoint: address(at('webIdentity', 'endpoint'), webIdentity.endpoint),
        }
      : container !== undefined
        ? {
            ...{ type: 'container', token: secret(container.token) },
            url: checkExact(document, at('container', 'url'), container.url, allowHttp),
            tokenFile: container.tokenFile === undefined ? undefined : inFolder(container.tokenFile),
          }
        : {
            ...{ type: 'static', accessKeyId: new Secret(accessKeyId ?? '') },
            ...{ secretAccessKey: new Secret(secretAccessKey ?? ''), sessionToken: secret(entry.sessionToken) },
          };
  return finish({
    ...{ type: 'aws', region, endpoint: address(at('endpoint'), entry.endpoint), auth },
    ...{ cacheMs: entry.cacheMs, timeoutMs: entry.timeoutMs },
  });
}

function readGcp({ report }: Document, path: Path, entry: Entry<'gcp'>): SecretManagerConfig {
  const { serviceAccount, allowHttp } = entry;
  const auth: GcpAuth =
    serviceAccount === undefined
      ? { type: 'metadata', url: checkAddress(report, [...path, 'metadataUrl'], entry.metadataUrl, allowHttp) }
      : { type: 'serviceAccount', key: new Secret(serviceAccount) };
  return finish({
    ...{ type: 'gcp', endpoint: checkAddress(report, [...path, 'endpoint'], entry.endpoint, allowHttp), auth },
    ...{ cacheMs: entry.cacheMs, timeoutMs: entry.timeoutMs },
  });
}

function readAzure(document: Document, path: Path, entry: Entry<'azure'>): SecretManagerConfig {
  const { report } = document;
  const { clientSecret, tokenFile, managedIdentity, tenantId, clientId, allowHttp } = entry;
  const ways = [clientSecret, tokenFile, managedIdentity].filter((each) => each !== undefined);
  if (ways.length !== 1)
    report.problem(
      path,
      'wants exactly one way to sign in',
      'write "clientSecret", "tokenFile" or "managedIdentity": {}',
    );
  if (managedIdentity === undefined && ways.length === 1)
    for (const [field, value] of [
      ['tenantId', tenantId],
      ['clientId', clientId],
    ] as const)
      if (value === undefined)
        report.problem([...path, field], 'is missing', 'write what Entra ID shows for the client');
  const authority = checkAddress(report, [...path, 'authority'], entry.authority, allowHttp);
  const client = { tenantId: tenantId ?? '', clientId: clientId ?? '', authority };
  const auth: AzureAuth =
    managedIdentity !== undefined
      ? {
          ...{ type: 'managedIdentity', clientId, header: secret(managedIdentity.header) },
          url: checkExact(document, [...path, 'managedIdentity', 'url'], managedIdentity.url, allowHttp),
        }
      : tokenFile !== undefined
        ? { type: 'workloadIdentity', ...client, tokenFile: resolve(document.scope.folder, tokenFile) }
        : { type: 'clientSecret', ...client, clientSecret: new Secret(clientSecret ?? '') };
  if (!entry.vaultUrl.includes('{vault}'))
    report.problem([...path, 'vaultUrl'], 'does not say where the name of the vault goes', 'write "{vault}" in it');
  checkAddress(report, [...path, 'vaultUrl'], entry.vaultUrl.replaceAll('{vault}', 'name'), allowHttp);
  return finish({
    ...{ type: 'azure', vaultUrl: entry.vaultUrl.replace(/\/+$/, ''), resource: entry.resource, auth },
    ...{ cacheMs: entry.cacheMs, timeoutMs: entry.timeoutMs },
  });
}
