/** A server that wants OAuth, behind the real gateway: from the refusal to a call, through restart, and what is never let out. */

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startOAuthServer } from '../../src/upstreams/oauth/testing/oauth-server.ts';
import { runCli, startGateway } from '../support/gateway.ts';
import { createCleanup } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const KEY = 'pck_sign_in_0123456789abcdef';

test('an operator signs in once, and everybody can call the server, also after a restart', async (t) => {
  const cleanup = createCleanup();
  t.after(() => cleanup.run());
  const server = await startOAuthServer();
  t.after(() => server[Symbol.asyncDispose]());
  const config = {
    mcpServers: { files: { url: server.mcpUrl } },
    keys: [{ name: 'test', value: KEY, allow: ['*'] }],
  };
  const gateway = await startGateway(cleanup, { config });
  await waitFor('the server to want a sign-in', async () => (await gateway.states()).files === 'needs_auth');
  assert.match(await runCli('servers', '--url', gateway.url, '--key', KEY), /portcullis login files/);

  const url = (await runCli('login', 'files', '--data', gateway.dataDir)).trim();
  const back = (await fetch(url, { redirect: 'manual' })).headers.get('location') ?? '';
  assert.ok(back.startsWith(`${gateway.url}/oauth/callback?`));
  const done = await fetch(back);
  assert.deepEqual([done.status, done.headers.get('content-type')], [200, 'text/plain; charset=utf-8']);
  assert.equal((await fetch(back)).status, 400, 'a second time');
  await gateway.healthy('files');
  const call = (to: string) => runCli('tools', 'call', 'files__whoami', '--url', to, '--key', KEY);
  assert.match(await call(gateway.url), /somebody/);
  await assert.rejects(runCli('login', 'files', '--data', gateway.dataDir), /does not wait for a sign-in/);

  await gateway.stop();
  const again = await startGateway(cleanup, { config, dataDir: gateway.dataDir });
  await again.healthy('files');
  assert.match(await call(again.url), /somebody/);
  assert.equal(server.grants.filter((grant) => grant === 'authorization_code').length, 1);

  const logged = gateway.stderr() + again.stderr();
  const files = await readdir(gateway.dataDir, { recursive: true, withFileTypes: true });
  const stored = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'latin1')),
  );
  for (const token of server.tokens) {
    assert.ok(!logged.includes(token), 'a token was logged');
    assert.ok(!stored.some((text) => text.includes(token)), 'a token was stored in clear');
  }
});
