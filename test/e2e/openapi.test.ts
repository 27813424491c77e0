/** An HTTP API behind the gateway by its OpenAPI document: the example as it stands, driven by real clients of both eras. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../src/platform/config/parse-config.ts';
import { connectStreamableV1, connectV2, type McpClient } from '../support/clients.ts';
import { ROOT, readTrail, startGateway } from '../support/gateway.ts';
import { startProcess } from '../support/start-process.ts';
import { type Cleanup, createTempDir } from '../support/temp-dir.ts';
import { waitFor, within } from '../support/wait-for.ts';

const FOLDER = join(ROOT, 'examples/openapi');
const KEY = 'pck_e2e_openapi_0123456789abcdef';
const keys = [{ name: 'e2e', value: KEY, allow: ['*'] }];

type Content = { readonly type: string; readonly text?: string; readonly data?: string; readonly mimeType?: string };
interface Result {
  readonly content: readonly Content[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
}

async function callOf(client: McpClient, name: string, args: object): Promise<Result> {
  const answer = await client.callTool(name, args);
  assert.ok('result' in answer, JSON.stringify(answer));
  return answer.result as unknown as Result;
}

async function startExample(cleanup: Cleanup): Promise<Awaited<ReturnType<typeof startGateway>>> {
  const api = await startProcess(cleanup, {
    command: process.execPath,
    args: [join(FOLDER, 'bookshop-api.mjs')],
    env: { PORT: '0', BOOKSHOP_KEY: 'key-of-the-bookshop' },
  });
  // The example's own file, with its references and comments; only the key of the caller is added, and where it stands.
  const text = await readFile(join(FOLDER, 'portcullis.json'), 'utf8');
  assert.ok(parseConfig(text, { file: join(FOLDER, 'portcullis.json'), env: {} }).ok);
  const placed = text.replace('./bookshop.yaml', join(FOLDER, 'bookshop.yaml'));
  const gateway = await startGateway(cleanup, {
    config: {},
    env: { BOOKSHOP_URL: api.readyLine, BOOKSHOP_KEY: 'key-of-the-bookshop' },
  });
  await gateway.writeConfig(placed.replace(/\n\}\s*$/, `,\n  "keys": ${JSON.stringify(keys)}\n}\n`));
  await gateway.healthy('bookshop');
  return gateway;
}

for (const [era, connect] of [
  ['a client of the legacy era', connectStreamableV1],
  ['a client of the modern era', connectV2({ pin: '2026-07-28' })],
] as const) {
  test(`${era} uses the API of the example as tools`, { timeout: 60_000 }, async (t) => {
    const gateway = await startExample(t);
    const home = await createTempDir(t);
    const client = await connect({ url: gateway.mcpUrl, headers: { authorization: `Bearer ${KEY}` }, home });
    t.after(() => client.close());
    const tools = await client.listTools();
    assert.deepEqual(tools.map(({ name }) => name).sort(), [
      'bookshop__addBook',
      'bookshop__getBook',
      'bookshop__getCover',
      'bookshop__placeOrder',
      'bookshop__put_books_bookId_cover',
      'bookshop__searchBooks',
    ]);

    const found = await callOf(client, 'bookshop__searchBooks', { genre: ['novel', 'science'], price: { max: 13 } });
    const middlemarch = { id: 3, title: 'Middlemarch', genre: 'novel', price: 12 };
    assert.deepEqual(found.structuredContent, { result: [middlemarch] });
    assert.deepEqual(JSON.parse(found.content[0]?.text ?? ''), [middlemarch]);
    assert.equal(found.content[1]?.text, 'x-total-count: 1');

    const added = await callOf(client, 'bookshop__addBook', { title: 'Emma', genre: 'novel', price: 8 });
    assert.deepEqual(added.structuredContent, { id: 4, title: 'Emma', genre: 'novel', price: 8 });
    const shown = await callOf(client, 'bookshop__getBook', { bookId: 1 });
    assert.deepEqual(shown.structuredContent, {
      id: 1,
      title: 'The Tempest',
      genre: 'poetry',
      price: 9.5,
      subtitle: null,
    });

    const cover = await callOf(client, 'bookshop__getCover', { bookId: 1 });
    assert.deepEqual([cover.content[0]?.type, cover.content[0]?.mimeType], ['image', 'image/png']);
    const picture = cover.content[0]?.data;
    const replaced = await callOf(client, 'bookshop__put_books_bookId_cover', { bookId: 1, picture, artist: 'ann' });
    assert.equal(replaced.content[0]?.text, 'HTTP 204 No Content, no content');
    const order = await callOf(client, 'bookshop__placeOrder', { book: 3, copies: 2, 'Idempotency-Key': 'k' });
    assert.equal(order.content[1]?.text, 'location: /v1/orders/3-2');

    const missing = await callOf(client, 'bookshop__getBook', { bookId: 99 });
    assert.equal(missing.isError, true);
    assert.equal(missing.content[0]?.text, 'HTTP 404 Not Found\n{"title":"There is no book 99"}');
    const mistyped = await callOf(client, 'bookshop__getBook', { bookID: 1 });
    assert.match(mistyped.content[0]?.text ?? '', /did you mean "bookId"/);

    await gateway.stop();
    const trail = await readTrail(gateway.dataDir);
    const calls = trail.filter(({ kind }) => kind === 'tools.call');
    assert.equal(calls.length, 8);
    assert.ok(calls.every(({ serverId }) => serverId === 'bookshop'));
    const written = JSON.stringify(trail) + gateway.stderr();
    assert.ok(!written.includes('key-of-the-bookshop'), 'the credential is nowhere written down');
  });
}

test('time limits and cancelling reach the API, a changed document changes the tools, an API that is away says so', {
  timeout: 90_000,
}, async (t) => {
  let open = 0;
  const api = createServer((req, res) => {
    open++;
    res.on('close', () => open--);
    if (req.url === '/fast') res.end('done');
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  t.after(() => {
    api.closeAllConnections();
    api.close();
  });
  const { port } = api.address() as AddressInfo;
  const folder = await createTempDir(t);
  const document = join(folder, 'api.json');
  const write = (...paths: string[]): Promise<void> =>
    writeFile(
      document,
      JSON.stringify({
        openapi: '3.1.0',
        info: { title: 'Slow', version: '1' },
        servers: [{ url: `http://127.0.0.1:${port}` }],
        paths: Object.fromEntries(paths.map((path) => [path, { post: {} }])),
      }),
    );
  await write('/slow', '/fast');
  const gateway = await startGateway(t, {
    config: {
      mcpServers: { api: { type: 'openapi', document }, none: { type: 'openapi', document: './missing.yaml' } },
      serverOptions: { api: { callTimeoutMs: 1_000 } },
      keys,
    },
  });
  await gateway.healthy('api');
  const target = { url: gateway.mcpUrl, headers: { authorization: `Bearer ${KEY}` }, home: folder };
  const client = await connectStreamableV1(target);
  t.after(() => client.close());

  const late = await within('the time limit', client.callTool('api__post_slow', {}), 20_000);
  assert.ok('error' in late && /did not answer in time/.test(late.error.message), JSON.stringify(late));
  await waitFor('the request to the API to be ended', () => open === 0);
  assert.equal((await callOf(client, 'api__post_fast', {})).content[0]?.text, 'done');

  await write('/fast', '/new');
  await waitFor(
    'the tools to change',
    async () => (await client.listTools()).map(({ name }) => name).join() === 'api__post_fast,api__post_new',
    20_000,
  );
  await writeFile(document, '{"swagger":"2.0"}');
  await waitFor('the server to be unstable', async () => (await gateway.states()).api === 'unstable', 20_000);
  assert.equal((await callOf(client, 'api__post_fast', {})).content[0]?.text, 'done');

  api.closeAllConnections();
  api.close();
  const away = await client.callTool('api__post_fast', {});
  assert.ok('error' in away && /not available/.test(away.error.message), JSON.stringify(away));
  assert.notEqual((await gateway.states()).none, 'healthy');
});
