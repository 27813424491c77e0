/**
 * Hostile clients, a row for each trick, down to the bytes: refused with the documented status and code, nothing executed, and a
 * second client notices nothing.
 */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type StartedGateway, startGateway } from '../support/gateway.ts';
import { BYTE_ROWS, call, FORBIDDEN, JSON_ROWS, PATH_ROWS, TOOL } from '../support/hostile/client-rows.ts';
import { openLegacySession } from '../support/hostile/legacy-session.ts';
import { type Neighbour, startNeighbour } from '../support/hostile/neighbour.ts';
import { post, sendBytes } from '../support/hostile/raw-http.ts';
import { residentBytes } from '../support/hostile/resident-bytes.ts';
import { sendModern } from '../support/raw-client.ts';
import { createCleanup, createTempDir } from '../support/temp-dir.ts';
import { readWitness, witnessEntry } from '../support/witness.ts';

const KEY = 'pck_e2e_hostileclients_0123456789abcdef';
const OTHER_KEY = 'pck_e2e_secondclient_0123456789abcdef';
const MAX_SESSIONS = 40;
const MAX_GROWTH_BYTES = 300 * 1024 * 1024;

describe('hostile clients', { timeout: 120_000 }, () => {
  const cleanup = createCleanup();
  let gateway: StartedGateway;
  let neighbour: Neighbour;
  let log = '';
  let bytesAtStart = 0;

  before(async () => {
    log = join(await createTempDir(cleanup), 'good.jsonl');
    gateway = await startGateway(cleanup, {
      config: {
        mcpServers: { good: witnessEntry(log) },
        limits: { maxSessions: MAX_SESSIONS },
        keys: [
          { name: 'hostile', value: KEY, allow: ['*'] },
          { name: 'second', value: OTHER_KEY, allow: ['*'] },
        ],
      },
    });
    await gateway.healthy();
    neighbour = startNeighbour(gateway, OTHER_KEY);
    await neighbour.check();
    bytesAtStart = residentBytes(gateway.pid);
  });
  after(async () => {
    await neighbour?.stop().catch(() => undefined);
    await cleanup.run();
  });

  const usual = (): string =>
    [
      `host: ${new URL(gateway.url).host}`,
      `authorization: Bearer ${KEY}`,
      'content-type: application/json',
      'accept: application/json, text/event-stream',
      'mcp-protocol-version: 2026-07-28',
      'mcp-method: tools/call',
      `mcp-name: ${TOOL}`,
      '',
    ].join('\r\n');
  const headers = (more: { readonly [name: string]: string } = {}): { readonly [name: string]: string } => ({
    authorization: `Bearer ${KEY}`,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': TOOL,
    ...more,
  });
  const isClean = (text: string): void => {
    assert.doesNotMatch(text, /\bat .*\.(ts|js|mjs):\d+/, 'no stack');
    assert.doesNotMatch(text, /done forbidden/, 'nothing was executed');
  };

  for (const row of BYTE_ROWS)
    test(`${row.what}: ${row.status}, and nothing behind it is taken for a request`, async () => {
      const body = call();
      const smuggled = `POST /mcp HTTP/1.1\r\n${usual()}content-length: ${body.length}\r\n\r\n${body}`;
      const bytes = row.bytes
        .replace('{usual-lf}', usual().replaceAll('\r\n', '\n'))
        .replace('{usual}', usual())
        .replaceAll('{length}', String(body.length))
        .replace('{smuggled}', smuggled)
        .replace('{body}', body);
      const { statuses, text } = await sendBytes(gateway.url, bytes);
      assert.deepEqual(statuses, [row.status], text.slice(0, 500));
      isClean(text);
      await neighbour.check();
    });

  for (const row of JSON_ROWS)
    test(`${row.what}: ${row.status}, ${row.code}`, async () => {
      const { method = 'tools/call', name = TOOL } = row;
      const answer = await post(gateway.mcpUrl, row.body, headers({ 'mcp-method': method, 'mcp-name': name }));
      assert.deepEqual([answer.status, answer.code], [row.status, row.code], answer.text.slice(0, 500));
      isClean(answer.text);
      await neighbour.check();
    });

  for (const { path, status } of PATH_ROWS)
    test(`the path ${path}: ${status}`, async () => {
      const body = call();
      const text = `POST ${path} HTTP/1.1\r\n${usual()}content-length: ${body.length}\r\n\r\n${body}`;
      const answer = await sendBytes(gateway.url, text);
      assert.deepEqual(answer.statuses, [status], answer.text.slice(0, 500));
      isClean(answer.text);
    });

  for (const [what, more, status] of [
    ['no key', { authorization: '' }, 401],
    ['an empty key', { authorization: 'Bearer ' }, 401],
    ['a key in the query', { authorization: 'Basic eDp5' }, 401],
    ['a foreign origin', { origin: 'http://evil.example.com' }, 403],
    ['the origin null', { origin: 'null' }, 403],
    ['an origin that begins like ours', { origin: 'http://localhost.evil.example.com' }, 403],
    ['an accept header that takes nothing', { accept: 'text/html' }, 406],
    ['10,000 patterns to narrow with', { 'x-portcullis-tools': 'a*,'.repeat(10_000) }, 400],
  ] as const)
    test(`${what}: ${status}`, async () => {
      const url = what === 'a key in the query' ? `${gateway.mcpUrl}?key=${KEY}&access_token=${KEY}` : gateway.mcpUrl;
      const answer = await post(url, call(), headers(more));
      assert.equal(answer.status, status, answer.text.slice(0, 500));
      isClean(answer.text);
      await neighbour.check();
    });

  test('a pattern made to be slow is matched like any other', async () => {
    const narrowing = headers({ 'x-portcullis-tools': `${'*a'.repeat(5_000)}*b` });
    const answer = await post(gateway.mcpUrl, call(), narrowing);
    assert.deepEqual([answer.status, answer.code], [200, -32602], answer.text.slice(0, 500));
    await neighbour.check();
  });

  test('arguments and capabilities named like parts of the language are data', async () => {
    const args = '{"nonce":"p","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1}';
    const body = call(TOOL, args).replace(
      'clientCapabilities":{}',
      'clientCapabilities":{"__proto__":{"sampling":{}}}',
    );
    const answer = await post(gateway.mcpUrl, body, headers());
    assert.match(answer.text, /done p/);
    await neighbour.check();
  });

  test('a session, its calls and its questions are nobody else’s', async () => {
    const mine = await openLegacySession(gateway.mcpUrl, OTHER_KEY);
    const running = mine.request('slow', 'tools/call', { name: TOOL, arguments: { nonce: 'kept', sleepMs: 1000 } });
    const thief = { ...mine.headers, authorization: `Bearer ${KEY}` };
    const cancel = '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"slow"}}';
    for (const body of [
      cancel,
      '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
      '{"jsonrpc":"2.0","id":"ask-1","result":{}}',
    ]) {
      const answer = await post(gateway.mcpUrl, body, thief);
      assert.deepEqual([answer.status, answer.code], [404, -31405], answer.text);
    }
    const own = await openLegacySession(gateway.mcpUrl, KEY);
    assert.equal((await post(gateway.mcpUrl, cancel, own.headers)).status, 202);
    assert.match((await running).text, /done kept/);
  });

  test('within a session, what is out of turn is refused or ignored', async () => {
    const session = await openLegacySession(gateway.mcpUrl, KEY);
    const again = await session.request(2, 'initialize', { protocolVersion: '2025-11-25', capabilities: {} });
    // It begins another session, and does nothing to this one.
    assert.notEqual(again.headers.get('mcp-session-id') ?? '', '', again.text);
    assert.notEqual(again.headers.get('mcp-session-id'), session.headers['mcp-session-id']);
    const first = session.request(7, 'tools/call', { name: TOOL, arguments: { nonce: 'first', sleepMs: 500 } });
    await neighbour.check();
    const second = await session.request(7, 'tools/call', { name: TOOL, arguments: { nonce: FORBIDDEN } });
    assert.equal(second.code, -32600, second.text);
    assert.match((await first).text, /done first/);
    const batch = `[${'{"jsonrpc":"2.0","id":1,"method":"ping"},'.repeat(9_999)}{}]`;
    assert.equal((await post(gateway.mcpUrl, batch, session.headers)).status, 400);
    for (const body of [
      '{"jsonrpc":"2.0","id":"ask-1","result":{"action":"accept"}}',
      '{"jsonrpc":"2.0","id":{},"error":{"code":1}}',
      '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{"a":1}}}',
      '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}',
      '{"jsonrpc":"2.0","method":"made/up"}',
    ])
      assert.equal((await post(gateway.mcpUrl, body, session.headers)).status, 202, body);
  });

  test('a batch of 10,000 is refused where there are batches, and a small one is not', async () => {
    const session = await openLegacySession(gateway.mcpUrl, KEY, '2025-03-26');
    const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
    const many = await post(gateway.mcpUrl, `[${Array(10_000).fill(ping).join(',')}]`, session.headers);
    assert.deepEqual([many.status, many.code], [400, -32600], many.text.slice(0, 200));
    assert.equal((await post(gateway.mcpUrl, `[${ping}]`, session.headers)).status, 200);
  });

  test('who opens more sessions than there may be ends its own, never those of others', async () => {
    const mine = await openLegacySession(gateway.mcpUrl, OTHER_KEY);
    const streams = new AbortController();
    try {
      let refused = 0;
      for (let n = 0; n < MAX_SESSIONS + 5; n++) {
        const session = await openLegacySession(gateway.mcpUrl, KEY).catch(() => undefined);
        if (session === undefined) refused++;
        // With a stream each, so that none of them counts as idle.
        else
          await fetch(gateway.mcpUrl, {
            headers: { ...session.headers, accept: 'text/event-stream' },
            signal: streams.signal,
          });
      }
      assert.ok(refused > 0, 'there were too many');
      const listed = await mine.request(1, 'tools/list', {});
      assert.equal(listed.status, 200, listed.text);
      const late = await openLegacySession(gateway.mcpUrl, OTHER_KEY);
      assert.equal((await late.request(1, 'tools/list', {})).status, 200);
    } finally {
      streams.abort();
    }
  });

  test('who opens more listen streams than a key may is refused, and others are not', async () => {
    const streams = new AbortController();
    const listen = (key: string): Promise<Response> =>
      fetch(gateway.mcpUrl, {
        method: 'POST',
        headers: {
          ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
          ...headers({ 'mcp-method': 'subscriptions/listen', authorization: `Bearer ${key}` }),
        },
        body: call()
          .replace('tools/call', 'subscriptions/listen')
          .replace('"params":{', '"params":{"notifications":{"toolsListChanged":true},'),
        signal: streams.signal,
      });
    try {
      const types = await Promise.all(
        Array.from({ length: 80 }, async () => (await listen(KEY)).headers.get('content-type')),
      );
      assert.equal(types.filter((type) => type === 'text/event-stream').length, 64);
      assert.equal((await listen(OTHER_KEY)).headers.get('content-type'), 'text/event-stream');
    } finally {
      streams.abort();
    }
  });

  test('two clients with the same ids and progress tokens each hear of their own call alone', async () => {
    const heard = await Promise.all(
      [KEY, OTHER_KEY].map(async (key, n) => {
        const { result } = await sendModern({
          ...{ url: gateway.mcpUrl, key, method: 'tools/call' },
          params: { name: TOOL, arguments: { nonce: `same-${n}`, sleepMs: 200 } },
          meta: { progressToken: 'same' },
        });
        return JSON.stringify(result);
      }),
    );
    for (const [n, text] of heard.entries()) assert.match(text, new RegExp(`done same-${n}`));
  });

  test('a thousand connections that say half a request cost nobody anything', async () => {
    const half = `POST /mcp HTTP/1.1\r\n${usual()}content-length: 5000\r\n\r\n{`;
    const all = Array.from({ length: 1000 }, () => sendBytes(gateway.url, half).catch(() => undefined));
    await neighbour.check();
    await neighbour.check();
    void all;
  });

  test('nothing forbidden was executed, and little is held', async (t) => {
    await neighbour.stop();
    assert.deepEqual(
      readWitness(log).filter(({ nonce }) => nonce === FORBIDDEN),
      [],
    );
    const grown = residentBytes(gateway.pid) - bytesAtStart;
    t.diagnostic(
      `grown by ${Math.round(grown / 1024 / 1024)} MiB, ${neighbour.served} ordinary calls served meanwhile`,
    );
    assert.ok(grown < MAX_GROWTH_BYTES, `grown by ${grown} bytes`);
  });
});
