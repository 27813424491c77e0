/** Cached results of a real server: the official clients of both eras get them marked, and the trail tells them apart. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { readTrail, runCli, startGateway } from '../support/gateway.ts';
import { createStdioServers } from '../support/real-servers.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const KEYS = { anna: 'pck_e2e_cache_0123456789abcdef', ben: 'pck_e2e_cache_fedcba9876543210' };

test('a file is read once per key and era, a listing once for all, a write every time', {
  timeout: 120_000,
}, async (t) => {
  const { servers, files } = await createStdioServers(await createTempDir(t));
  const gateway = await startGateway(t, {
    config: {
      mcpServers: { filesystem: servers.filesystem },
      cache: {
        tools: {
          'filesystem/*': { ttlMs: 600_000 },
          'filesystem/list_directory': { ttlMs: 600_000, scope: 'public' },
        },
      },
      prices: {
        tools: { 'filesystem/*': { perCallMicroUsd: 1_500 }, 'filesystem/write_file': { perCallMicroUsd: 20 } },
      },
      keys: Object.entries(KEYS).map(([name, value]) => ({ name, value, allow: ['*'] })),
    },
  });
  await gateway.healthy();
  const connect = async (key: string, mode: 'legacy' | { pin: string }) => {
    const client = new Client({ name: 'portcullis-test', version: '1.0.0' }, { versionNegotiation: { mode } });
    const requestInit = { headers: { authorization: `Bearer ${key}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(gateway.mcpUrl), { requestInit }));
    t.after(() => client.close());
    await client.listTools();
    return client;
  };
  const file = join(files, 'hello.txt');
  for (const mode of ['legacy', { pin: '2026-07-28' }] as const) {
    const anna = await connect(KEYS.anna, mode);
    const ben = await connect(KEYS.ben, mode);
    const read = async (client: Client) => {
      const { content, _meta } = await client.callTool({
        name: 'filesystem__read_text_file',
        arguments: { path: file },
      });
      return [(content as { text: string }[])[0]?.text, _meta?.['portcullis.dev/cache'] !== undefined];
    };
    const list = async (client: Client) => {
      const { _meta } = await client.callTool({ name: 'filesystem__list_directory', arguments: { path: files } });
      return _meta?.['portcullis.dev/cache'] !== undefined;
    };
    await writeFile(file, 'first');
    assert.deepEqual(await read(anna), ['first', false]);
    await writeFile(file, 'second');
    assert.deepEqual(await read(anna), ['first', true]);
    assert.deepEqual(await read(ben), ['second', false], 'what anna read is hers');
    assert.deepEqual([await list(anna), await list(ben)], [false, true]);
    for (let n = 0; n < 2; n++)
      await anna.callTool({ name: 'filesystem__write_file', arguments: { path: file, content: 'same' } });
  }
  const rows = await waitFor('all calls to be in the trail', async () => {
    const all = (await readTrail(gateway.dataDir)).filter(({ kind }) => kind === 'tools.call');
    return all.length === 14 && all.every(({ result }) => result === 'ok') && all;
  });
  const cached = rows.filter((row) => row.cached).map(({ keyName, target }) => `${keyName} ${target}`);
  const once = ['anna read_text_file', 'ben list_directory'];
  assert.deepEqual(cached, [...once, ...once]);

  const costs = await runCli('audit', 'costs', '--by', 'tool', '--data', gateway.dataDir, '--json');
  assert.deepEqual(
    (JSON.parse(costs) as { name: string; calls: number; cached: number; microUsd: number }[]).map((sum) => [
      sum.name,
      sum.calls,
      sum.cached,
      sum.microUsd,
    ]),
    [
      ['filesystem/read_text_file', 6, 2, 6_000],
      ['filesystem/list_directory', 4, 2, 3_000],
      ['filesystem/write_file', 4, 0, 80],
    ],
  );
  assert.match(await runCli('audit', 'costs', '--data', gateway.dataDir), /anna\s+10\s+2\s+8\s+\$0\.006080/);
});
