/** The gateway and its servers restarted while sessions are open, and servers that never come up. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectStreamableV1 } from '../support/clients.ts';
import { ROOT, startGateway } from '../support/gateway.ts';
import { isOk } from '../support/load.ts';
import { callTool, listToolNames } from '../support/raw-client.ts';
import { findFreePort } from '../support/real-servers.ts';
import { startProcess } from '../support/start-process.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { witnessEntry } from '../support/witness.ts';

const KEY = 'pck_e2e_restarts_0123456789abcdef';

const keys = (...allow: string[]): object[] => [{ name: 'e2e', value: KEY, allow }];

test('the gateway restarted while a legacy session is open: the session is answered 404 and a new one works at once [MCP-SESSION-LOST legacy→any]', {
  timeout: 60_000,
}, async (t) => {
  const folder = await createTempDir(t);
  const log = join(folder, 'witness.jsonl');
  const dataDir = join(folder, 'data');
  const port = await findFreePort();
  const config = { mcpServers: { w: witnessEntry(log) }, keys: keys('*') };
  const target = { url: `http://127.0.0.1:${port}/mcp`, headers: { Authorization: `Bearer ${KEY}` }, home: folder };

  const first = await startGateway(t, { config, dataDir, port });
  await first.healthy('w');
  const client = await connectStreamableV1(target);
  t.after(() => client.close());
  assert.ok('result' in (await client.callTool('w__work', { nonce: randomUUID() })));
  await first.stop();

  const second = await startGateway(t, { config, dataDir, port });
  await second.healthy('w');
  const lost = await client.callTool('w__work', { nonce: randomUUID() });
  assert.ok('error' in lost, 'the old session is gone');
  assert.equal(lost.error.code, 404);
  const renewed = await connectStreamableV1(target);
  t.after(() => renewed.close());
  assert.deepEqual((await renewed.listTools()).map(({ name }) => name).sort(), ['w__peek', 'w__work']);
  assert.ok('result' in (await renewed.callTool('w__work', { nonce: randomUUID() })));
});

test('a server that forgets its sessions is asked again in a new one, and no call notices [MCP-SERVER-SESSION-LOST]', {
  timeout: 60_000,
}, async (t) => {
  const { readyLine, child } = await startProcess(t, {
    command: process.execPath,
    args: [join(ROOT, 'test/conformance/fixture-server.ts'), '--era', 'legacy'],
  });
  const { url } = JSON.parse(readyLine) as { url: string };
  const gateway = await startGateway(t, { config: { mcpServers: { f: { type: 'http', url } }, keys: keys('*') } });
  await gateway.healthy('f');
  for (let round = 0; round < 3; round++) {
    child.kill('SIGUSR2');
    const calls = Array.from({ length: 5 }, () => callTool(gateway, KEY, 'f__test_simple_text', {}));
    for (const answer of await Promise.all(calls)) assert.ok(isOk(answer), JSON.stringify(answer));
  }
});

test('a server restarted on its port while sessions are open serves the next call', { timeout: 60_000 }, async (t) => {
  const port = String(await findFreePort());
  const start = () =>
    startProcess(t, {
      command: process.execPath,
      args: [join(ROOT, 'test/conformance/fixture-server.ts'), '--era', 'legacy', '--port', port],
    });
  const before = await start();
  const { url } = JSON.parse(before.readyLine) as { url: string };
  const gateway = await startGateway(t, { config: { mcpServers: { f: { type: 'http', url } }, keys: keys('*') } });
  await gateway.healthy('f');
  const connect = () =>
    connectStreamableV1({ url: gateway.mcpUrl, headers: { Authorization: `Bearer ${KEY}` }, home: '' });
  const client = await connect();
  t.after(() => client.close());
  assert.ok('result' in (await client.callTool('f__test_simple_text', {})));
  await before.kill9();
  await start();
  const answer = await client.callTool('f__test_simple_text', {});
  assert.ok('result' in answer, `the call that found out was served: ${JSON.stringify(answer)}`);
});

test('servers that cannot start, stay silent or refuse connections hold up neither the start nor the others', {
  timeout: 60_000,
}, async (t) => {
  const folder = await createTempDir(t);
  const gateway = await startGateway(t, {
    config: {
      mcpServers: {
        good: witnessEntry(join(folder, 'witness.jsonl')),
        missing: { command: join(folder, 'no-such-program') },
        exits: { command: process.execPath, args: ['-e', 'process.exit(1)'] },
        silent: { command: process.execPath, args: ['-e', 'process.stdin.resume()'] },
        closed: { type: 'http', url: `http://127.0.0.1:${await findFreePort()}/mcp` },
      },
      keys: keys('*'),
    },
  });
  await gateway.healthy('good');
  assert.ok(isOk(await callTool(gateway, KEY, 'good__work', { nonce: randomUUID() })));
  assert.deepEqual((await listToolNames(gateway, KEY)).sort(), ['good__peek', 'good__work']);
  const states = await gateway.states();
  assert.deepEqual(Object.keys(states).sort(), ['closed', 'exits', 'good', 'missing', 'silent']);
  for (const id of ['closed', 'exits', 'missing', 'silent']) assert.notEqual(states[id], 'healthy', id);
  assert.equal(await gateway.stop(), 0, 'it stops in order all the same');
});
