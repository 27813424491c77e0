/**
 * Fifteen servers from the registry behind one gateway, as real clients of both eras see them: everything, what a key may use,
 * a toolset. Run by `npm run test:servers`, which installs them first; no server reaches a network or is asked to.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { matchesWildcard } from '../../src/lib/wildcard.ts';
import {
  asModern,
  type ConnectClient,
  connectMcpRemote,
  connectStdio,
  connectStreamableV1,
  connectV2,
  createInspector,
  type Definition,
  type McpClient,
  type SdkClient,
} from '../support/clients.ts';
import { type StartedGateway, startGateway } from '../support/gateway.ts';
import { assertUsableNames } from '../support/model-api-names.ts';
import { createStdioServers, type StdioEntry } from '../support/real-servers.ts';
import { createCleanup, createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { realServerEntries, withoutNetwork } from './packages.ts';

const KEYS = {
  all: 'pck_servers_all_0123456789abcdef',
  some: 'pck_servers_some_0123456789abcdef',
  settled: 'pck_servers_toolset_0123456789abcdef',
};

/** What the filtered key may use; the last word is `deny`'s. */
const ALLOW = ['github/search_*', 'github/get_*', 'filesystem', 'playwright/browser_*', 'notion/API-get-*', 'mongodb'];
const DENY = ['filesystem/write_file', 'playwright/browser_evaluate', 'mongodb/drop-*', 'mongodb/delete-*'];

const WORK_SET = {
  description: 'Look something up.',
  tools: [
    { tool: 'git/git_status', name: 'what_changed', description: 'What changed in the working tree.' },
    'thinking',
    'github/search_*',
    { tool: 'filesystem/read_text_file', name: 'read', title: 'Read a file' },
    'context7/*',
  ],
};

interface TestedClient {
  readonly connect: ConnectClient;
  /** What this client makes of a definition as the server wrote it. */
  readonly shows: (tool: Definition) => Definition;
}

const asWritten = (tool: Definition): Definition => tool;
/** The Inspector leaves out what it does not know, for example in `annotations`. */
const asInspected = ({ name, description, inputSchema }: Definition): Definition => ({
  name,
  ...(description === undefined ? {} : { description }),
  inputSchema,
});
const modernV2 = connectV2({ pin: '2026-07-28' });

const SDK_CLIENTS = [
  ['SDK v1', connectStreamableV1],
  ['SDK v2, 2026-07-28', modernV2],
] as const;

/** Method, where its items stand in the result, and what the gateway changes in each. */
const LISTS = [
  ['prompts/list', 'prompts', 'name'],
  ['resources/list', 'resources', 'uri'],
  ['resources/templates/list', 'resourceTemplates', 'uriTemplate'],
] as const;

interface Content {
  readonly uri: string;
  readonly mimeType?: string;
}

/** A URI of this server as `/mcp` shows it. */
const withServer = (id: string, uri: string): string => `${id.replaceAll('_', '.')}+${uri}`;
const byKey = (items: readonly Definition[], key: string): Definition[] =>
  items.toSorted((left, right) => (String(left[key]) < String(right[key]) ? -1 : 1));

const CLIENTS: { readonly [name: string]: TestedClient } = {
  'SDK v1': { connect: connectStreamableV1, shows: asWritten },
  'SDK v2, 2026-07-28': { connect: modernV2, shows: asModern },
  'mcp-remote': { connect: connectMcpRemote, shows: asWritten },
  'the Inspector CLI, legacy': { connect: inspecting('legacy'), shows: asInspected },
  'the Inspector CLI, modern': { connect: inspecting('modern'), shows: asInspected },
};

function inspecting(era: 'legacy' | 'modern'): ConnectClient {
  return async (target) => {
    const inspector = await createInspector(era)(target);
    return { ...inspector, listTools: async () => (await inspector.listTools()).map(asInspected) };
  };
}

interface Direct {
  readonly tools: readonly Definition[];
  readonly startMs: number;
  readonly client: SdkClient;
}

const exposed = (serverId: string, tool: Definition): Definition => ({ ...tool, name: `${serverId}__${tool.name}` });
const byName = (left: Definition, right: Definition): number => (left.name < right.name ? -1 : 1);
const namesOf = (tools: readonly Definition[]): string[] => tools.map(({ name }) => name);

describe('fifteen real servers behind one gateway', { timeout: 300_000 }, () => {
  const cleanup = createCleanup();
  const direct = new Map<string, Direct>();
  /** Milliseconds until each was healthy, all of them starting at once. */
  const readyMs = new Map<string, number>();
  let entries: { readonly [serverId: string]: StdioEntry };
  let definitions: Definition[];
  let gateway: StartedGateway;
  let home: string;
  let files: string;
  let repository: string;

  const config = (servers: typeof entries): object => ({
    mcpServers: servers,
    toolsets: { work: WORK_SET },
    keys: [
      { name: 'all', value: KEYS.all, allow: ['*'] },
      { name: 'some', value: KEYS.some, allow: ALLOW, deny: DENY },
      { name: 'settled', value: KEYS.settled, toolsets: ['work'] },
    ],
  });
  const withClient = async <T, C extends McpClient>(
    connect: (...target: Parameters<ConnectClient>) => Promise<C>,
    path: string,
    key: string,
    use: (client: C) => Promise<T>,
  ): Promise<T> => {
    const headers = { Authorization: `Bearer ${key}` };
    const client = await connect({ url: `${gateway.url}${path}`, headers, home });
    try {
      return await use(client);
    } finally {
      await client.close();
    }
  };
  const list = (connect: ConnectClient, path: string, key: string): Promise<readonly Definition[]> =>
    withClient(connect, path, key, (client) => client.listTools());

  before(async () => {
    const folder = await createTempDir(cleanup);
    home = await createTempDir(cleanup);
    repository = await createTempDir(cleanup);
    execFileSync('git', ['init', '--quiet', repository], { timeout: 10_000 });
    const stdio = await createStdioServers(folder);
    files = stdio.files;
    const isolate = withoutNetwork();
    entries = Object.fromEntries(
      Object.entries({ ...stdio.servers, ...realServerEntries(home) }).map(([id, entry]) => [id, isolate(entry)]),
    );
    for (const [serverId, entry] of Object.entries(entries)) {
      const began = performance.now();
      const client = await connectStdio(entry);
      cleanup.after(() => client.close());
      const startMs = performance.now() - began;
      direct.set(serverId, { client, startMs, tools: await client.listTools() });
    }
    definitions = [...direct].flatMap(([id, { tools }]) => tools.map((tool) => exposed(id, tool))).sort(byName);

    const began = performance.now();
    gateway = await startGateway(cleanup, { config: config(entries) });
    await waitFor(
      'every server to be healthy',
      async () => {
        for (const [id, state] of Object.entries(await gateway.states()))
          if (state === 'healthy' && !readyMs.has(id)) readyMs.set(id, performance.now() - began);
        return readyMs.size === direct.size;
      },
      90_000,
    ).catch(async (error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(await gateway.states())}\n${gateway.stderr().slice(-4000)}`);
    });
  });
  after(() => cleanup.run());

  test('all of them start and list', async (t) => {
    assert.equal(direct.size, 15);
    const states = await gateway.states();
    t.diagnostic('| server | tools | KB of definitions | first answer, alone | healthy, all at once | state |');
    t.diagnostic('| --- | --: | --: | --: | --: | --- |');
    for (const [id, { tools, startMs }] of direct) {
      const size = (Buffer.byteLength(JSON.stringify(tools)) / 1000).toFixed(1);
      const ready = `${((readyMs.get(id) ?? Number.NaN) / 1000).toFixed(1)} s`;
      t.diagnostic(`| ${id} | ${tools.length} | ${size} | ${startMs.toFixed(0)} ms | ${ready} | ${states[id]} |`);
      assert.ok(tools.length > 0, `${id} has tools`);
    }
  });

  test('a filtered key and a toolset cost a model less than everything', async (t) => {
    const sizes: number[] = [];
    for (const [view, path, key] of [
      ['everything', '/mcp', KEYS.all],
      ['filtered key', '/mcp', KEYS.some],
      ['toolset', '/mcp/t/work', KEYS.settled],
    ] as const) {
      const tools = await list(connectStreamableV1, path, key);
      const bytes = Buffer.byteLength(JSON.stringify(tools));
      t.diagnostic(`${view}: ${tools.length} tools, ${(bytes / 1000).toFixed(0)} KB`);
      sizes.push(bytes);
    }
    assert.deepEqual(
      sizes,
      sizes.toSorted((left, right) => right - left),
    );
  });

  for (const [name, { connect, shows }] of Object.entries(CLIENTS)) {
    test(`${name} lists every tool as its server wrote it`, async () => {
      assert.deepEqual(await list(connect, '/mcp', KEYS.all), definitions.map(shows));
    });

    test(`${name} sees with a filtered key what the key may use, and nothing else`, async () => {
      const matches = (pattern: string, id: string, tool: string): boolean => {
        const [server = '', rest = '*'] = pattern.split('/');
        return matchesWildcard(server, id) && matchesWildcard(rest, tool);
      };
      const expected = [...direct]
        .flatMap(([id, { tools }]) =>
          tools
            .filter(({ name: tool }) => ALLOW.some((p) => matches(p, id, tool)))
            .filter(({ name: tool }) => !DENY.some((p) => matches(p, id, tool)))
            .map((tool) => exposed(id, tool)),
        )
        .sort(byName);
      assert.ok(expected.length > 50 && expected.length < definitions.length);
      assert.deepEqual(await list(connect, '/mcp', KEYS.some), expected.map(shows));
    });

    test(`${name} sees a toolset over five servers in its own order, under its own words`, async () => {
      const own = (id: string, tool: string): Definition => {
        const found = direct.get(id)?.tools.find((each) => each.name === tool);
        assert.ok(found !== undefined, `${id} has ${tool}`);
        return found;
      };
      const all = (id: string, prefix = ''): Definition[] =>
        (direct.get(id)?.tools ?? [])
          .filter((tool) => tool.name.startsWith(prefix))
          .map((tool) => exposed(id, tool))
          .sort(byName);
      const expected = [
        { ...own('git', 'git_status'), name: 'what_changed', description: 'What changed in the working tree.' },
        ...all('thinking'),
        ...all('github', 'search_'),
        { ...own('filesystem', 'read_text_file'), name: 'read', title: 'Read a file' },
        ...all('context7'),
      ];
      assert.deepEqual(await list(connect, '/mcp/t/work', KEYS.settled), expected.map(shows));
    });
  }

  test('every name is one that every model API takes', () => assertUsableNames(namesOf(definitions)));

  for (const [name, connect] of SDK_CLIENTS)
    test(`${name} gets from calls what the servers answer directly`, async () => {
      const calls: readonly (readonly [string, string, object])[] = [
        ['everything', 'echo', { message: 'hello' }],
        ['filesystem', 'list_directory', { path: files }],
        ['memory', 'read_graph', {}],
        ['thinking', 'sequentialthinking', { thought: 'x', nextThoughtNeeded: true }],
        ['git', 'git_status', { path: repository }],
        // Their own complaints about arguments, which never leave the process.
        ['github', 'get_issue', {}],
        ['notion', 'API-get-user', {}],
        ['airtable', 'list_bases', { limit: 'none' }],
        ['mongodb', 'find', {}],
      ];
      await withClient(connect, '/mcp', KEYS.all, async (client) => {
        for (const [id, tool, args] of calls) {
          const wanted = await direct.get(id)?.client.callTool(tool, args);
          assert.ok(wanted !== undefined);
          const answer = await client.callTool(`${id}__${tool}`, args);
          assert.deepEqual(contentOf(answer), contentOf(wanted), `${id}__${tool}`);
        }
      });
    });

  for (const [name, connect] of SDK_CLIENTS)
    test(`${name} finds the prompts, resources and templates of all servers, and reads what it found`, async (t) => {
      await withClient(connect, '/mcp', KEYS.all, async (client) => {
        for (const [method, member, key] of LISTS) {
          const expected: Definition[] = [];
          for (const [id, { client: own }] of direct)
            for (const item of await own.listAll(method, member))
              expected.push({
                ...item,
                [key]: key === 'name' ? `${id}__${item.name}` : withServer(id, String(item[key])),
              });
          const listed = await client.listAll(method, member);
          t.diagnostic(`${member}: ${listed.length}`);
          assert.ok(expected.length > 0, `some server has ${member}`);
          assert.deepEqual(byKey(listed, key), byKey(expected, key));
        }
        for (const [id, { client: own }] of direct) {
          const [first] = await own.listAll('resources/list', 'resources');
          if (first === undefined) continue;
          const uri = withServer(id, String(first.uri));
          const { contents } = await client.send('resources/read', { uri });
          const wanted = (await own.send('resources/read', { uri: first.uri })).contents as readonly Content[];
          assert.deepEqual(
            (contents as readonly Content[]).map((content) => [content.uri, content.mimeType]),
            wanted.map((content) => [withServer(id, content.uri), content.mimeType]),
            id,
          );
        }
      });
    });

  test('the endpoint of each server serves its own names in its own order', async () => {
    for (const [id, { tools }] of direct)
      assert.deepEqual(await list(connectStreamableV1, `/mcp/${id}`, KEYS.all), tools, id);
  });

  test('a hidden tool of a real server is as unknown as a missing one', async () => {
    await withClient(connectStreamableV1, '/mcp', KEYS.some, async (client) => {
      const answers = await Promise.all(
        ['github__create_issue', 'slack__slack_post_message', 'github__no_such_tool'].map(async (tool) =>
          JSON.stringify(await client.callTool(tool, {})).replaceAll(tool, 'NAME'),
        ),
      );
      assert.deepEqual(new Set(answers).size, 1, answers.join('\n'));
      assert.match(answers[0] ?? '', /-32602/);
    });
  });

  test('after a restart with the servers in another order, and one taken out, the list is the same but for that one', async () => {
    await gateway.stop();
    const { slack, ...rest } = entries;
    assert.ok(slack !== undefined);
    gateway = await startGateway(cleanup, { config: config(Object.fromEntries(Object.entries(rest).reverse())) });
    await gateway.healthy();
    const left = definitions.filter(({ name }) => !name.startsWith('slack__'));
    assert.deepEqual(await list(connectStreamableV1, '/mcp', KEYS.all), left);
    assert.deepEqual(await list(modernV2, '/mcp', KEYS.all), left.map(asModern));
  });
});

/** What an answer says, without the fields that differ by era or by moment. */
function contentOf(answer: object): unknown {
  const { result, error } = answer as {
    result?: { content?: unknown; isError?: boolean; structuredContent?: unknown };
    error?: { code?: number };
  };
  if (result === undefined) return { code: error?.code };
  return { content: result.content, structured: result.structuredContent, isError: result.isError ?? false };
}
