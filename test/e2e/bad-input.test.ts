/** Hostile clients, end to end: every malformed request is refused with a clear error, and the next one is served. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readTrail, type StartedGateway, startGateway } from '../support/gateway.ts';
import { assertGoodServed } from '../support/good-server.ts';
import { callTool } from '../support/raw-client.ts';
import { createCleanup, createTempDir } from '../support/temp-dir.ts';
import { waitFor, within } from '../support/wait-for.ts';
import { witnessEntry } from '../support/witness.ts';

const KEY = 'pck_e2e_badinput_0123456789abcdef';
const MAX_BODY_BYTES = 100_000;

interface RawResponse {
  readonly status: number;
  readonly code: number | undefined;
  readonly body: string;
}

describe('hostile clients', { timeout: 120_000 }, () => {
  const cleanup = createCleanup();
  let gateway: StartedGateway;

  before(async () => {
    const folder = await createTempDir(cleanup);
    gateway = await startGateway(cleanup, {
      config: {
        mcpServers: { good: witnessEntry(join(folder, 'good.jsonl')) },
        limits: { maxBodyBytes: MAX_BODY_BYTES },
        keys: [{ name: 'e2e', value: KEY, allow: ['*'] }],
      },
    });
    await gateway.healthy('good');
  });
  after(() => cleanup.run());

  const META = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const modern = (method: string, name?: string): { [header: string]: string } => ({
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(name === undefined ? {} : { 'mcp-name': name }),
  });

  function post(
    body: string | Buffer,
    headers: { [name: string]: string } = {},
    method = 'POST',
  ): Promise<RawResponse> {
    return within(
      'an answer',
      new Promise((resolve, reject) => {
        const outgoing = httpRequest(
          gateway.mcpUrl,
          {
            method,
            headers: {
              'content-type': 'application/json',
              accept: 'application/json, text/event-stream',
              authorization: `Bearer ${KEY}`,
              ...headers,
            },
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () => {
              const text = Buffer.concat(chunks).toString('utf8');
              let code: number | undefined;
              try {
                code = (JSON.parse(text) as { error?: { code?: number } }).error?.code;
              } catch {
                code = undefined;
              }
              resolve({ status: response.statusCode ?? 0, code, body: text });
            });
          },
        );
        outgoing.on('error', reject);
        outgoing.end(body);
      }),
    );
  }

  const call = (params: unknown, id: unknown = 1): string =>
    JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params });
  const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const work = { name: 'good__work', arguments: { nonce: 'n' }, _meta: META };

  const REFUSED: readonly {
    readonly what: string;
    readonly body: string | Buffer;
    readonly headers?: { [name: string]: string };
    readonly method?: string;
    readonly status: number | readonly number[];
    readonly code?: number | readonly number[];
  }[] = [
    { what: 'malformed JSON', body: '{"jsonrpc":"2.0",', status: 400, code: -32700 },
    { what: 'an empty body', body: '', status: 400, code: [-32700, -32600] },
    {
      what: 'invalid UTF-8',
      body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
      status: 400,
      code: -32700,
    },
    { what: 'a number', body: '42', status: 400, code: -32600 },
    { what: 'null', body: 'null', status: 400, code: -32600 },
    { what: 'an empty batch', body: '[]', status: 400, code: -32600 },
    { what: 'a method that is no string', body: '{"jsonrpc":"2.0","id":1,"method":7}', status: 400, code: -32600 },
    { what: 'another JSON-RPC version', body: '{"jsonrpc":"1.0","id":1,"method":"ping"}', status: 400, code: -32600 },
    {
      what: 'an id that is an object',
      body: call(work, {}),
      headers: modern('tools/call', 'good__work'),
      status: 400,
      code: -32600,
    },
    {
      what: 'params that are text',
      body: call('text'),
      headers: modern('tools/call', 'good__work'),
      status: 400,
      code: [-32600, -32602, -32020],
    },
    {
      what: 'a body that is too large',
      body: call({ ...work, arguments: { nonce: 'x'.repeat(MAX_BODY_BYTES) } }),
      headers: modern('tools/call', 'good__work'),
      status: 413,
    },
    {
      what: 'nesting that is too deep',
      body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"good__work","arguments":{"nonce":${nested(20_000)}}}}`,
      headers: modern('tools/call', 'good__work'),
      status: 400,
    },
    {
      what: 'a method nobody has',
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'no/such/method', params: { _meta: META } }),
      headers: modern('no/such/method'),
      status: 404,
      code: -32601,
    },
    {
      what: 'a method header that is not the method',
      body: call(work),
      headers: modern('tools/list', 'good__work'),
      status: 400,
      code: -32020,
    },
    {
      what: 'a name header that is not the name',
      body: call(work),
      headers: modern('tools/call', 'good__peek'),
      status: 400,
      code: -32020,
    },
    { what: 'a missing name header', body: call(work), headers: modern('tools/call'), status: 400, code: -32020 },
    {
      what: 'a version header that is not the version',
      body: call(work),
      headers: { ...modern('tools/call', 'good__work'), 'mcp-protocol-version': '2025-11-25' },
      status: 400,
      code: -32020,
    },
    {
      what: 'missing _meta',
      body: call({ name: 'good__work', arguments: { nonce: 'n' } }),
      headers: modern('tools/call', 'good__work'),
      status: 400,
      code: -32602,
    },
    {
      what: 'a cursor we never gave',
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { cursor: 'bogus', _meta: META } }),
      headers: modern('tools/list'),
      status: [200, 400],
      code: -32602,
    },
    {
      what: 'a cursor that is a number',
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { cursor: 5, _meta: META } }),
      headers: modern('tools/list'),
      status: [200, 400],
      code: -32602,
    },
    { what: 'a wrong content type', body: call(work), headers: { 'content-type': 'text/plain' }, status: 415 },
    { what: 'a wrong HTTP method', body: '', method: 'PUT', status: 405 },
    {
      what: 'a session we never gave',
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
      headers: { 'mcp-session-id': 'bogus', 'mcp-protocol-version': '2025-11-25' },
      status: 404,
    },
    { what: 'a foreign Host', body: call(work), headers: { host: 'evil.example.com' }, status: 403 },
    { what: 'a foreign Origin', body: call(work), headers: { origin: 'http://evil.example.com' }, status: 403 },
    {
      what: 'two different credentials',
      body: call(work),
      headers: { 'x-api-key': 'pck_another_0123456789' },
      status: 401,
    },
  ];

  for (const { what, body, headers, method, status, code } of REFUSED)
    test(`${what} is refused with a clear error, and the next request is served`, async () => {
      const answer = await post(body, headers, method);
      const said = `${answer.status} ${answer.body.slice(0, 300)}`;
      assert.ok([status].flat().includes(answer.status), said);
      if (code !== undefined) assert.ok(answer.code !== undefined && [code].flat().includes(answer.code), said);
      assert.doesNotMatch(answer.body, /\bat .*\.(ts|js|mjs):\d+/, 'no stack');
      await assertGoodServed(gateway, KEY);
    });

  test('arguments named like parts of the language are data', async () => {
    const name = 'good__work';
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}","arguments":{"nonce":"p","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}},"_meta":${JSON.stringify(META)}}}`;
    const answer = await post(body, modern('tools/call', name));
    assert.equal(answer.status, 200, answer.body);
    assert.match(answer.body, /done p/);
    await assertGoodServed(gateway, KEY);
  });

  test('clients that vanish in the middle of their request or call leave nothing behind', async () => {
    const { hostname, port } = new URL(gateway.mcpUrl);
    for (let index = 0; index < 20; index++) {
      const socket = connect(Number(port), hostname);
      await new Promise<void>((resolve) => socket.once('connect', resolve));
      socket.write(
        `POST /mcp HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${KEY}\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{"jsonrpc":`,
      );
      socket.resetAndDestroy();
    }
    await Promise.all(
      Array.from({ length: 10 }, () =>
        assert.rejects(
          callTool(
            gateway,
            KEY,
            'good__work',
            { nonce: randomUUID(), sleepMs: 1000 },
            { signal: AbortSignal.timeout(100) },
          ),
        ),
      ),
    );
    await assertGoodServed(gateway, KEY);
    const rows = await waitFor('the abandoned calls to be finished in the trail', async () => {
      const calls = (await readTrail(gateway.dataDir)).filter(({ kind }) => kind === 'tools.call');
      return calls.every(({ result }) => result !== undefined) && calls;
    });
    assert.ok(rows.some(({ result }) => result === 'cancelled'));
  });
});
