/** Large results of a real server through the gateway, shortened and read back by the official clients of both eras. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startGateway } from '../support/gateway.ts';
import { createStdioServers } from '../support/real-servers.ts';
import { createTempDir } from '../support/temp-dir.ts';

const KEY = 'pck_e2e_results_0123456789abcdef';
const OTHER = 'pck_e2e_results_fedcba9876543210';
const MAX_BYTES = 4_000;

interface Block {
  readonly type: string;
  readonly text?: string;
  readonly uri?: string;
}

test('a large file is shortened and read back whole, in both eras and on every endpoint', {
  timeout: 60_000,
}, async (t) => {
  const { servers, files } = await createStdioServers(await createTempDir(t));
  const big = Array.from({ length: 5_000 }, (_, n) => `line ${n}: Grüße 😀`).join('\n');
  await writeFile(join(files, 'big.txt'), big);
  const gateway = await startGateway(t, {
    config: {
      mcpServers: { filesystem: servers.filesystem },
      results: { tools: { 'filesystem/read_*': { maxBytes: MAX_BYTES } } },
      toolsets: { reading: { tools: ['filesystem/read_text_file'] } },
      keys: [
        { name: 'mine', value: KEY, allow: ['*'], toolsets: ['reading'] },
        { name: 'other', value: OTHER, allow: ['*'] },
      ],
    },
  });
  await gateway.healthy();
  const connect = async (path: string, key: string, mode: 'legacy' | { pin: string }) => {
    const client = new Client({ name: 'portcullis-test', version: '1.0.0' }, { versionNegotiation: { mode } });
    const requestInit = { headers: { authorization: `Bearer ${key}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${gateway.url}${path}`), { requestInit }));
    t.after(() => client.close());
    return client;
  };
  for (const mode of ['legacy', { pin: '2026-07-28' }] as const) {
    for (const [path, name] of [
      ['/mcp', 'filesystem__read_text_file'],
      ['/mcp/filesystem', 'read_text_file'],
      ['/mcp/t/reading', 'filesystem__read_text_file'],
    ] as const) {
      const client = await connect(path, KEY, mode);
      assert.ok(client.getServerCapabilities()?.resources, 'results can be read although the server has no resources');
      // So that the client checks the shortened structured content against the tool's own schema.
      await client.listTools();
      const short = await client.callTool({ name, arguments: { path: join(files, 'big.txt') } });
      assert.ok(JSON.stringify(short).length < 2 * MAX_BYTES);
      const blocks = short.content as Block[];
      assert.match(blocks[0]?.text ?? '', /^line 0: Grüße 😀\n[\s\S]*Shortened by the gateway/);
      assert.match((short.structuredContent as { content: string }).content, /^line 0: Grüße 😀\n/);
      const link = blocks.at(-1);
      assert.equal(link?.type, 'resource_link');
      let read = '';
      let uri: string | undefined = `${link?.uri}?path=/content/0/text&bytes=100000`;
      while (uri !== undefined) {
        const { contents } = await client.readResource({ uri });
        read += (contents[0] as Block).text;
        uri = contents[1]?.uri;
      }
      assert.equal(read, big);
      const other = await connect(path.startsWith('/mcp/t') ? '/mcp' : path, OTHER, mode);
      await assert.rejects(other.readResource({ uri: link?.uri ?? '' }), /not found/i);
    }
  }
});
