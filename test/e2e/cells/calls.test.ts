/** Everything but questions in all four cells: progress, log messages, cancellation, completion, list changes, resource updates. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  LoggingMessageNotificationSchema,
  PromptListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { createSseDecoder } from '../../../src/lib/sse.ts';
import { readTrail, type StartedGateway } from '../../support/gateway.ts';
import { sendModern } from '../../support/raw-client.ts';
import { createCleanup } from '../../support/temp-dir.ts';
import { waitFor } from '../../support/wait-for.ts';
import { CELLS, connectLegacy, type Era, type Json, KEYS, leg, request, startCells, textOf } from './cells.ts';

interface Message {
  readonly method?: string;
  readonly params?: Json;
}

describe('what is no question', { timeout: 120_000 }, () => {
  const cleanup = createCleanup();
  let gateway: StartedGateway;
  before(async () => {
    gateway = await startCells(cleanup);
  });
  after(() => cleanup.run());

  /** Messages of a modern listen stream, from its acknowledgement on. */
  async function listen(upstream: Era, notifications: Json): Promise<{ messages: Message[]; end(): void }> {
    const aborter = new AbortController();
    const version = 'io.modelcontextprotocol/protocolVersion';
    const response = await fetch(`${gateway.mcpUrl}/${upstream}`, {
      method: 'POST',
      signal: aborter.signal,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${KEYS[0]}`,
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'subscriptions/listen',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 7,
        method: 'subscriptions/listen',
        params: {
          notifications,
          _meta: { [version]: '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} },
        },
      }),
    });
    const messages: Message[] = [];
    const decoder = createSseDecoder((event) => messages.push(JSON.parse(event.data) as Message), 1e6);
    void (async () => {
      const text = new TextDecoder();
      try {
        for await (const chunk of response.body ?? []) decoder.push(text.decode(chunk as Uint8Array, { stream: true }));
      } catch {
        // Ended by the test.
      }
    })();
    await waitFor('the acknowledgement', () => messages.length > 0);
    return { messages, end: () => aborter.abort() };
  }

  for (const { client, upstream, cell } of CELLS) {
    describe(`${client} client, ${upstream} server`, () => {
      test(`progress reaches the client, growing [MCP-PROGRESS ${cell}]`, async () => {
        const seen: number[] = [];
        const called = await request(
          gateway,
          client,
          upstream,
          'tools/call',
          { name: 'test_tool_with_progress', arguments: {} },
          { onProgress: (progress) => seen.push(progress) },
        );
        assert.equal(called.error, undefined);
        assert.deepEqual(seen, [0, 50, 100]);
      });

      test(`log messages come from the level asked for, and not below it [MCP-LOGGING ${cell}]`, async () => {
        for (const [level, expected] of [
          ['debug', 3],
          ['error', 0],
        ] as const) {
          const seen: unknown[] = [];
          const call = { name: 'test_tool_with_logging', arguments: {} };
          if (client === 'legacy') {
            const { client: sdk } = await connectLegacy(`${gateway.mcpUrl}/${upstream}`);
            sdk.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void seen.push(params.data));
            await sdk.setLoggingLevel(level);
            await sdk.callTool(call);
            await sdk.close();
          } else
            await sendModern({
              url: `${gateway.mcpUrl}/${upstream}`,
              key: KEYS[0],
              method: 'tools/call',
              params: call,
              meta: { 'io.modelcontextprotocol/logLevel': level },
              onNotification: ({ method, params }) => {
                if (method === 'notifications/message') seen.push(params.data);
              },
            });
          assert.equal(seen.length, expected, level);
        }
      });

      test(`arguments are completed [MCP-COMPLETION ${cell}]`, async () => {
        const params = {
          ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' },
          argument: { name: 'arg1', value: 'par' },
        };
        const { result } = await request(gateway, client, upstream, 'completion/complete', params);
        const completion = (result?.completion ?? {}) as Json;
        assert.deepEqual(completion.values, ['paris', 'park', 'party']);
      });

      test(`a missing resource has the code of the client’s era [MCP-NO-RESOURCE ${cell}]`, async () => {
        const { error } = await request(gateway, client, upstream, 'resources/read', { uri: 'test://template/x/none' });
        assert.equal(error?.code, client === 'legacy' ? -32002 : -32602, JSON.stringify(error));
      });

      test(`changed lists are told, and so is an updated resource [${[
        ...['TOOLS-CHANGED', 'PROMPTS-CHANGED', 'RESOURCE-UPDATED'],
        ...(client === 'modern' ? ['LISTEN-ACK'] : []),
      ]
        .map((id) => `MCP-${id} ${cell}`)
        .join(', ')}]`, async () => {
        const trigger = (name: string) =>
          request(gateway, client, upstream, 'tools/call', { name, arguments: {} }, { capabilities: {} });
        const told = new Set<string>();
        let end: () => unknown;
        if (client === 'legacy') {
          const { client: sdk } = await connectLegacy(`${gateway.mcpUrl}/${upstream}`);
          sdk.setNotificationHandler(ToolListChangedNotificationSchema, () => void told.add('tools'));
          sdk.setNotificationHandler(PromptListChangedNotificationSchema, () => void told.add('prompts'));
          sdk.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void told.add(params.uri));
          await sdk.subscribeResource({ uri: 'test://watched-resource' });
          end = () => sdk.close();
        } else {
          const stream = await listen(upstream, {
            toolsListChanged: true,
            promptsListChanged: true,
            resourceSubscriptions: ['test://watched-resource'],
          });
          const [first] = stream.messages;
          assert.equal(first?.method, 'notifications/subscriptions/acknowledged');
          const agreed = (first?.params?.notifications ?? {}) as Json;
          assert.deepEqual(agreed.resourceSubscriptions, ['test://watched-resource']);
          stream.messages.push = (...more) => {
            for (const { method, params } of more)
              told.add(/(tools|prompts)\/list_changed$/.exec(method ?? '')?.[1] ?? String(params?.uri));
            return 0;
          };
          end = stream.end;
        }
        // The subscription stands by now: the first touch is enough.
        await trigger('test_touch_watched_resource');
        await waitFor('the update', () => told.has('test://watched-resource'));
        await trigger('test_trigger_tool_change');
        await waitFor('the change of the tools', () => told.has('tools'));
        await trigger('test_trigger_prompt_change');
        await waitFor('the change of the prompts', () => told.has('prompts'));
        await end();
        await trigger('test_trigger_tool_change');
        await trigger('test_trigger_prompt_change');
      });

      test(`a call given up by its client is given up at the server [MCP-CANCEL ${cell}]`, async () => {
        const seen = async (): Promise<number> =>
          Number(
            textOf(await request(gateway, client, upstream, 'tools/call', { name: 'test_given_up', arguments: {} })),
          );
        const earlier = await seen();
        const aborter = new AbortController();
        const name = 'test_wait_until_given_up';
        const { client: sdk } = await connectLegacy(`${gateway.mcpUrl}/${upstream}`);
        const pending =
          client === 'legacy'
            ? sdk.callTool({ name, arguments: {} }, undefined, { signal: aborter.signal })
            : leg(gateway, upstream, { name, arguments: {} }, { signal: aborter.signal });
        setTimeout(() => aborter.abort(), 100);
        await assert.rejects(pending);
        await waitFor('the server to notice', async () => (await seen()) > earlier);
        await sdk.close();
      });

      test(`a call given up while its server works is recorded as cancelled [MCP-CANCEL-TRAIL ${cell}]`, async () => {
        const name = 'test_tool_with_logging';
        const cancelled = async (): Promise<number> =>
          (await readTrail(gateway.dataDir)).filter(
            (row) => row.serverId === upstream && row.target === name && row.result === 'cancelled',
          ).length;
        const earlier = await cancelled();
        const aborter = new AbortController();
        const { client: sdk } = await connectLegacy(`${gateway.mcpUrl}/${upstream}`);
        const pending =
          client === 'legacy'
            ? sdk.callTool({ name, arguments: {} }, undefined, { signal: aborter.signal })
            : leg(gateway, upstream, { name, arguments: {} }, { signal: aborter.signal });
        setTimeout(() => aborter.abort(), 40);
        await assert.rejects(pending);
        await waitFor('the cancelled call in the trail', async () => (await cancelled()) > earlier);
        await sdk.close();
      });
    });
  }
});
