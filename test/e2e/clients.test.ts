/**
 * Real clients through the real gateway to real servers: every client lists and calls the tools of three stdio servers, a
 * streamable-HTTP one and an SSE one through `/mcp`, with a key that may use some of them.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type Answer,
  asModern,
  type ConnectClient,
  connectMcpRemote,
  connectSseV1,
  connectStdio,
  connectStreamableV1,
  connectV2,
  createInspector,
  type Definition,
  type McpClient,
} from '../support/clients.ts';
import { readTrail, type StartedGateway, startGateway } from '../support/gateway.ts';
import { createStdioServers, startEverything } from '../support/real-servers.ts';
import { createCleanup, createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const KEY = 'pck_e2e_clients_0123456789abcdef';

/** What the key may use; the same rules in words of this test are in `isAllowed`. */
const GRANT = {
  allow: [
    'everything',
    'filesystem/read_*',
    'filesystem/list_directory',
    'memory',
    'remote/echo',
    'remote/get-*',
    'old',
  ],
  deny: ['everything/get-env', 'memory/delete_*', 'remote/get-env'],
};

function isAllowed(server: string, tool: string): boolean {
  if (server === 'everything') return tool !== 'get-env';
  if (server === 'filesystem') return tool.startsWith('read_') || tool === 'list_directory';
  if (server === 'memory') return !tool.startsWith('delete_');
  if (server === 'remote') return (tool === 'echo' || tool.startsWith('get-')) && tool !== 'get-env';
  return true;
}

/** Calls whose answers do not depend on when they are made: text, image, structured content, links, annotations, errors. */
const createCalls = (files: string): readonly { server: string; tool: string; args: object }[] => [
  { server: 'everything', tool: 'echo', args: { message: 'Grüße, 世界 \u{1f600}' } },
  { server: 'everything', tool: 'get-tiny-image', args: {} },
  { server: 'everything', tool: 'get-structured-content', args: { location: 'New York' } },
  { server: 'everything', tool: 'get-resource-links', args: { count: 3 } },
  { server: 'everything', tool: 'get-annotated-message', args: { messageType: 'error', includeImage: true } },
  { server: 'everything', tool: 'get-sum', args: { a: 'not', b: 'numbers' } },
  { server: 'filesystem', tool: 'list_directory', args: { path: files } },
  { server: 'filesystem', tool: 'read_text_file', args: { path: `${files}/hello.txt` } },
  { server: 'memory', tool: 'read_graph', args: {} },
  { server: 'remote', tool: 'get-tiny-image', args: {} },
  { server: 'old', tool: 'get-sum', args: { a: 19, b: 23 } },
];

const CLIENTS: readonly { name: string; path: '/mcp' | '/sse'; connect: ConnectClient }[] = [
  { name: 'SDK v1 over streamable HTTP', path: '/mcp', connect: connectStreamableV1 },
  { name: 'SDK v1 over HTTP+SSE', path: '/sse', connect: connectSseV1 },
  { name: 'SDK v2 as it comes', path: '/mcp', connect: connectV2('legacy') },
  { name: 'SDK v2 in auto mode', path: '/mcp', connect: connectV2('auto') },
  { name: 'SDK v2 pinned to 2026-07-28', path: '/mcp', connect: connectV2({ pin: '2026-07-28' }) },
  { name: 'mcp-remote', path: '/mcp', connect: connectMcpRemote },
];

/** By name in CLIENTS: those who end up speaking 2026-07-28. */
const MODERN: ReadonlySet<string> = new Set(['SDK v2 in auto mode', 'SDK v2 pinned to 2026-07-28']);

/** An answer of this server as `/mcp` shows it: the URIs in it lead back to the server, nothing else changes. */
function withExposedUris(answer: Answer, server: string): Answer {
  return JSON.parse(JSON.stringify(answer), (key, value) => (key === 'uri' ? `${server}+${value}` : value)) as Answer;
}

/** A result without what a hop of the modern era adds to it. */
function withoutHopFields(answer: Answer): Answer {
  if (!('result' in answer)) return answer;
  const { resultType, ttlMs, cacheScope, _meta, ...result } = answer.result;
  const meta = Object.entries((_meta ?? {}) as object).filter(([key]) => key !== 'io.modelcontextprotocol/serverInfo');
  return { result: meta.length > 0 ? { ...result, _meta: Object.fromEntries(meta) } : result };
}

const byName = (left: Definition, right: Definition): number => (left.name < right.name ? -1 : 1);

describe('real clients through the gateway', { timeout: 240_000 }, () => {
  const cleanup = createCleanup();
  let gateway: StartedGateway;
  let home: string;
  let files: string;
  let calls: ReturnType<typeof createCalls>;
  /** The servers' own words: definitions by exposed name, answers with exposed URIs, in the order of `calls`. */
  let definitions: Definition[];
  /** The same as 2026-07-28 has them. */
  let modernDefinitions: Definition[];
  const answers: Answer[] = [];

  before(async () => {
    const folder = await createTempDir(cleanup);
    home = await createTempDir(cleanup);
    const stdio = await createStdioServers(folder);
    const { servers } = stdio;
    files = stdio.files;
    calls = createCalls(files);
    const remote = await startEverything(cleanup, 'streamableHttp');
    const old = await startEverything(cleanup, 'sse');

    const direct: { [server: string]: McpClient } = {
      everything: await connectStdio(servers.everything),
      filesystem: await connectStdio(servers.filesystem),
      memory: await connectStdio(servers.memory),
      remote: await connectStreamableV1({ url: remote.url, headers: {}, home }),
      old: await connectSseV1({ url: old.url, headers: {}, home }),
    };
    const listed = await Promise.all(
      Object.entries(direct).map(async ([server, client]) =>
        (await client.listTools())
          .filter(({ name }) => isAllowed(server, name))
          .map((tool) => ({ ...tool, name: `${server}__${tool.name}` })),
      ),
    );
    definitions = listed.flat().sort(byName);
    modernDefinitions = definitions.map(asModern);
    assert.notDeepEqual(modernDefinitions, definitions, 'there is something that only one era has');
    assert.ok(definitions.length > 30, 'there is something to compare with');
    for (const { server, tool, args } of calls) {
      const answer = await direct[server]?.callTool(tool, args);
      if (answer !== undefined) answers.push(withExposedUris(answer, server));
    }
    for (const client of Object.values(direct)) await client.close();

    gateway = await startGateway(cleanup, {
      config: {
        mcpServers: { ...servers, remote, old },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference that the gateway resolves
        keys: [{ name: 'e2e', value: '${env:E2E_KEY}', ...GRANT }],
      },
      env: { E2E_KEY: KEY },
    });
    await gateway.healthy('everything', 'filesystem', 'memory', 'remote', 'old');
  });
  after(() => cleanup.run());

  const target = (path: string, key = KEY): Parameters<ConnectClient>[0] => ({
    url: `${gateway.url}${path}`,
    headers: { Authorization: `Bearer ${key}` },
    home,
  });

  async function assertServed(client: McpClient, isModern: boolean): Promise<void> {
    const listed = [...(await client.listTools())].sort(byName);
    assert.deepEqual(
      listed.map(({ name }) => name),
      definitions.map(({ name }) => name),
      'exactly the tools this key may use',
    );
    assert.deepEqual(listed, isModern ? modernDefinitions : definitions, 'definitions arrive as the server wrote them');
    for (const [index, { server, tool, args }] of calls.entries()) {
      const answer = await client.callTool(`${server}__${tool}`, args);
      assert.deepEqual(withoutHopFields(answer), answers[index], `${server}__${tool} answers as it does directly`);
    }
  }

  for (const { name, path, connect } of CLIENTS) {
    test(`${name} sees exactly what its key allows, and gets every answer as its server gave it`, async () => {
      const client = await connect(target(path));
      try {
        await assertServed(client, MODERN.has(name));
      } finally {
        await client.close();
      }
    });

    test(`${name} cannot tell a hidden tool from a missing one`, async () => {
      const client = await connect(target(path));
      try {
        const answers: Answer[] = [];
        for (const tool of [
          'everything__get-env',
          'everything__get-xyz',
          'filesystem__move_file',
          'nowhere__echo_it',
        ]) {
          const answer = await client.callTool(tool, {});
          answers.push(JSON.parse(JSON.stringify(answer).replaceAll(tool, 'NAME')) as Answer);
        }
        for (const answer of answers) {
          assert.ok('error' in answer, 'a protocol error, not a result');
          assert.equal(answer.error.code, -32602);
          assert.deepEqual(answer, answers[0]);
        }
      } finally {
        await client.close();
      }
    });
  }

  for (const era of ['legacy', 'modern'] as const)
    test(`MCP Inspector's CLI in its ${era} era lists the allowed tools and calls them`, async () => {
      const inspector = await createInspector(era)(target('/mcp'));
      const names = (await inspector.listTools()).map(({ name }) => name).sort();
      assert.deepEqual(
        names,
        definitions.map(({ name }) => name),
      );
      for (const [index, { server, tool, args }] of calls.entries()) {
        // One process per call: a text, an image and structured content are enough here.
        if (index > 2) break;
        const answer = await inspector.callTool(`${server}__${tool}`, args);
        assert.deepEqual(withoutHopFields(answer), answers[index], `${server}__${tool}`);
      }
      const hidden = JSON.stringify(await inspector.callTool('everything__get-env', {}));
      const missing = JSON.stringify(await inspector.callTool('everything__get-xyz', {}));
      assert.equal(hidden.replaceAll('get-env', 'X'), missing.replaceAll('get-xyz', 'X'));
    });

  test('without a key, or with a wrong one, nobody gets in', async () => {
    for (const headers of [{}, { Authorization: 'Bearer pck_wrong' }])
      await assert.rejects(connectStreamableV1({ url: gateway.mcpUrl, headers, home }), /401|Unauthorized/i);
  });

  test('the endpoint of one server serves it under its own names', async () => {
    const client = await connectStreamableV1(target('/mcp/filesystem'));
    try {
      const expected = definitions
        .filter(({ name }) => name.startsWith('filesystem__'))
        .map((tool) => ({ ...tool, name: tool.name.slice('filesystem__'.length) }));
      assert.deepEqual([...(await client.listTools())].sort(byName), expected);
      const answer = await client.callTool('list_directory', { path: files });
      assert.deepEqual(answer, answers[calls.findIndex(({ tool }) => tool === 'list_directory')]);
    } finally {
      await client.close();
    }
  });

  test('what the clients did is in the trail under the key that did it', async () => {
    const client = await connectStreamableV1(target('/mcp'));
    await client.callTool('memory__read_graph', {});
    await client.close();
    const row = await waitFor('the call to be in the trail', async () =>
      (await readTrail(gateway.dataDir)).findLast(({ kind, result }) => kind === 'tools.call' && result !== undefined),
    );
    assert.equal(row.keyName, 'e2e');
    assert.equal(row.serverId, 'memory');
    assert.equal(row.target, 'read_graph');
    assert.equal(row.result, 'ok');
  });
});
