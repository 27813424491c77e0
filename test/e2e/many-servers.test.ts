/** Two real servers with the same resources behind one endpoint, and a toolset over both, as real clients of both eras see them. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client as ClientV2, StreamableHTTPClientTransport as StreamableV2 } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { type StartedGateway, startGateway } from '../support/gateway.ts';
import { EVERYTHING, stdioEntry } from '../support/real-servers.ts';
import { createCleanup } from '../support/temp-dir.ts';

const KEY = 'pck_e2e_many_0123456789abcdef';
const SETTLED = 'pck_e2e_toolset_0123456789abcdef';
const INFO = { name: 'portcullis-test', version: '1.0.0' };

interface Named {
  readonly name: string;
  readonly type: string;
  readonly text: string;
  readonly uri: string;
  readonly uriTemplate: string;
}
interface Reply {
  readonly tools: readonly Named[];
  readonly prompts: readonly Named[];
  readonly resources: readonly Named[];
  readonly resourceTemplates: readonly Named[];
  readonly contents: readonly Named[];
  readonly content: readonly Named[];
}
interface Wire {
  send(method: string, params?: object): Promise<Reply>;
  close(): Promise<void>;
}
type Connect = (url: string, key: string) => Promise<Wire>;

const throughV1 = async (transport: unknown): Promise<Wire> => {
  const client = new Client(INFO);
  await client.connect(transport as Parameters<Client['connect']>[0]);
  return {
    send: (method, params = {}) => client.request({ method, params } as never, ResultSchema) as Promise<never>,
    close: () => client.close(),
  };
};
const init = (key: string) => ({ requestInit: { headers: { authorization: `Bearer ${key}` } } });

const CLIENTS: { readonly [name: string]: { readonly connect: Connect; readonly door: string } } = {
  'legacy, streamable HTTP': {
    connect: (url, key) => throughV1(new StreamableHTTPClientTransport(new URL(url), init(key))),
    door: '',
  },
  'legacy, HTTP+SSE': {
    connect: (url, key) => throughV1(new SSEClientTransport(new URL(url), init(key))),
    door: '/sse',
  },
  modern: {
    async connect(url, key) {
      const client = new ClientV2(INFO, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
      await client.connect(new StreamableV2(new URL(url), init(key)));
      return {
        send: (method, params = {}) =>
          client.request({ method, params: { ...params } }, z.looseObject({})) as Promise<never>,
        close: () => client.close(),
      };
    },
    door: '',
  },
};

describe('several servers as one', { timeout: 120_000 }, () => {
  const cleanup = createCleanup();
  let gateway: StartedGateway;
  before(async () => {
    const entry = stdioEntry(EVERYTHING, ['stdio']);
    gateway = await startGateway(cleanup, {
      config: {
        mcpServers: { one: entry, my_two: entry },
        toolsets: {
          small: {
            description: 'Only what is needed.',
            tools: [{ tool: 'my_two/get-sum', name: 'add' }, 'one/echo'],
            prompts: ['one/simple-prompt'],
            resources: ['one/demo://resource/static/*'],
          },
        },
        keys: [
          { name: 'all', value: KEY, allow: ['*'] },
          { name: 'small', value: SETTLED, toolsets: ['small'] },
        ],
      },
    });
    await gateway.healthy();
  });
  after(() => cleanup.run());

  for (const [name, { connect, door }] of Object.entries(CLIENTS)) {
    const era = name === 'modern' ? 'modern' : 'legacy';
    test(`${name}: equal resources of two servers are each listed and read under their own URI [MCP-EQUAL-URIS ${era}→any]`, async (t) => {
      const wire = await connect(door === '' ? gateway.mcpUrl : `${gateway.url}${door}`, KEY);
      t.after(() => wire.close());
      const uris = (await wire.send('resources/list')).resources.map((r) => r.uri);
      const own = (prefix: string) =>
        uris.filter((uri) => uri.startsWith(prefix)).map((uri) => uri.slice(prefix.length));
      assert.ok(own('one+').length > 3);
      assert.deepEqual(own('one+'), own('my.two+'));
      for (const uri of uris) {
        const { contents } = await wire.send('resources/read', { uri });
        assert.equal(contents[0]?.uri, uri);
      }
      const { resourceTemplates } = await wire.send('resources/templates/list');
      assert.ok(resourceTemplates.some((r) => r.uriTemplate.startsWith('my.two+demo://resource/dynamic/')));
    });

    test(`${name}: resources that a tool makes up can be read [MCP-MADE-UP-URIS ${era}→any]`, async (t) => {
      const wire = await connect(door === '' ? gateway.mcpUrl : `${gateway.url}${door}`, KEY);
      t.after(() => wire.close());
      const params = { name: 'my_two__get-resource-links', arguments: { count: 3 } };
      const { content } = await wire.send('tools/call', params);
      const links = content.filter((block) => block.type === 'resource_link');
      assert.equal(links.length, 3);
      for (const { uri } of links) {
        assert.ok(uri.startsWith('my.two+'), uri);
        assert.equal((await wire.send('resources/read', { uri })).contents[0]?.uri, uri);
      }
    });

    test(`${name}: a toolset is an endpoint with its own few tools [MCP-TOOLSET ${era}→any]`, async (t) => {
      const wire = await connect(`${gateway.url}/mcp/t/small${door}`, SETTLED);
      t.after(() => wire.close());
      const { tools } = await wire.send('tools/list');
      assert.deepEqual(
        tools.map((tool) => tool.name),
        ['add', 'one__echo'],
      );
      const sum = await wire.send('tools/call', { name: 'add', arguments: { a: 2, b: 3 } });
      assert.match(sum.content[0]?.text ?? '', /5/);
      await assert.rejects(
        wire.send('tools/call', { name: 'my_two__get-sum', arguments: { a: 2, b: 3 } }),
        /Unknown tool/,
      );
      const { prompts } = await wire.send('prompts/list');
      assert.deepEqual(
        prompts.map((prompt) => prompt.name),
        ['one__simple-prompt'],
      );
      const { resources } = await wire.send('resources/list');
      assert.ok(resources.length > 0 && resources.every((r) => r.uri.startsWith('one+demo://resource/static/')));
      const uri = resources[0]?.uri ?? '';
      await wire.send('resources/read', { uri });
      await assert.rejects(wire.send('resources/read', { uri: uri.replace('one+', 'my.two+') }), /Resource not found/);
      await assert.rejects(connect(`${gateway.url}/mcp/t/large${door}`, SETTLED));
    });
  }

  test('a legacy subscriber hears of its resource under the URI it subscribed to', async (t) => {
    const client = new Client(INFO);
    await client.connect(
      new StreamableHTTPClientTransport(new URL(gateway.mcpUrl), init(KEY)) as Parameters<Client['connect']>[0],
    );
    t.after(() => client.close());
    const { promise, resolve } = Promise.withResolvers<string>();
    client.fallbackNotificationHandler = async ({ method, params }) => {
      if (method === 'notifications/resources/updated') resolve(String(params?.uri));
    };
    const uri = (await client.listResources()).resources.find((r) => r.uri.startsWith('my.two+'))?.uri ?? '';
    await client.subscribeResource({ uri });
    await client.callTool({ name: 'my_two__toggle-subscriber-updates', arguments: {} });
    assert.equal(await promise, uri);
  });
});
