/** Folders of hosted tools through the real gateway with real clients: the example, tools that misbehave, files that change. */

import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client as ClientV2, StreamableHTTPClientTransport as StreamableV2 } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  LoggingMessageNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { ROOT, readTrail, type StartedGateway, startGateway } from '../support/gateway.ts';
import { callTool } from '../support/raw-client.ts';
import { type Cleanup, createTempDir } from '../support/temp-dir.ts';
import { waitFor, within } from '../support/wait-for.ts';
import { witnessEntry } from '../support/witness.ts';

const KEY = 'pck_e2e_hosted_0123456789abcdef';
const OTHER_KEY = 'pck_e2e_hosted_fedcba9876543210';
const UPSTREAM_TIMEOUT = -31513;
const EXAMPLE = join(ROOT, 'examples/hosted-tools');
const IDENTITY = { name: 'hosted-tools-test', version: '1.0.0' };
const keys = [
  { name: 'one', value: KEY, allow: ['*'] },
  { name: 'two', value: OTHER_KEY, allow: ['*'] },
];

const plain = (handler: string, more = ''): string =>
  `export default { description: 'd', ${more} handler: ${handler} };`;

async function createTools(t: Cleanup, files: { readonly [name: string]: string }): Promise<string> {
  const folder = await createTempDir(t);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

async function connectV1(t: Cleanup, gateway: StartedGateway, key = KEY): Promise<Client> {
  const client = new Client(IDENTITY);
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  const transport = new StreamableHTTPClientTransport(new URL(gateway.mcpUrl), { requestInit });
  await client.connect(transport as Parameters<Client['connect']>[0]);
  t.after(() => client.close());
  return client;
}

async function connectV2(t: Cleanup, gateway: StartedGateway): Promise<ClientV2> {
  const client = new ClientV2(IDENTITY, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  const requestInit = { headers: { authorization: `Bearer ${KEY}` } };
  await client.connect(new StreamableV2(new URL(gateway.mcpUrl), { requestInit }));
  t.after(() => client.close());
  return client;
}

interface ReadyServer {
  readonly id: string;
  readonly problems?: readonly string[];
  readonly lastFailure?: { readonly message: string } | null;
}

async function readServer(gateway: StartedGateway, id: string, key?: string): Promise<ReadyServer | undefined> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const { servers } = (await (await fetch(`${gateway.url}/ready`, { headers })).json()) as { servers: ReadyServer[] };
  return servers.find((server) => server.id === id);
}

test('the example in examples/hosted-tools does what it says, for clients of both eras', {
  timeout: 60_000,
}, async (t) => {
  const text = await readFile(join(EXAMPLE, 'portcullis.json'), 'utf8');
  const { mcpServers } = JSON.parse(text) as { mcpServers: { tools: { folder: string } } };
  const tools = { ...mcpServers.tools, folder: join(EXAMPLE, mcpServers.tools.folder) };
  const gateway = await startGateway(t, { config: { mcpServers: { tools }, keys }, env: { GREETING: 'Good morning' } });
  await gateway.healthy('tools');

  const legacy = await connectV1(t, gateway);
  const logged: unknown[] = [];
  legacy.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void logged.push(params.data));
  await legacy.setLoggingLevel('info');
  const listed = (await legacy.listTools()).tools;
  assert.deepEqual(
    listed.map(({ name }) => name),
    ['tools__count-words', 'tools__countdown', 'tools__greet'],
  );
  assert.equal(listed[0]?.annotations?.readOnlyHint, true);
  const greeted = await legacy.callTool({ name: 'tools__greet', arguments: { name: 'ada' } });
  assert.deepEqual(greeted.content, [{ type: 'text', text: 'Good morning, Ada!' }]);
  const counted = await legacy.callTool({ name: 'tools__count-words', arguments: { text: 'one fish, two fish' } });
  assert.deepEqual(counted.structuredContent, { words: 4, mostFrequent: 'fish' });
  const refused = await legacy.callTool({ name: 'tools__greet', arguments: { name: 7 } });
  assert.deepEqual([refused.isError, /name: /.test(JSON.stringify(refused.content))], [true, true]);

  for (const client of [legacy, await connectV2(t, gateway)]) {
    const steps: number[] = [];
    const onprogress = ({ progress }: { progress: number }): void => void steps.push(progress);
    const params = { name: 'tools__countdown', arguments: { from: 3 } };
    const result =
      client instanceof Client
        ? await client.callTool(params, undefined, { onprogress })
        : await client.callTool(params, { onprogress });
    assert.deepEqual([result.content, steps], [[{ type: 'text', text: 'Lift-off!' }], [1, 2, 3]]);
  }
  assert.deepEqual(logged, ['counting down from 3']);
});

test('tools that loop, leave and throw cost their own callers a clear answer; another client at another server notices nothing', {
  timeout: 60_000,
}, async (t) => {
  const folder = await createTools(t, {
    'loop.js': plain('() => { for (;;); }', 'annotations: { readOnly: true },'),
    'leave.js': plain('() => process.exit(1)'),
    'bad.js': plain("() => { throw new Error('no such thing'); }"),
    'never.js': plain('() => new Promise(() => {})'),
    'fine.js': plain("() => 'fine'"),
  });
  const log = join(await createTempDir(t), 'witness.jsonl');
  const gateway = await startGateway(t, {
    config: {
      mcpServers: { tools: { type: 'folder', folder, maxBlockMs: 700 }, w: witnessEntry(log) },
      serverOptions: { tools: { callTimeoutMs: 4_000 } },
      keys,
    },
  });
  await gateway.healthy();

  let isOver = false;
  const bystander = (async (): Promise<number> => {
    let calls = 0;
    while (!isOver) {
      const answer = await callTool(gateway, OTHER_KEY, 'w__work', { nonce: `n${calls}` });
      assert.ok(answer.result !== undefined && answer.result.isError !== true, JSON.stringify(answer));
      calls++;
    }
    return calls;
  })();

  const looped = await callTool(gateway, KEY, 'tools__loop', {});
  assert.equal(looped.error?.code, UPSTREAM_TIMEOUT, JSON.stringify(looped));
  assert.match(looped.error?.message ?? '', /a tool blocked its process for more than 700 ms/);
  const left = await callTool(gateway, KEY, 'tools__leave', {});
  assert.match(left.error?.message ?? '', /unknown/, JSON.stringify(left));
  const never = await callTool(gateway, KEY, 'tools__never', {});
  assert.equal(never.error?.code, UPSTREAM_TIMEOUT, JSON.stringify(never));
  const bad = await callTool(gateway, KEY, 'tools__bad', {});
  assert.deepEqual(bad.result?.content, [{ type: 'text', text: 'no such thing' }]);
  const fine = await callTool(gateway, KEY, 'tools__fine', {});
  assert.deepEqual(fine.result?.content, [{ type: 'text', text: 'fine' }]);
  isOver = true;
  assert.ok((await bystander) > 0);

  const status = await readServer(gateway, 'tools', KEY);
  assert.match(status?.lastFailure?.message ?? '', /exited with code 1/);
  assert.equal((await gateway.states()).w, 'healthy');
  const rows = (await readTrail(gateway.dataDir)).filter(({ kind }) => kind === 'tools.call');
  const resultOf = (tool: string): unknown => rows.find((row) => JSON.stringify(row).includes(tool))?.result;
  assert.equal(resultOf('leave'), 'unknown');
});

test('clients are told when the folder changes; a broken file is named in /ready, but only to those who may reach the server', {
  timeout: 60_000,
}, async (t) => {
  const folder = await createTools(t, { 'a.ts': plain("(): string => 'a'") });
  const gateway = await startGateway(t, { config: { mcpServers: { tools: { type: 'folder', folder } }, keys } });
  await gateway.healthy('tools');
  const client = await connectV1(t, gateway);
  let changes = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void changes++);
  const names = async (): Promise<string[]> => (await client.listTools()).tools.map(({ name }) => name);

  await writeFile(join(folder, 'b.js'), plain("() => 'b'"));
  await waitFor('the news of b', () => changes > 0);
  assert.deepEqual(await names(), ['tools__a', 'tools__b']);
  const answer = await client.callTool({ name: 'tools__b', arguments: {} });
  assert.deepEqual(answer.content, [{ type: 'text', text: 'b' }]);

  await writeFile(join(folder, 'c.ts'), 'export default {');
  const status = await waitFor('the problem in /ready', async () => {
    const server = await readServer(gateway, 'tools', KEY);
    return (server?.problems?.length ?? 0) > 0 && server;
  });
  assert.match(status.problems?.[0] ?? '', /^c\.ts: SyntaxError/);
  assert.equal((await readServer(gateway, 'tools'))?.problems, undefined);
  assert.match(gateway.stderr(), /hosted tools: c\.ts: SyntaxError/);

  const before = changes;
  await rm(join(folder, 'a.ts'));
  await waitFor('the news of a', () => changes > before);
  assert.deepEqual(await names(), ['tools__b']);
});

test('a call that is cancelled aborts the signal its handler got', { timeout: 60_000 }, async (t) => {
  const witness = join(await createTempDir(t), 'aborted');
  const folder = await createTools(t, {
    'wait.mjs': `import { writeFileSync } from 'node:fs'; ${plain(`(_, { signal, progress }) => { progress(0); return new Promise((_, reject) => signal.addEventListener('abort', () => { writeFileSync(process.env.WITNESS, 'aborted'); reject(signal.reason); })); }`)}`,
  });
  const gateway = await startGateway(t, {
    config: { mcpServers: { tools: { type: 'folder', folder, env: { WITNESS: witness } } }, keys },
  });
  await gateway.healthy('tools');
  const client = await connectV1(t, gateway);
  const cancel = new AbortController();
  const begun = Promise.withResolvers<void>();
  const options = { signal: cancel.signal, onprogress: () => begun.resolve() };
  const call = client.callTool({ name: 'tools__wait', arguments: {} }, undefined, options).catch(() => 'cancelled');
  await within('the handler', begun.promise);
  cancel.abort();
  assert.equal(await call, 'cancelled');
  await waitFor('the abort', () => readFile(witness, 'utf8').catch(() => undefined));
});
