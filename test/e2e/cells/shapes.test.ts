/** What lists, results and errors look like in all four cells: the server's own content, in the shape of the client's era. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createCatalog } from '../../conformance/fixture-catalog.ts';
import type { FixtureIo, JsonObject } from '../../conformance/fixture-content.ts';
import type { StartedGateway } from '../../support/gateway.ts';
import { sendModern } from '../../support/raw-client.ts';
import { createCleanup } from '../../support/temp-dir.ts';
import { CELLS, type Json, KEYS, request, startCells, textOf } from './cells.ts';

const INVALID_PARAMS = -32602;
const METHOD_NOT_FOUND = -32601;
/** Fields that only one era has. */
const MODERN_FIELDS = ['resultType', 'ttlMs', 'cacheScope'];

describe('lists, results and errors', { timeout: 120_000 }, () => {
  const catalog = createCatalog();
  const cleanup = createCleanup();
  let gateway: StartedGateway;
  before(async () => {
    gateway = await startCells(cleanup);
  });
  after(() => cleanup.run());

  for (const { client, upstream, cell } of CELLS) {
    const send = (method: string, params: Json = {}) => request(gateway, client, upstream, method, params);
    const call = (name: string, args: Json = {}) => send('tools/call', { name, arguments: args });

    describe(`${client} client, ${upstream} server`, () => {
      test(`content of every kind arrives as it was [MCP-CONTENT ${cell}]`, async () => {
        const names = [
          ...['test_simple_text', 'test_image_content', 'test_audio_content', 'test_embedded_resource'],
          'test_multiple_content_types',
        ];
        for (const name of names) {
          const turn = await catalog
            .tools()
            .find(({ definition }) => definition.name === name)
            ?.run({}, {} as FixtureIo);
          const { result } = await call(name);
          assert.deepEqual(result?.content, (turn as { result: JsonObject }).result.content, name);
        }
      });

      test(`a prompt is got with its arguments [MCP-PROMPT ${cell}]`, async () => {
        const args = { arg1: 'ä', arg2: '"2"' };
        const { result } = await send('prompts/get', { name: 'test_prompt_with_arguments', arguments: args });
        assert.deepEqual(result?.messages, [
          { role: 'user', content: { type: 'text', text: `Prompt with arguments: arg1='ä', arg2='"2"'` } },
        ]);
      });

      test(`text, binary and templated resources are read [MCP-RESOURCE ${cell}]`, async () => {
        for (const uri of ['test://static-text', 'test://static-binary', 'test://template/7/data']) {
          const { result } = await send('resources/read', { uri });
          assert.deepEqual(result?.contents, catalog.read(uri));
        }
      });

      test(`a result says what the client’s era wants to know [MCP-RESULT-SHAPE ${cell}]`, async () => {
        const { result } = await call('test_simple_text');
        assert.ok(Array.isArray(result?.content) && result.isError !== true);
        // A legacy client ignores it where a modern server said it: results travel as they are.
        if (client === 'modern' || result.resultType !== undefined) assert.equal(result.resultType, 'complete');
      });

      test(`a list says how long it may be kept where the era has that [MCP-LIST-SHAPE ${cell}]`, async () => {
        for (const method of ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']) {
          const result = (await send(method)).result ?? {};
          if (client === 'modern') {
            assert.equal(typeof result.ttlMs, 'number', method);
            assert.ok(result.cacheScope === 'private' || result.cacheScope === 'public', method);
          } else for (const field of MODERN_FIELDS) assert.ok(!Object.hasOwn(result, field), `${method} ${field}`);
        }
      });

      test(`definitions keep every keyword of their schemas [MCP-SCHEMA ${cell}]`, async () => {
        const { tools } = (await send('tools/list')).result as { tools: { name: string }[] };
        for (const { definition } of catalog.tools()) {
          const listed = tools.find(({ name }) => name === definition.name);
          assert.deepEqual(listed, definition);
        }
      });

      test(`what the server lists on two pages is listed whole, in order [MCP-PAGES-OF-SERVERS ${cell}]`, async () => {
        const { resources, nextCursor } = (await send('resources/list')).result as Record<string, JsonObject[]>;
        const first = catalog.resources(undefined);
        const second = catalog.resources(first.nextCursor);
        assert.deepEqual(
          resources?.map(({ uri }) => uri),
          [...first.resources, ...second.resources].map(({ uri }) => uri),
        );
        assert.equal(nextCursor, undefined);
      });

      test(`arguments that belong in headers are in headers [MCP-PARAM-HEADERS ${cell}]`, async () => {
        const params = { name: 'test_x_mcp_header', arguments: { region: 'Zürich ', priority: 3 } };
        // The modern fixture refuses a call whose headers do not match; so do we.
        const headers = {
          'mcp-param-region': `=?base64?${Buffer.from('Zürich ').toString('base64')}?=`,
          'mcp-param-priority': '3',
        };
        const called =
          client === 'legacy'
            ? await send('tools/call', params)
            : await sendModern({
                ...{ url: `${gateway.mcpUrl}/${upstream}`, key: KEYS[0], method: 'tools/call' },
                ...{ params, headers },
              });
        assert.equal(textOf(called as { result: unknown }), 'region=Zürich  priority=3', JSON.stringify(called));
      });

      test(`a tool’s error is a result [MCP-TOOL-ERROR ${cell}]`, async () => {
        const { result, error } = await call('test_error_handling');
        assert.equal(error, undefined);
        assert.equal(result?.isError, true);
        assert.match(textOf({ result }), /intentionally/);
      });

      test(`an unknown tool is an invalid parameter [MCP-UNKNOWN-TOOL ${cell}]`, async () => {
        assert.equal((await call('no_such_tool')).error?.code, INVALID_PARAMS);
      });
    });
  }

  for (const client of ['legacy', 'modern'] as const) {
    test(`an unknown method is refused as such [MCP-UNKNOWN-METHOD ${client}→any]`, async () => {
      const { error } = await request(gateway, client, 'modern', 'no/such', {});
      assert.equal(error?.code, METHOD_NOT_FOUND);
    });
  }
});

test('a long list comes in pages, each item once [MCP-PAGES-OF-OURS legacy→any, MCP-PAGES-OF-OURS modern→any]', {
  timeout: 60_000,
}, async (t) => {
  const gateway = await startCells(t, { pageItems: 7 });
  const expected = createCatalog()
    .tools()
    .map(({ definition }) => definition.name);
  for (const { client, upstream } of CELLS) {
    const names: string[] = [];
    let cursor: unknown;
    let pages = 0;
    do {
      const params = cursor === undefined ? {} : { cursor };
      const { result } = await request(gateway, client, upstream, 'tools/list', params);
      const tools = (result?.tools ?? []) as { name: string }[];
      assert.ok(tools.length <= 7);
      names.push(...tools.map(({ name }) => name));
      cursor = result?.nextCursor;
      pages++;
    } while (cursor !== undefined);
    assert.equal(pages, Math.ceil(expected.length / 7));
    assert.deepEqual(names, expected);
  }
});
