// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are the subject
/** Keys that live in a secret manager: changed there without a restart, kept while it is down, and never let out. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../../src/app/commands/fixtures/run-command.ts';
import { startOAuthServer } from '../../src/upstreams/oauth/testing/oauth-server.ts';
import { type StartedGateway, startGateway } from '../support/gateway.ts';
import { startOpenAiMock } from '../support/providers/openai.ts';
import { MARKER } from '../support/secrets/fake-manager.ts';
import { startFakeVault } from '../support/secrets/vault.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { readWitness, witnessEntry } from '../support/witness.ts';

const KEYS = ['sk-planted-first-11aa22bb', 'sk-planted-second-33cc44dd', 'sk-planted-third-55ee66ff'] as const;
const CLIENT_KEY = 'pck_secrets_e2e_0123456789abcdef';

function chat(gateway: StartedGateway, content: string, stream = false): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${CLIENT_KEY}` },
    body: JSON.stringify({ model: 'openai/gpt-5.2', stream, messages: [{ role: 'user', content }] }),
  });
}

/** Everything the gateway wrote, wherever it wrote it. */
async function everythingOf(gateway: StartedGateway): Promise<string> {
  const files = await readdir(gateway.dataDir, { recursive: true, withFileTypes: true });
  const stored = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'latin1')),
  );
  return [gateway.stderr(), ...stored].join('\n');
}

test('a key changed in Vault is used by the next call, streams under way go on, and only what it concerns restarts', {
  timeout: 120_000,
}, async (t) => {
  const vault = await startFakeVault(t, { roleId: 'role-1', secretId: 'planted-secret-id-0f1e' });
  const provider = await startOpenAiMock();
  t.after(() => provider[Symbol.asyncDispose]());
  const folder = await createTempDir(t);
  const tied = witnessEntry(join(folder, 'tied.jsonl'));
  vault.write('secret/openai', { key: KEYS[0] });
  const gateway = await startGateway(t, {
    config: {
      secrets: {
        vault: {
          ...{ address: vault.origin, cacheMs: 1_000, timeoutMs: 1_000 },
          auth: { appRole: { roleId: 'role-1', secretId: '${env:SECRET_ID}' } },
        },
      },
      mcpServers: {
        steady: witnessEntry(join(folder, 'steady.jsonl')),
        tied: { ...tied, env: { TOKEN: '${vault:secret/openai#key}' } },
      },
      providers: { openai: { baseUrl: `${provider.origin}/v1`, apiKey: '${vault:secret/openai#key}' } },
      keys: [{ name: 'test', value: CLIENT_KEY, allow: ['*', 'model:*'] }],
    },
    env: { SECRET_ID: 'planted-secret-id-0f1e' },
  });
  await gateway.healthy();
  const keyOfNextCall = async (): Promise<string> => {
    const response = await chat(gateway, 'hi');
    assert.equal(response.status, 200, await response.text());
    return (provider.requests.at(-1)?.headers.authorization ?? '').replace('Bearer ', '');
  };
  assert.equal(await keyOfNextCall(), KEYS[0]);

  const stream = await chat(gateway, '!say one two three four five six seven eight\n!chunks 20\n!pace 250', true);
  vault.write('secret/openai', { key: KEYS[1] });
  await waitFor('the new key to be used', async () => (await keyOfNextCall()) === KEYS[1], 30_000);
  const text = await stream.text();
  assert.match(text, /data: \[DONE\]\n\n$/);
  const said = [...text.matchAll(/"content":"([^"]*)"/g)].map((match) => match[1]).join('');
  assert.equal(said, 'one two three four five six seven eight');

  const starts = (name: string): number =>
    readWitness(join(folder, `${name}.jsonl`)).filter(({ event }) => event === 'start').length;
  await waitFor('the server that holds the key to be started anew', () => starts('tied') === 2);
  assert.equal(starts('steady'), 1);

  // Down while the key changes: the old one serves on, and the log says it once.
  vault.trouble = { what: { type: 'status', status: 503 } };
  vault.write('secret/openai', { key: KEYS[2] });
  const asked = vault.calls.length;
  await waitFor('Vault to have been asked a few times', () => vault.calls.length > asked + 6, 30_000);
  assert.equal(await keyOfNextCall(), KEYS[1]);
  const complaints = gateway.stderr().match(/the value before stays in force/g) ?? [];
  assert.equal(complaints.length, 1, gateway.stderr());
  vault.trouble = undefined;
  await waitFor('the third key to be used', async () => (await keyOfNextCall()) === KEYS[2], 30_000);
  assert.match(gateway.stderr(), /secrets can be fetched again/);

  await gateway.stop();
  const told = await everythingOf(gateway);
  for (const secret of [...KEYS, 'planted-secret-id-0f1e', 'hvs.', MARKER]) assert.ok(!told.includes(secret), secret);
});

test('a manager that is down when the gateway starts: refused with the place of the reference, by check as well', {
  timeout: 60_000,
}, async (t) => {
  const vault = await startFakeVault(t);
  const token = vault.issue();
  vault.write('secret/openai', { key: KEYS[0] });
  const folder = await createTempDir(t);
  const secrets = { vault: { address: vault.origin, auth: { token: '${env:TOKEN}' }, timeoutMs: 1_000 } };
  const providers = { openai: { apiKey: '${vault:secret/openai#key}' }, groq: { apiKey: '${vault:secret/groq#key}' } };
  await writeFile(join(folder, 'portcullis.json'), JSON.stringify({ secrets, providers }, null, 1));
  const run = (...args: string[]) => runCommand(args, { cwd: folder, env: { TOKEN: token } });

  vault.trouble = { what: { type: 'status', status: 503 } };
  for (const ran of [await run('serve', '--port', '0'), await run('check'), await run('check', '--json')]) {
    assert.equal(ran.code, 1);
    const told = ran.stdout + ran.stderr;
    assert.match(told, /providers\.openai\.apiKey/);
    assert.match(told, /vault failed to give secret\/openai \(503\)/);
    for (const secret of [token, MARKER, KEYS[0]]) assert.ok(!told.includes(secret), told);
  }
  vault.trouble = undefined;
  const checked = await run('check');
  assert.equal(checked.code, 1);
  assert.match(checked.stdout, /providers\.groq\.apiKey\n {2}vault has nothing at secret\/groq\n/);
  assert.ok(!checked.stdout.includes('providers.openai'));
  vault.write('secret/groq', { key: KEYS[1] });
  const good = await run('check');
  assert.equal(good.code, 0, good.stdout);
  assert.ok(![...KEYS, token].some((secret) => good.stdout.includes(secret)));

  await vault.stop();
  const gone = await run('serve', '--port', '0');
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /providers\.openai\.apiKey\n.*\bvault cannot be reached \(ECONNREFUSED\)/);
});

test('a mounted file that Kubernetes swaps is noticed without a restart', { timeout: 60_000 }, async (t) => {
  const provider = await startOpenAiMock();
  t.after(() => provider[Symbol.asyncDispose]());
  const mount = await createTempDir(t);
  const put = async (name: string, key: string): Promise<void> => {
    await mkdir(join(mount, name));
    await writeFile(join(mount, name, 'key'), `${key}\n`);
    await symlink(name, join(mount, `link-${name}`));
    await rename(join(mount, `link-${name}`), join(mount, '..data'));
  };
  await put('..1', KEYS[0]);
  await symlink('..data/key', join(mount, 'key'));
  const gateway = await startGateway(t, {
    config: {
      providers: { openai: { baseUrl: `${provider.origin}/v1`, apiKey: `\${file:${mount}/key}` } },
      keys: [{ name: 'test', value: CLIENT_KEY, allow: ['model:*'] }],
    },
  });
  const used = async (): Promise<string> => {
    await (await chat(gateway, 'hi')).text();
    return provider.requests.at(-1)?.headers.authorization ?? '';
  };
  assert.equal(await used(), `Bearer ${KEYS[0]}`);
  await put('..2', KEYS[1]);
  await waitFor('the new key to be used', async () => (await used()) === `Bearer ${KEYS[1]}`, 30_000);
});

test('a master key is changed: what was stored is sealed anew, and the old key is needed no more', {
  timeout: 120_000,
}, async (t) => {
  const server = await startOAuthServer();
  t.after(() => server[Symbol.asyncDispose]());
  const [first, second] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
  const config = {
    mcpServers: { files: { url: server.mcpUrl } },
    keys: [{ name: 'test', value: CLIENT_KEY, allow: ['*'] }],
  };
  const before = await startGateway(t, { config, env: { PORTCULLIS_MASTER_KEY: first } });
  await waitFor('the server to want a sign-in', async () => (await before.states()).files === 'needs_auth');
  const cli = (gateway: StartedGateway, key: string | undefined, ...args: string[]) =>
    runCommand([...args, '--data', gateway.dataDir, '--config', gateway.configFile], {
      env: key === undefined ? {} : { PORTCULLIS_MASTER_KEY: key },
    });
  for (const wrong of [second, undefined]) {
    const refused = await cli(before, wrong, 'login', 'files');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /PORTCULLIS_MASTER_KEY/);
  }
  const login = await cli(before, first, 'login', 'files');
  assert.equal(login.code, 0, login.stderr);
  const back = (await fetch(login.stdout.trim(), { redirect: 'manual' })).headers.get('location') ?? '';
  assert.equal((await fetch(back)).status, 200);
  await before.healthy('files');
  await before.stop();
  assert.ok(!(await readdir(before.dataDir)).includes('seal.key'));

  const none = await cli(before, undefined, 'secrets', 'rotate');
  assert.equal(none.code, 1);
  assert.match(none.stderr, /there is no master key/);
  const lost = await cli(before, second, 'secrets', 'rotate');
  assert.equal(lost.code, 1);
  assert.match(lost.stderr, /No key that is known opens the sign-in at files/);
  await before.writeConfig({ ...config, sealing: { oldMasterKeys: [first] } });
  const rotated = await cli(before, second, 'secrets', 'rotate', '--json');
  assert.equal(rotated.code, 0, rotated.stderr);
  assert.deepEqual(JSON.parse(rotated.stdout), { rewrapped: 1, current: 0, unknown: [] });

  await before.writeConfig(config);
  assert.deepEqual(JSON.parse((await cli(before, second, 'secrets', 'rotate', '--json')).stdout), {
    ...{ rewrapped: 0, current: 1, unknown: [] },
  });
  const after = await startGateway(t, { config, dataDir: before.dataDir, env: { PORTCULLIS_MASTER_KEY: second } });
  await after.healthy('files');
  const told = before.stderr() + (await everythingOf(after));
  for (const secret of [first, second, ...server.tokens]) assert.ok(!told.includes(secret), 'a secret was let out');
});

test('without a master key that is required nothing is stored, and it is said why', { timeout: 60_000 }, async (t) => {
  const server = await startOAuthServer();
  t.after(() => server[Symbol.asyncDispose]());
  const gateway = await startGateway(t, {
    config: { mcpServers: { files: { url: server.mcpUrl } }, sealing: { requireMasterKey: true } },
  });
  await waitFor('the server to want a sign-in', async () => (await gateway.states()).files === 'needs_auth');
  const reason = /no secret is stored, because there is no master key/;
  await waitFor('the reason', () => reason.test(gateway.stderr()));
  const login = await runCommand(['login', 'files', '--data', gateway.dataDir, '--config', gateway.configFile]);
  assert.equal(login.code, 1);
  assert.deepEqual(server.grants, []);
});
