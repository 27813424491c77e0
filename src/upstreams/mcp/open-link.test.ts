import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { openSse, rpcError, rpcResult, type SeenRequest, sendJson, startHttp } from './fixtures/http-testing.ts';
import {
  callTool,
  createPeer,
  EVERYTHING,
  FIXTURES,
  httpConfig,
  linkRequest,
  NODE_MODULES,
  openTestLink,
  startServer,
  stdioConfig,
} from './fixtures/link-testing.ts';
import { type InProcessServer, LinkOpenError } from './link.ts';

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return String(port);
}

/** The steps every server of server-everything must take through a link. */
async function exercise(opened: Awaited<ReturnType<typeof openTestLink>>): Promise<void> {
  const { link, messages } = opened;
  assert.deepEqual([link.era, link.protocolVersion], ['legacy', '2025-11-25']);
  assert.match(link.serverInfo ?? '', /"mcp-servers\/everything"/);
  assert.ok(link.instructions !== undefined && 'tools' in link.capabilities);
  const tools = JSON.parse((await link.request(linkRequest('tools/list', '{}'))).text).tools as { name: string }[];
  assert.ok(tools.some(({ name }) => name === 'echo'));
  const echo = await link.request(callTool('echo', { message: 'hi' }));
  assert.equal(echo.text, '{"content":[{"type":"text","text":"Echo: hi"}]}');
  const peer = createPeer({ progressToken: '"p"' });
  await link.request(callTool('trigger-long-running-operation', { duration: 0.1, steps: 2 }, { peer, keyId: 'a' }));
  assert.deepEqual(peer.notifications[0], {
    method: 'notifications/progress',
    params: '{"progress":1,"total":2,"progressToken":"p"}',
  });
  const uri = 'demo://resource/static/document/features.md';
  await link.request(linkRequest('resources/subscribe', { uri }));
  await link.request(callTool('toggle-subscriber-updates'));
  while (!messages.some(({ method }) => method === 'notifications/resources/updated'))
    await new Promise((resolve) => setImmediate(resolve));
  await link.close();
}

describe('real servers', { timeout: 60_000 }, () => {
  it('server-everything over stdio', async () => {
    await exercise(await openTestLink(stdioConfig([EVERYTHING, 'stdio'])));
  });

  it('server-everything over streamable HTTP', async (t) => {
    const port = await freePort();
    const _server = await startServer([EVERYTHING, 'streamableHttp'], /listening on port/, { PORT: port });
    t.after(() => _server[Symbol.asyncDispose]());
    await exercise(await openTestLink(httpConfig(`http://127.0.0.1:${port}/mcp`)));
  });

  for (const type of ['sse', 'http'] as const)
    it(`server-everything over SSE, configured as ${type}`, async (t) => {
      const port = await freePort();
      const _server = await startServer([EVERYTHING, 'sse'], /running on port/, { PORT: port });
      t.after(() => _server[Symbol.asyncDispose]());
      const config = { type, url: `http://127.0.0.1:${port}/sse`, headers: {} } as const;
      await exercise(await openTestLink(config));
    });

  it('server-everything asks the client of a call when the link declares what it can', async () => {
    const capabilities = '{"elicitation":{"form":{}},"sampling":{}}';
    const { link } = await openTestLink(stdioConfig([EVERYTHING, 'stdio']), { capabilities });
    const asked: string[] = [];
    const peer = createPeer({
      capabilities,
      async ask(method) {
        asked.push(method);
        return { result: '{"role":"assistant","model":"m","content":{"type":"text","text":"sampled"}}' };
      },
    });
    const args = { prompt: 'x', maxTokens: 5 };
    const reply = await link.request(callTool('trigger-sampling-request', args, { peer, keyId: 'a' }));
    assert.deepEqual(asked, ['sampling/createMessage']);
    assert.match(reply.text, /sampled/);
    await link.close();
  });

  it('server-memory and server-filesystem over stdio', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-link-'));
    await writeFile(join(folder, 'note.txt'), 'read through a link');
    const at = (name: string): string => `${NODE_MODULES}@modelcontextprotocol/${name}/dist/index.js`;
    const memory = await openTestLink(
      stdioConfig([at('server-memory')], { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') }),
    );
    const entities = [{ name: 'a', entityType: 'b', observations: [] }];
    await memory.link.request(callTool('create_entities', { entities }));
    assert.match((await memory.link.request(callTool('read_graph'))).text, /entityType/);
    const files = await openTestLink(stdioConfig([at('server-filesystem'), folder]));
    const read = await files.link.request(callTool('read_text_file', { path: join(folder, 'note.txt') }));
    assert.match(read.text, /read through a link/);
    await Promise.all([memory.link.close(), files.link.close()]);
    await rm(folder, { recursive: true });
  });

  it('modern servers of the SDK over stdio: modern if they speak nothing else, or if told so', async () => {
    for (const [legacy, protocol, era] of [
      ['reject', 'auto', 'modern'],
      ['serve', 'auto', 'legacy'],
      ['serve', 'modern', 'modern'],
    ] as const) {
      const config = stdioConfig([`${FIXTURES}modern-server.mjs`, 'stdio', legacy]);
      const { link } = await openTestLink(config, { config: { protocol } });
      assert.equal(link.era, era);
      const reply = await link.request(callTool('progress'));
      assert.match(reply.text, /"content"/);
      await link.close();
    }
  });

  it('a modern server over stdio is told about cancelled calls', async () => {
    const { link } = await openTestLink(stdioConfig([`${FIXTURES}modern-server.mjs`, 'stdio']));
    const aborter = new AbortController();
    const call = link.request(callTool('sleep', {}, { signal: aborter.signal }));
    aborter.abort();
    await assert.rejects(call);
    while (!(await link.request(callTool('cancelled'))).text.includes('"text":"1"'));
    await link.close();
  });
});

describe('the era of an HTTP server', { timeout: 60_000 }, () => {
  const initialized = ({ body }: SeenRequest, res: ServerResponse): void => {
    if (body?.method === 'initialize')
      sendJson(res, 200, rpcResult(body.id, { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: {} }));
    else res.writeHead(body === undefined ? 405 : 202).end();
  };
  const legacyAfter =
    (answer: (request: SeenRequest, res: ServerResponse) => void) => (request: SeenRequest, res: ServerResponse) =>
      request.body?.method === 'server/discover' ? answer(request, res) : initialized(request, res);

  const openings: readonly [string, (request: SeenRequest, res: ServerResponse) => void][] = [
    ['400 without JSON-RPC', (_request, res) => res.writeHead(400).end('Bad Request: session')],
    ['400 with -32000', (_request, res) => sendJson(res, 400, rpcError(null, -32000))],
    ['400 with -32022 and only old versions', ({ body }, res) => sendJson(res, 400, rpcError(body.id, -32022))],
    ['404', (_request, res) => res.writeHead(404).end()],
    ['405', (_request, res) => res.writeHead(405).end()],
    ['406', (_request, res) => res.writeHead(406).end()],
    ['500', (_request, res) => res.writeHead(500).end()],
    ['200 with -32601', ({ body }, res) => sendJson(res, 200, rpcError(body.id, -32601))],
    ['200 with -32602', ({ body }, res) => sendJson(res, 200, rpcError(body.id, -32602))],
    ['200 with garbage', (_request, res) => sendJson(res, 200, 'hello')],
    ['200 with another result', ({ body }, res) => sendJson(res, 200, rpcResult(body.id, { ok: true }))],
    [
      '200 with a discover result of other versions',
      ({ body }, res) =>
        sendJson(res, 200, rpcResult(body.id, { supportedVersions: ['2025-11-25'], capabilities: {} })),
    ],
    [
      'an error on a stream',
      ({ body }, res) => {
        openSse(res)(rpcError(body.id, -32601));
        res.end();
      },
    ],
    ['202', (_request, res) => res.writeHead(202).end()],
  ];
  for (const [name, answer] of openings)
    it(`is legacy when discover is answered with ${name}`, async (t) => {
      const server = await startHttp(legacyAfter(answer));
      t.after(() => server[Symbol.asyncDispose]());
      const { link } = await openTestLink(httpConfig(server.origin));
      assert.deepEqual([link.era, link.protocolVersion], ['legacy', '2025-06-18']);
      await link.close();
    });

  it('is asked for in the order of the hint, and found anew when it was wrong', async (t) => {
    const server = await startHttp(legacyAfter((_request, res) => res.writeHead(400).end()));
    t.after(() => server[Symbol.asyncDispose]());
    const right = await openTestLink(httpConfig(server.origin), { eraHint: 'legacy' });
    assert.equal(server.seen[0]?.body.method, 'initialize');
    await right.link.close();
    const modern = await startHttp(({ body }, res) => {
      if (body?.method !== 'server/discover') return sendJson(res, 400, rpcError(body?.id, -32022));
      sendJson(res, 200, rpcResult(body.id, { supportedVersions: ['2026-07-28'], capabilities: {} }));
    });
    t.after(() => modern[Symbol.asyncDispose]());
    const changed = await openTestLink(httpConfig(modern.origin), { eraHint: 'legacy' });
    assert.equal(changed.link.era, 'modern');
    await changed.link.close();
  });

  const refusal = (id: unknown) => ({
    jsonrpc: '2.0',
    id,
    error: { code: -32022, message: 'no', data: { supported: ['2026-07-28'], requested: '2026-07-28' } },
  });
  it('is modern when discover is refused once, with our version among those supported', async (t) => {
    let refusals = 0;
    const server = await startHttp(({ body }, res) => {
      if (refusals++ === 0) sendJson(res, 400, refusal(body.id));
      else sendJson(res, 200, rpcResult(body.id, { supportedVersions: ['2026-07-28'], capabilities: {} }));
    });
    t.after(() => server[Symbol.asyncDispose]());
    const { link } = await openTestLink(httpConfig(server.origin));
    assert.equal(link.era, 'modern');
    await link.close();
  });

  it('is asked for twice at most by a server that says it supports what it refuses', async (t) => {
    const server = await startHttp(legacyAfter(({ body }, res) => sendJson(res, 400, refusal(body.id))));
    t.after(() => server[Symbol.asyncDispose]());
    const { link } = await openTestLink(httpConfig(server.origin));
    assert.equal(link.era, 'legacy');
    assert.equal(server.seen.filter(({ body }) => body?.method === 'server/discover').length, 2);
    await link.close();
  });

  it('is not guessed when it is pinned', async (t) => {
    const server = await startHttp(legacyAfter((_request, res) => res.writeHead(400).end()));
    t.after(() => server[Symbol.asyncDispose]());
    await assert.rejects(openTestLink(httpConfig(server.origin), { config: { protocol: 'modern' } }), LinkOpenError);
    assert.deepEqual(
      server.seen.map(({ body }) => body.method),
      ['server/discover'],
    );
  });

  it('is no question when the credentials are refused', async (t) => {
    for (const status of [401, 403]) {
      const server = await startHttp((_request, res) => void res.writeHead(status).end());
      t.after(() => server[Symbol.asyncDispose]());
      await assert.rejects(openTestLink(httpConfig(server.origin)), (error: unknown) => {
        assert.ok(error instanceof LinkOpenError);
        return error.needsAuth && error.stage === 'credential' && !error.transient;
      });
      assert.equal(server.seen.length, 1);
    }
  });

  it('unknown because the server is down is worth another try', async (t) => {
    const server = await startHttp((_request, res) => void res.writeHead(502).end());
    t.after(() => server[Symbol.asyncDispose]());
    await assert.rejects(openTestLink(httpConfig(server.origin)), (error: unknown) => {
      assert.ok(error instanceof LinkOpenError);
      return error.transient && !error.needsAuth;
    });
    const nobody = httpConfig(`http://127.0.0.1:${await freePort()}/mcp`);
    await assert.rejects(openTestLink(nobody), (error: unknown) => {
      assert.ok(error instanceof LinkOpenError);
      assert.match(error.message, /ECONNREFUSED/);
      return error.transient && error.stage === 'connect';
    });
  });

  it('unknown because nothing there speaks MCP is not', async (t) => {
    const server = await startHttp((_request, res) => void res.writeHead(404).end('<html>'));
    t.after(() => server[Symbol.asyncDispose]());
    await assert.rejects(openTestLink(httpConfig(server.origin)), (error: unknown) => {
      assert.ok(error instanceof LinkOpenError);
      return !error.transient;
    });
  });

  it('unknown because of a refusal never shows our credentials, although the server quotes them', async (t) => {
    const server = await startHttp(({ body, headers }, res) => {
      const quote = `you sent ${headers.authorization}`;
      if (body.method === 'initialize') sendJson(res, 200, rpcError(body.id, -32000, quote));
      else sendJson(res, 400, quote);
    });
    t.after(() => server[Symbol.asyncDispose]());
    const config = httpConfig(server.origin, { Authorization: 'Bearer t0ken-of-ours' });
    await assert.rejects(openTestLink(config), (error: unknown) => {
      assert.ok(error instanceof LinkOpenError);
      assert.match(error.message, /discover: .*you sent \[redacted\].*initialize: .*you sent \[redacted\]/);
      return !inspect(error, { depth: 9 }).includes('t0ken-of-ours');
    });
  });

  it('is given up when the caller gives up', async (t) => {
    const server = await startHttp(() => {});
    t.after(() => server[Symbol.asyncDispose]());
    const aborter = new AbortController();
    const opening = openTestLink(httpConfig(server.origin), { signal: aborter.signal });
    await server.waitFor(() => true);
    aborter.abort();
    await assert.rejects(opening, LinkOpenError);
  });
});

describe('an in-process server', { timeout: 60_000 }, () => {
  const greeter: InProcessServer = {
    connect: (send) => ({
      receive(message) {
        const { id, method } = JSON.parse(message);
        if (method === 'initialize')
          send(JSON.stringify(rpcResult(id, { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: {} })));
        else if (method === 'tools/call') send(JSON.stringify(rpcResult(id, { content: ['hello'] })));
        else if (method === 'prompts/get') throw new Error('broken');
      },
      close: () => closed.resolve(),
    }),
  };
  const closed = Promise.withResolvers<void>();

  it('is spoken to like any other, and closed', async () => {
    const inProcess = new Map([['greeter', greeter]]);
    const { link } = await openTestLink({ type: 'in-process', module: 'greeter' }, { inProcess });
    assert.equal((await link.request(callTool('x'))).text, '{"content":["hello"]}');
    await assert.rejects(link.request(linkRequest('prompts/get', '{}')), /no valid answer/);
    await link.close();
    await closed.promise;
  });

  it('that is not there cannot be opened', async () => {
    await assert.rejects(openTestLink({ type: 'in-process', module: 'nobody' }), LinkOpenError);
  });
});
