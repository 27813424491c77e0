import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { AWS_KEYS, AWS_REGION, startFakeAws } from '../../../test/support/secrets/aws.ts';
import { AZURE_CLIENT, startFakeAzure } from '../../../test/support/secrets/azure.ts';
import { startFakeGcp } from '../../../test/support/secrets/gcp.ts';
import { type Cleanup, createTempDir } from '../../../test/support/temp-dir.ts';
import { Secret } from '../../contracts/secret.ts';
import {
  type AwsAuth,
  type AzureAuth,
  type GcpAuth,
  SecretFailure,
  type SecretSourceConfig,
} from '../../contracts/secret-managers.ts';
import { createSource } from './create-source.ts';

const KEPT = { cacheMs: 60_000, timeoutMs: 5_000, fingerprint: 'f' } as const;

function open(cleanup: Cleanup, config: SecretSourceConfig, now = Date.now) {
  const source = createSource(config, now);
  cleanup.after(() => source[Symbol.asyncDispose]());
  return (path: string) => source.read(path, AbortSignal.timeout(5_000));
}
const aws = (endpoint: string, auth: AwsAuth): SecretSourceConfig => ({
  ...{ type: 'aws', region: AWS_REGION, endpoint, auth, ...KEPT },
});
const gcp = (endpoint: string, auth: GcpAuth): SecretSourceConfig => ({ type: 'gcp', endpoint, auth, ...KEPT });
const azure = (origin: string, auth: AzureAuth): SecretSourceConfig => ({
  ...{ type: 'azure', vaultUrl: `${origin}/{vault}`, resource: 'https://vault.azure.net', auth, ...KEPT },
});
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'fine',
    (error: unknown) => (error instanceof SecretFailure ? error.kind : String(error)),
  );
const staticAuth = (secretAccessKey = AWS_KEYS.secretAccessKey): AwsAuth => ({
  ...{ type: 'static', accessKeyId: new Secret(AWS_KEYS.accessKeyId), secretAccessKey: new Secret(secretAccessKey) },
  sessionToken: undefined,
});

test('AWS: a secret is read with a signature that another implementation finds right', async (t) => {
  const fake = await startFakeAws(t);
  const arn = `arn:aws:secretsmanager:us-west-2:123456789012:secret:app/key-AbCdEf`;
  fake.secrets.set('app/key', { SecretString: '{"a":"1"}', VersionId: 'v-1' });
  fake.secrets.set(arn, { SecretString: 'far away', VersionId: 'v-2' });
  fake.secrets.set('bytes', { SecretBinary: Buffer.from('of text').toString('base64'), VersionId: 'v-3' });
  fake.secrets.set('noise', { SecretBinary: Buffer.from([0xff, 0xfe]).toString('base64'), VersionId: 'v-4' });
  const read = open(t, aws(fake.origin, staticAuth()));
  assert.deepEqual(await read('app/key'), { value: '{"a":"1"}', version: 'v-1' });
  assert.equal((await read(arn)).value, 'far away');
  assert.match(fake.calls.at(-1)?.headers.authorization ?? '', /\/us-west-2\/secretsmanager\//);
  assert.equal((await read('bytes')).value, 'of text');
  assert.equal(await failureOf(read('noise')), 'malformed');
  assert.equal(await failureOf(read('none')), 'missing');
  assert.equal(await failureOf(read('a b')), 'misused');
  assert.equal(await failureOf(open(t, aws(fake.origin, staticAuth('wrong')))('app/key')), 'refused');
});

test('AWS: a role by web identity, with credentials that are replaced when they end', async (t) => {
  const tokenFile = `${await createTempDir(t)}/token`;
  await writeFile(tokenFile, 'jwt-of-the-pod\n');
  const roleArn = 'arn:aws:iam::123456789012:role/gateway';
  const fake = await startFakeAws(t, { webIdentity: { roleArn, token: () => 'jwt-of-the-pod' } });
  fake.secrets.set('k', { SecretString: 'v', VersionId: '1' });
  const auth: AwsAuth = { type: 'webIdentity', roleArn, tokenFile, sessionName: 'portcullis', endpoint: fake.origin };
  let skewMs = 0;
  const read = open(t, aws(fake.origin, auth), () => Date.now() + skewMs);
  await read('k');
  await read('k');
  const logins = () => fake.calls.filter(({ body }) => body.includes('AssumeRole')).length;
  assert.equal(logins(), 1);
  skewMs = 3_500_000;
  await read('k');
  assert.equal(logins(), 2);
  // Taken away before their time.
  fake.keys.splice(0);
  await read('k');
  assert.equal(logins(), 3);
  await writeFile(tokenFile, 'another');
  fake.keys.splice(0);
  assert.equal(await failureOf(read('k')), 'refused');
});

test('AWS: the role of a container, whose token is read from a file each time', async (t) => {
  const tokenFile = `${await createTempDir(t)}/token`;
  await writeFile(tokenFile, 'container-1');
  const fake = await startFakeAws(t, { containerToken: () => 'container-1' });
  fake.secrets.set('k', { SecretString: 'v', VersionId: '1' });
  const url = `${fake.origin}/v2/credentials/role`;
  const read = open(t, aws(fake.origin, { type: 'container', url, token: undefined, tokenFile }));
  assert.equal((await read('k')).value, 'v');
});

test('Google: an assertion that verifies is exchanged for a token, and the newest version read', async (t) => {
  const fake = await startFakeGcp(t);
  fake.secrets.set('projects/p/secrets/s', ['one', 'two']);
  fake.secrets.set('projects/p/secrets/noise', [Buffer.from([0xff])]);
  const read = open(t, gcp(fake.origin, { type: 'serviceAccount', key: new Secret(fake.serviceAccount) }));
  assert.deepEqual(await read('projects/p/secrets/s'), { value: 'two', version: '2' });
  assert.equal((await read('projects/p/secrets/s/versions/1')).value, 'one');
  assert.equal(fake.calls.filter(({ path }) => path === '/token').length, 1);
  fake.tokens.clear();
  assert.equal((await read('projects/p/secrets/s/versions/latest')).value, 'two');
  assert.equal(await failureOf(read('projects/p/secrets/none')), 'missing');
  assert.equal(await failureOf(read('projects/p/secrets/noise')), 'malformed');
  for (const path of ['s', 'projects/p', 'projects/../secrets/s', 'projects/p/secrets/s/versions/1/x'])
    assert.equal(await failureOf(read(path)), 'misused', path);
});

test('Google: a key that cannot sign, or whose token would be asked for in clear, is refused', async (t) => {
  const fake = await startFakeGcp(t);
  const account = JSON.parse(fake.serviceAccount) as object;
  for (const wrong of [
    'no JSON',
    JSON.stringify({ ...account, private_key: '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n' }),
    JSON.stringify({ ...account, token_uri: 'http://evil.example.com/token' }),
    JSON.stringify({ ...account, client_email: 'somebody@else' }),
  ])
    assert.equal(
      await failureOf(
        open(t, gcp(fake.origin, { type: 'serviceAccount', key: new Secret(wrong) }))('projects/p/secrets/s'),
      ),
      'refused',
    );
});

test('Google: the metadata server gives the token, and nothing else that answers there', async (t) => {
  const fake = await startFakeGcp(t);
  fake.secrets.set('projects/p/secrets/s', ['one']);
  const read = open(t, gcp(fake.origin, { type: 'metadata', url: fake.origin }));
  assert.equal((await read('projects/p/secrets/s')).value, 'one');
  fake.trouble = { what: { type: 'status', status: 200 } };
  assert.equal(
    await failureOf(open(t, gcp(fake.origin, { type: 'metadata', url: fake.origin }))('projects/p/secrets/s')),
    'unreachable',
  );
});

test('Azure: client credentials, a federated token and both kinds of managed identity', async (t) => {
  const tokenFile = `${await createTempDir(t)}/token`;
  await writeFile(tokenFile, 'federated-1\n');
  const fake = await startFakeAzure(t, { federated: () => 'federated-1' });
  const appService = await startFakeAzure(t, { identityHeader: 'id-header' });
  for (const each of [fake, appService]) each.secrets.set('my-vault/key', ['one', 'two']);
  const { tenantId, clientId } = AZURE_CLIENT;
  const client = { tenantId, clientId, authority: fake.origin };
  const identity = (origin: string, header: Secret | undefined): AzureAuth => ({
    ...{ type: 'managedIdentity', clientId: undefined, url: `${origin}/metadata/identity/oauth2/token`, header },
  });
  const right: readonly (readonly [string, AzureAuth])[] = [
    [fake.origin, { type: 'clientSecret', ...client, clientSecret: new Secret(AZURE_CLIENT.clientSecret) }],
    [fake.origin, { type: 'workloadIdentity', ...client, tokenFile }],
    [fake.origin, identity(fake.origin, undefined)],
    [appService.origin, identity(appService.origin, new Secret('id-header'))],
  ];
  for (const [origin, auth] of right) {
    const read = open(t, azure(origin, auth));
    assert.deepEqual(await read('my-vault/key'), { value: 'two', version: 'v2', expiresAtMs: undefined }, auth.type);
    assert.equal((await read('my-vault/key/v1')).value, 'one');
  }
  const wrong = open(t, azure(fake.origin, { type: 'clientSecret', ...client, clientSecret: new Secret('wrong') }));
  assert.equal(await failureOf(wrong('my-vault/key')), 'refused');
});

test('Azure: a token that is not taken any more is replaced once; odd names are refused', async (t) => {
  const fake = await startFakeAzure(t);
  fake.secrets.set('my-vault/key', ['one']);
  const { tenantId, clientId, clientSecret } = AZURE_CLIENT;
  const auth: AzureAuth = {
    ...{ type: 'clientSecret', tenantId, clientId, clientSecret: new Secret(clientSecret), authority: fake.origin },
  };
  const read = open(t, azure(fake.origin, auth));
  await read('my-vault/key');
  fake.tokens.clear();
  assert.equal((await read('my-vault/key')).value, 'one');
  assert.equal(await failureOf(read('my-vault/none')), 'missing');
  for (const path of ['key', 'evil.example.com/key', 'v@evil/key', 'my-vault/a/b/c', '-vault/key'])
    assert.equal(await failureOf(read(path)), 'misused', path);
});
