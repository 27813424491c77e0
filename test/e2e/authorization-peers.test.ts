/** Programs that people use log in at `/mcp` by themselves: mcp-remote and the command line of MCP Inspector, as they come. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { type AuthorizationSite, answerConsent, startAuthorizationSite } from '../support/authorization-site.ts';
import { ROOT } from '../support/gateway.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { witnessEntry } from '../support/witness.ts';

const MCP_REMOTE = join(ROOT, 'node_modules/mcp-remote/dist/proxy.js');
const INSPECTOR = join(ROOT, 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js');
const TIMEOUT = { timeout: 120_000 };

async function startSite(t: TestContext): Promise<{ site: AuthorizationSite; home: string }> {
  const home = await createTempDir(t);
  const site = await startAuthorizationSite(
    t,
    {},
    {
      mcpServers: { desk: witnessEntry(join(home, 'witness.log')) },
      authorization: { server: {}, access: { allow: ['*'] } },
    },
  );
  await site.addUser('ada');
  await site.app.registry.current().get('desk')?.refresh();
  return { site, home };
}

/** What a person does with the address that the program tells them. */
async function letIn(site: AuthorizationSite, said: () => string): Promise<void> {
  const address = await waitFor('the address to open', () => {
    // Written over and over, and with colours, by some.
    const text = said().replace(/\u001b\[[0-9;]*m/g, '');
    return /(http:\/\/127\.0\.0\.1:\d+\/oauth\/authorize\?\S+)/.exec(text)?.[1];
  });
  const ada = await site.signIn('ada');
  const back = await answerConsent(ada, await ada.follow(await ada.get(address)));
  assert.match(back.hostname, /^(127\.0\.0\.1|localhost)$/);
  await fetch(back);
}

test('mcp-remote logs in, and comes back without a person the next time', TIMEOUT, async (t) => {
  const { site, home } = await startSite(t);
  const connect = async (withPerson: boolean): Promise<string[]> => {
    const client = new Client({ name: 'portcullis-test', version: '1.0.0' });
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [MCP_REMOTE, `${site.url}/mcp`, '--allow-http', '--transport', 'http-only'],
      env: { PATH: '/nowhere', HOME: home, MCP_REMOTE_CONFIG_DIR: join(home, 'mcp-auth') },
      stderr: 'pipe',
    });
    let said = '';
    transport.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    t.after(() => client.close());
    const connected = client.connect(transport, { timeout: 60_000 });
    if (withPerson) await letIn(site, () => said);
    await connected;
    const { tools } = await client.listTools();
    await client.close();
    return tools.map(({ name }) => name);
  };
  assert.deepEqual((await connect(true)).includes('desk__work'), true);
  assert.deepEqual((await connect(false)).includes('desk__work'), true);
});

test("MCP Inspector's command line logs in and lists the tools", TIMEOUT, async (t) => {
  const { site, home } = await startSite(t);
  const args = ['--cli', '--server-url', `${site.url}/mcp`, '--transport', 'http', '--format', 'json'];
  const child: ChildProcess = spawn(process.execPath, [INSPECTOR, ...args, '--method', 'tools/list'], {
    env: { PATH: '/nowhere', HOME: home, MCP_CATALOG_PATH: join(home, 'catalog.json'), MCP_AUTO_OPEN_ENABLED: 'true' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => void child.kill('SIGKILL'));
  const said = { out: '', all: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    said.out += chunk.toString();
    said.all += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    said.all += chunk.toString();
  });
  await letIn(site, () => said.all).catch((error: unknown) => assert.fail(`${String(error)}\n${said.all}`));
  await waitFor('its end', () => child.exitCode !== null);
  assert.equal(child.exitCode, 0, said.all);
  assert.match(said.out, /desk__work/);
});
