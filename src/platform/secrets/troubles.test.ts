import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AWS_KEYS, AWS_REGION, startFakeAws } from '../../../test/support/secrets/aws.ts';
import { AZURE_CLIENT, startFakeAzure } from '../../../test/support/secrets/azure.ts';
import {
  type FakeManager,
  MARKER,
  startFakeManager,
  type Trouble,
} from '../../../test/support/secrets/fake-manager.ts';
import { startFakeGcp } from '../../../test/support/secrets/gcp.ts';
import { startFakeVault } from '../../../test/support/secrets/vault.ts';
import { createTempDir } from '../../../test/support/temp-dir.ts';
import { loadConfig } from '../config/load-config.ts';
import { renderProblems } from '../config/render-problems.ts';
import { createSource } from './create-source.ts';
import { createSecretKeeper } from './secret-keeper.ts';

interface Setting {
  readonly fake: FakeManager;
  /** The section `secrets`, as an operator writes it. */
  readonly secrets: object;
  readonly reference: string;
  /** What may stand in no message. */
  readonly credentials: readonly string[];
}

const LIMIT = { timeoutMs: 400 };

/** Each manager with one secret, whose value is `sk-planted-value`. */
const SETTINGS: { readonly [manager: string]: (t: TestContext) => Promise<Setting> } = {
  async vault(t) {
    const fake = await startFakeVault(t, { roleId: 'role-1', secretId: 'planted-secret-id' });
    fake.write('secret/a', { key: 'sk-planted-value' });
    const auth = { appRole: { roleId: 'role-1', secretId: 'planted-secret-id' } };
    const secrets = { vault: { address: fake.origin, auth, ...LIMIT } };
    return { fake, secrets, reference: 'vault:secret/a#key', credentials: ['planted-secret-id', 'hvs.'] };
  },
  async aws(t) {
    const fake = await startFakeAws(t);
    fake.secrets.set('a', { SecretString: '{"key":"sk-planted-value"}', VersionId: '1' });
    const { accessKeyId, secretAccessKey } = AWS_KEYS;
    const secrets = { aws: { region: AWS_REGION, endpoint: fake.origin, accessKeyId, secretAccessKey, ...LIMIT } };
    return { fake, secrets, reference: 'aws:a#key', credentials: [accessKeyId, secretAccessKey] };
  },
  async gcp(t) {
    const fake = await startFakeGcp(t);
    fake.secrets.set('projects/p/secrets/a', ['{"key":"sk-planted-value"}']);
    const secrets = { gcp: { endpoint: fake.origin, serviceAccount: fake.serviceAccount, ...LIMIT } };
    return { fake, secrets, reference: 'gcp:projects/p/secrets/a#key', credentials: ['PRIVATE KEY', 'ya29'] };
  },
  async azure(t) {
    const fake = await startFakeAzure(t);
    fake.secrets.set('my-vault/a', ['{"key":"sk-planted-value"}']);
    const secrets = {
      azure: { ...AZURE_CLIENT, authority: fake.origin, vaultUrl: `${fake.origin}/{vault}`, ...LIMIT },
    };
    return { fake, secrets, reference: 'azure:my-vault/a#key', credentials: [AZURE_CLIENT.clientSecret, 'eyJ0'] };
  },
};

const TROUBLES: readonly (readonly [Trouble, RegExp])[] = [
  [{ type: 'status', status: 400 }, /did not understand|refused to give/],
  [{ type: 'status', status: 401 }, /refused to give/],
  [{ type: 'status', status: 403 }, /refused to give/],
  [{ type: 'status', status: 404 }, /has nothing at/],
  [{ type: 'status', status: 429 }, /takes no more requests/],
  [{ type: 'status', status: 500 }, /failed to give/],
  [{ type: 'hang' }, /did not answer in time|took too long/],
  [{ type: 'truncated' }, /cannot be reached/],
  [{ type: 'reset' }, /cannot be reached/],
  [{ type: 'huge' }, /more than 2097152 bytes/],
  [{ type: 'garbage' }, /cannot be read/],
];

async function load(t: TestContext, { secrets, reference }: Setting): Promise<string | undefined> {
  const file = join(await createTempDir(t), 'portcullis.json');
  await writeFile(file, JSON.stringify({ secrets, providers: { openai: { apiKey: `\${${reference}}` } } }));
  const keeper = createSecretKeeper({
    ...{ createSource: (config) => createSource(config, Date.now), now: Date.now, random: () => 0 },
  });
  try {
    const result = await loadConfig({ file, env: {}, secrets: keeper });
    if (!result.ok) return renderProblems(result.problems);
    assert.equal(result.config.providers?.[0]?.keys[0]?.value.open(), 'sk-planted-value');
    return undefined;
  } finally {
    await keeper[Symbol.asyncDispose]();
  }
}

for (const [manager, start] of Object.entries(SETTINGS)) {
  test(`${manager}: what the file says leads to the value`, async (t) => {
    assert.equal(await load(t, await start(t)), undefined);
  });

  test(`${manager}: each trouble is told by place, manager and reason, and nothing else is told`, async (t) => {
    const setting = await start(t);
    const credentials = [...setting.credentials, 'sk-planted-value', MARKER];
    for (const [trouble, expected] of TROUBLES) {
      setting.fake.trouble = { what: trouble };
      const told = (await load(t, setting)) ?? 'it was found';
      assert.match(told, /^[\d:]+ {2}providers\.openai\.apiKey\n/, `${JSON.stringify(trouble)}: ${told}`);
      assert.match(told, new RegExp(`\\b${manager}\\b`), told);
      assert.match(told, expected, JSON.stringify(trouble));
      for (const secret of credentials) assert.ok(!told.includes(secret), told);
    }
  });

  test(`${manager}: credentials do not follow a redirect`, async (t) => {
    const elsewhere = await startFakeManager(t, () => ({ status: 200, body: {} }));
    const setting = await start(t);
    setting.fake.trouble = { what: { type: 'redirect', to: elsewhere.origin } };
    assert.match((await load(t, setting)) ?? '', /redirect, which is not followed/);
    assert.deepEqual(elsewhere.calls, []);
  });

  test(`${manager}: a moment's trouble is gone with the second try`, async (t) => {
    const setting = await start(t);
    setting.fake.trouble = { what: { type: 'status', status: 503, retryAfterS: 0 }, times: 1 };
    assert.equal(await load(t, setting), undefined);
  });
}
