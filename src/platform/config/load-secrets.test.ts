// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are the subject
import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { startFakeVault } from '../../../test/support/secrets/vault.ts';
import { type Cleanup, createTempDir } from '../../../test/support/temp-dir.ts';
import type { SecretFetcher } from '../../contracts/secret-managers.ts';
import { createSource } from '../secrets/create-source.ts';
import { createSecretKeeper } from '../secrets/secret-keeper.ts';
import { loadConfig, loadSealing } from './load-config.ts';
import { parseConfig } from './parse-config.ts';
import { renderProblems } from './render-problems.ts';

async function opened(cleanup: Cleanup) {
  const folder = await createTempDir(cleanup);
  const file = join(folder, 'portcullis.json');
  const keeper = createSecretKeeper({
    ...{ createSource: (config) => createSource(config, Date.now), now: Date.now, random: () => 0 },
  });
  cleanup.after(() => keeper[Symbol.asyncDispose]());
  const load = async (
    config: object,
    env: { readonly [name: string]: string } = {},
    secrets: SecretFetcher = keeper,
  ) => {
    await writeFile(file, JSON.stringify(config, null, 1));
    return loadConfig({ file, env, secrets });
  };
  const problems = async (config: object, env?: { readonly [name: string]: string }) => {
    const result = await load(config, env);
    assert.ok(!result.ok);
    return renderProblems(result.problems)
      .split('\n')
      .map((line) => line.trim());
  };
  return { folder, file, load, problems, keeper };
}

const openai = (apiKey: string) => ({ openai: { apiKey } });

test('a file stands for its text, without the newline at its end, wherever a reference may stand', async (t) => {
  const { folder, load } = await opened(t);
  await mkdir(join(folder, '..data'));
  await writeFile(join(folder, '..data', 'key'), 'sk-from-file\n');
  await symlink('..data/key', join(folder, 'key'));
  await writeFile(join(folder, 'port'), '9123\r\n');
  const result = await load({
    ...{ providers: openai('${file:key}'), listen: { port: '${file:port}' } },
    mcpServers: { a: { url: 'http://127.0.0.1:1/mcp', headers: { authorization: `Bearer \${file:${folder}/key}` } } },
  });
  assert.ok(result.ok, JSON.stringify(result));
  assert.equal(result.config.providers?.[0]?.keys[0]?.value.open(), 'sk-from-file');
  assert.equal(result.config.listen.port, 9123);
  const [server] = result.config.servers;
  assert.equal(
    server?.transport.type === 'http' && server.transport.headers.authorization?.open(),
    'Bearer sk-from-file',
  );
  assert.deepEqual(result.config.secrets?.map(({ path }) => path).sort(), [join(folder, 'key'), join(folder, 'port')]);
  assert.ok(!JSON.stringify(result).includes('sk-from-file'));
});

test('a file that is not there, is none or no text is refused at its place', async (t) => {
  const { folder, problems } = await opened(t);
  await writeFile(join(folder, 'bytes'), Buffer.from([0xff, 0x00]));
  await writeFile(join(folder, 'big'), 'x'.repeat(1_100_000));
  const first = async (name: string) => (await problems({ providers: openai(`\${file:${name}}`) })).slice(0, 2);
  const at = '4:14  providers.openai.apiKey';
  assert.deepEqual(await first('none'), [at, `there is no file ${folder}/none`]);
  assert.deepEqual(await first('.'), [at, `the file ${folder} cannot be read (not a file)`]);
  assert.deepEqual(await first('bytes'), [at, `the file ${folder}/bytes is not UTF-8 text`]);
  assert.deepEqual(await first('big'), [at, `the file ${folder}/big cannot be read (too large)`]);
  assert.deepEqual(await first('none:-x'), [at, 'a secret cannot have a default']);
  assert.deepEqual(await first(''), [at, 'a reference with no valid file name']);
});

test('a value at a manager whose own credentials come from a file and the environment is found in rounds', async (t) => {
  const { folder, load } = await opened(t);
  const vault = await startFakeVault(t, { roleId: 'role-1', secretId: 's3cret-id' });
  vault.write('secret/openai', { key: 'sk-from-vault', n: 7, account: { email: 'a' } });
  await writeFile(join(folder, 'secret-id'), 's3cret-id\n');
  const secrets = {
    vault: { address: '${env:VAULT_ADDR}', auth: { appRole: { roleId: 'role-1', secretId: '${file:secret-id}' } } },
  };
  const env = { VAULT_ADDR: vault.origin };
  const result = await load({ secrets, providers: openai('${vault:secret/openai#key}') }, env);
  assert.ok(result.ok, JSON.stringify(result));
  assert.equal(result.config.providers?.[0]?.keys[0]?.value.open(), 'sk-from-vault');
  assert.deepEqual(result.config.secrets?.map(({ source }) => source.type).sort(), ['file', 'vault']);

  // Several fields of one secret are read once; numbers and objects are texts.
  const before = vault.calls.length;
  const more = await load(
    {
      ...{ secrets, providers: openai('${vault:secret/openai#key}') },
      keys: [
        { name: 'k', value: '${vault:secret/openai#key}-${vault:secret/openai#n}-${vault:secret/openai#account}' },
      ],
    },
    env,
  );
  assert.ok(more.ok);
  assert.equal(more.config.keys[0]?.value.open(), 'sk-from-vault-7-{"email":"a"}');
  assert.equal(vault.calls.length, before, 'kept from the reading before');
});

test('every reference that cannot be fetched is told with its place and its manager, and no value', async (t) => {
  const { problems } = await opened(t);
  const vault = await startFakeVault(t);
  vault.write('secret/a', { key: 'planted-value-77' });
  const token = vault.issue();
  const lines = await problems({
    secrets: { vault: { address: vault.origin, auth: { token }, timeoutMs: 2000 } },
    providers: {
      openai: { apiKey: '${vault:secret/none#key}' },
      anthropic: { apiKey: '${vault:secret/a#kee}' },
      gemini: { apiKey: '${vault:secret/a}' },
      mistral: { apiKey: '${aws:name}' },
      groq: { apiKey: '${vault:secret/a#key:-x}' },
      xai: { apiKey: '${vault:#key}' },
    },
  });
  const text = lines.join('\n');
  for (const [path, message, remedy] of [
    ['openai', 'vault has nothing at secret/none', 'check the path, or put it there'],
    ['anthropic', 'vault: secret/a has no field "kee"', 'check the spelling, or add the field there'],
    ['gemini', 'names no field of secret/a', 'write ${vault:mount/path#field}'],
    ['mistral', 'there is no manager "aws" in the configuration', 'add "secrets": { "aws": { … } }'],
    ['groq', 'a secret cannot have a default', 'take ":-…" out of the reference'],
    ['xai', 'a reference with no valid path', 'write ${vault:mount/path#field}'],
  ])
    assert.ok(text.includes(`providers.${path}.apiKey\n${message}\n-> ${remedy}`), `${path}\n${text}`);
  assert.ok(!text.includes('planted-value-77') && !text.includes(token));
});

test('nobody is sent credentials while anything about the manager is wrong', async (t) => {
  const { problems } = await opened(t);
  const vault = await startFakeVault(t);
  const auth = { token: 'hvs.planted-token' };
  const refused = async (entry: object) => {
    const lines = await problems({ secrets: { vault: entry }, providers: openai('${vault:secret/a#key}') });
    assert.ok(!lines.join().includes('providers.openai'), 'the reference is not to blame');
    return [lines[0]?.split('  ')[1], lines[1]];
  };
  assert.deepEqual(await refused({ address: vault.origin, auth, extra: 1 }), [
    'secrets.vault.extra',
    'unknown field; known here: address, namespace, auth, kvVersion, ca, cacheMs, timeoutMs, allowHttp',
  ]);
  assert.deepEqual(await refused({ address: vault.origin, auth: {} }), [
    'secrets.vault.auth',
    'wants exactly one way to sign in',
  ]);
  assert.deepEqual(await refused({ address: vault.origin, auth: { token: '${env:NONE}' } }), [
    'secrets.vault.auth.token',
    'the environment variable NONE is not set',
  ]);
  assert.deepEqual(await refused({ address: vault.origin, auth: { token: '${vault:secret/b#key}' } }), [
    'secrets.vault.auth.token',
    'a reference to a secret manager cannot stand here',
  ]);
  for (const [address, message] of [
    ['http://vault.example.com:8200', 'would send secrets over the network in clear'],
    ['ftp://127.0.0.1', 'is no https URL'],
    ['vault:8200', 'is no https URL'],
    ['https://user:pass@vault.example.com', 'holds more than scheme, host and path'],
    ['https://vault.example.com?x=1', 'holds more than scheme, host and path'],
  ])
    assert.deepEqual(await refused({ address, auth }), ['secrets.vault.address', message]);
  assert.deepEqual(vault.calls, []);
  assert.deepEqual((await problems({ secrets: { valt: {} } })).slice(0, 3), [
    '3:3  secrets.valt',
    'unknown field; known here: vault, aws, gcp, azure',
    '-> did you mean "vault"?',
  ]);
});

test('each manager wants one whole way to sign in', async (t) => {
  const { problems, load } = await opened(t);
  const first = async (secrets: object) =>
    (await problems({ secrets })).slice(0, 2).map((line) => line.split('  ').at(-1));
  const cases: readonly (readonly [secrets: object, path: string, message: string])[] = [
    [{ aws: { region: 'eu-west-1' } }, 'aws', 'wants exactly one kind of credentials'],
    [{ aws: { region: 'eu-west-1', accessKeyId: 'a' } }, 'aws.secretAccessKey', 'is missing'],
    [{ aws: { region: 'eu west', container: { url: 'http://169.254.170.2/x' } } }, 'aws.region', 'is no region'],
    [{ azure: { clientSecret: 'x', clientId: 'c' } }, 'azure.tenantId', 'is missing'],
    [{ azure: {} }, 'azure', 'wants exactly one way to sign in'],
    [
      { azure: { managedIdentity: {}, vaultUrl: 'https://x' } },
      'azure.vaultUrl',
      'does not say where the name of the vault goes',
    ],
    [
      { gcp: { endpoint: 'http://secrets.example.com' } },
      'gcp.endpoint',
      'would send secrets over the network in clear',
    ],
  ];
  for (const [secrets, path, message] of cases) assert.deepEqual(await first(secrets), [`secrets.${path}`, message]);
  const fine = await load({
    secrets: {
      vault: { address: 'http://vault.internal:8200', allowHttp: true, auth: { token: 't' } },
      aws: { region: 'eu-west-1', container: { url: 'http://169.254.170.23/v1/credentials', tokenFile: 'x' } },
      ...{ gcp: {}, azure: { managedIdentity: {} } },
    },
  });
  assert.ok(fine.ok, JSON.stringify(fine));
});

test('what was fetched is taken as it is: references in it are none', async (t) => {
  const { load } = await opened(t);
  await fc.assert(
    fc.asyncProperty(
      fc.string({ minLength: 1 }),
      fc.constantFrom('', '${env:HOME}', '$${x}', '${file:x}'),
      async (text, more) => {
        const value = `${text}${more}`.replace(/[\x00-\x1f\x7f]/g, '').trim();
        if (value === '') return;
        const secrets: SecretFetcher = {
          fetchAll: async (requests) => requests.map(() => ({ type: 'value', value })),
        };
        const result = await load({ providers: openai('<${file:a}>') }, { HOME: '/root' }, secrets);
        assert.ok(result.ok, JSON.stringify(result));
        assert.equal(result.config.providers?.[0]?.keys[0]?.value.open(), `<${value}>`);
      },
    ),
    { numRuns: 50 },
  );
});

test('without anybody to ask, references to secrets stay as they are, with a warning', () => {
  const text = JSON.stringify({
    ...{ providers: openai('${vault:secret/openai#key}'), listen: { port: '${file:port}' } },
    sealing: { masterKey: '${gcp:projects/p/secrets/s}' },
  });
  const result = parseConfig(text, { file: 'portcullis.json', env: {} });
  assert.ok(result.ok);
  assert.deepEqual(
    result.warnings.map(({ path, message }) => `${path} ${message}`),
    ['providers.openai.apiKey', 'listen.port', 'sealing.masterKey'].map((path) => `${path} is not fetched here`),
  );
});

test('the master keys can be read alone: nothing else is fetched or found fault with', async (t) => {
  const { file, keeper } = await opened(t);
  const vault = await startFakeVault(t);
  const [key, old] = [Buffer.alloc(32, 1).toString('base64'), Buffer.alloc(32, 2).toString('base64')];
  vault.write('secret/master', { key });
  const config = {
    secrets: { vault: { address: vault.origin, auth: { token: vault.issue() } } },
    sealing: { masterKey: '${vault:secret/master#key}', oldMasterKeys: [old] },
    ...{ providers: openai('${vault:secret/none#key}'), keys: 'wrong' },
  };
  await writeFile(file, JSON.stringify(config));
  const result = await loadSealing({ file, env: {}, secrets: keeper });
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(
    result.sealing?.masterKeys.map((each) => each.open()),
    [key, old],
  );
  assert.ok(!vault.calls.some(({ path }) => path.includes('none')));
});

test('a master key that is none is refused, and may come from the environment', async (t) => {
  const { load, problems } = await opened(t);
  const key = Buffer.alloc(32, 7).toString('base64');
  const fromEnv = await load({}, { PORTCULLIS_MASTER_KEY: key });
  assert.ok(fromEnv.ok);
  assert.deepEqual(
    fromEnv.config.sealing?.masterKeys.map((each) => each.open()),
    [key],
  );
  assert.ok(!JSON.stringify(fromEnv).includes(key));
  for (const masterKey of ['short', Buffer.alloc(31).toString('base64'), 'ä'.repeat(43)])
    assert.deepEqual((await problems({ sealing: { masterKey } })).slice(0, 3), [
      '3:16  sealing.masterKey',
      'is no master key: expected 32 bytes in base64',
      '-> make one with: openssl rand -base64 32',
    ]);
  assert.match(
    (await problems({}, { PORTCULLIS_MASTER_KEY: 'short' })).join(),
    /variable PORTCULLIS_MASTER_KEY is no master key/,
  );
  assert.match((await problems({ sealing: { oldMasterKeys: [key] } })).join(), /stands without a key to seal with/);
});
