import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import {
  CreateMessageRequestSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { ROOT, type StartedGateway, startGateway } from '../../../test/support/gateway.ts';
import { EVERYTHING, findFreePort, stdioEntry } from '../../../test/support/real-servers.ts';
import { startProcess } from '../../../test/support/start-process.ts';
import { createCleanup } from '../../../test/support/temp-dir.ts';
import { waitFor, within } from '../../../test/support/wait-for.ts';
import { runCommand } from './fixtures/run-command.ts';

const CONFIG = { mcpServers: { everything: stdioEntry(EVERYTHING, ['stdio']) } };
const FIXTURE = join(ROOT, 'test/conformance/fixture-server.ts');
const IDENTITY = { name: 'test', version: '1' };

const cleanup = createCleanup();
let gateway: StartedGateway;

before(async () => {
  const args = [FIXTURE, '--era', 'legacy'];
  const fixture = await startProcess(cleanup, { command: process.execPath, args });
  const asking = { type: 'http', url: JSON.parse(fixture.readyLine).url };
  gateway = await startGateway(cleanup, { config: { mcpServers: { ...CONFIG.mcpServers, asking } } });
  await gateway.healthy('everything', 'asking');
});
after(() => cleanup.run());

/** How a client would start the bridge to this gateway. */
function bridgeTo(target: { url: string; key: string }, ...more: string[]) {
  return {
    command: process.execPath,
    args: [join(ROOT, 'bin/portcullis.mjs'), 'stdio', '--url', target.url, ...more],
    env: { ...(process.env as { [name: string]: string }), PORTCULLIS_KEY: target.key },
    stderr: 'inherit' as const,
  };
}

test('a session client lists, calls with progress, and is asked by the server in the middle of a call', async (t) => {
  const client = new Client(IDENTITY, { capabilities: { sampling: {} } });
  t.after(() => client.close());
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    model: 'm',
    role: 'assistant',
    content: { type: 'text', text: 'sampled by the test' },
  }));
  await client.connect(new StdioClientTransport(bridgeTo(gateway)));
  const { tools } = await client.listTools();
  assert.ok(tools.some((tool) => tool.name === 'everything__echo'));

  const progress: number[] = [];
  const slow = { name: 'everything__trigger-long-running-operation', arguments: { duration: 0.3, steps: 3 } };
  await client.callTool(slow, undefined, { onprogress: (step) => progress.push(step.progress) });
  // The SDK drops a progress message that arrives together with the answer, so the third may be missing.
  assert.deepEqual(progress.slice(0, 2), [1, 2]);

  const asked = await client.callTool({ name: 'asking__test_sampling', arguments: { prompt: 'hi' } });
  assert.match(JSON.stringify(asked.content), /sampled by the test/);
});

test('what a server announces outside of any call arrives on the same pipe', async (t) => {
  const client = new Client(IDENTITY);
  t.after(() => client.close());
  const updated = new Promise<string>((resolve) => {
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, (message) => resolve(message.params.uri));
  });
  await client.connect(new StdioClientTransport(bridgeTo(gateway, '--server', 'everything')));
  const { resources } = await client.listResources();
  const uri = resources[0]?.uri ?? '';
  await client.subscribeResource({ uri });
  await client.callTool({ name: 'toggle-subscriber-updates', arguments: {} });
  assert.equal(await within('resources/updated', updated, 30_000), uri);
});

test('a gateway that was restarted is found again: a new session is made and no call fails', async (t) => {
  const port = await findFreePort();
  const first = await startGateway(t, { config: CONFIG, port });
  await first.healthy('everything');
  const client = new Client(IDENTITY);
  t.after(() => client.close());
  await client.connect(new StdioClientTransport(bridgeTo(first)));
  await client.listTools();
  const changed = new Promise<void>((resolve) => {
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => resolve());
  });
  await first.stop();
  const second = await startGateway(t, { config: CONFIG, port, dataDir: first.dataDir });
  await second.healthy('everything');
  const answer = await client.callTool({ name: 'everything__echo', arguments: { message: 'still there' } });
  assert.match(JSON.stringify(answer.content), /still there/);
  await within('list_changed after the restart', changed);
});

test('a stateless client (2026-07-28) lists and calls', async (t) => {
  const client = new ClientV2(IDENTITY, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  t.after(() => client.close());
  await client.connect(new StdioV2(bridgeTo(gateway)));
  const { tools } = await client.listTools();
  assert.ok(tools.some((tool) => tool.name === 'everything__echo'));
  const answer = await client.callTool({ name: 'everything__echo', arguments: { message: 'ü' } });
  assert.match(JSON.stringify(answer.content), /Echo: ü/);
});

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};
const rpc = (id: number | string, method: string, params: object = {}): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: META } });

test('requests piped in are all answered before it ends, and a bad line harms nobody', async () => {
  const env = { PORTCULLIS_URL: gateway.url, PORTCULLIS_KEY: gateway.key };
  const call = (id: number) => rpc(id, 'tools/call', { name: 'everything__echo', arguments: { message: `m${id}` } });
  const input = [call(1), '{ not json', '', call(2), '[]', '"text"', call(3)].join('\n');
  const ran = await runCommand(['stdio'], { env, input });
  assert.equal(ran.code, 0, ran.stderr);
  const messages = ran.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const id of [1, 2, 3]) {
    assert.match(JSON.stringify(messages.find((message) => message.id === id)?.result.content), new RegExp(`m${id}`));
  }
  assert.ok(messages.some((message) => message.id === null && message.error.code === -32700));
});

test('a key that is not accepted is an error answer to the request, not a broken pipe', async () => {
  const env = { PORTCULLIS_URL: gateway.url, PORTCULLIS_KEY: 'pck_wrong' };
  const init = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: IDENTITY };
  const legacy = JSON.stringify({ jsonrpc: '2.0', id: 'i', method: 'initialize', params: init });
  const ran = await runCommand(['stdio'], { env, input: `${legacy}\n${rpc('m', 'tools/list')}\n` });
  const messages = ran.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(messages.map((message) => message.id).sort(), ['i', 'm']);
  assert.ok(
    messages.every((message) => /key/i.test(message.error.message)),
    ran.stdout,
  );
});

test('a cancelled stateless call gets no answer, and the trail knows it as cancelled', async (t) => {
  const { command, args, env } = bridgeTo(gateway);
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  const started = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      if (output.includes('notifications/progress')) resolve();
    });
  });
  const params = {
    name: 'everything__trigger-long-running-operation',
    arguments: { duration: 60, steps: 600 },
    _meta: { ...META, progressToken: 'p' },
  };
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })}\n`);
  await within('progress of the call', started);
  child.stdin.write('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}\n');
  child.stdin.end(`${rpc(2, 'tools/call', { name: 'everything__echo', arguments: { message: 'after' } })}\n`);
  const code = await within('end of the bridge', new Promise((done) => child.once('close', done)), 30_000);
  assert.equal(code, 0);
  assert.match(output, /Echo: after/);
  assert.ok(!output.includes('"id":1'), output);
  const isCancelled = /trigger-long-running-operation\tcancelled/;
  let rows = '';
  await waitFor('the cancelled call in the trail', async () => {
    rows = (await runCommand(['audit', '--data', gateway.dataDir])).stdout;
    return isCancelled.test(rows);
  }).catch(() => assert.match(rows, isCancelled));
});

test('SIGTERM ends it at once, and its session with it', async (t) => {
  const { command, args, env } = bridgeTo(gateway);
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const init = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: IDENTITY };
  const answered = new Promise((done) => child.stdout.once('data', done));
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: init })}\n`);
  await within('initialize', answered);
  child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
  child.kill('SIGTERM');
  assert.equal(await within('end of the bridge', new Promise((done) => child.once('close', done))), 0);
});
