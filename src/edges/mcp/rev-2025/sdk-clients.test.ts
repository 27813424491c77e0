import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CreateMessageRequestSchema,
  ListRootsRequestSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { Call, McpOutcome } from '../../../contracts/call.ts';
import { gate, openEdge, result } from './test-support.ts';

const requestInit = { headers: { 'x-api-key': 'key-a' } };
const DOORS: readonly { readonly name: string; readonly open: (url: string) => Transport }[] = [
  {
    name: 'streamable HTTP',
    // The SDK's own types differ under exactOptionalPropertyTypes.
    open: (url) => new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }) as Transport,
  },
  { name: 'HTTP+SSE', open: (url) => new SSEClientTransport(new URL(`${url}/mcp/one/sse`), { requestInit }) },
];

async function script(call: Call, heardAll?: Promise<void>): Promise<McpOutcome> {
  if (call.kind === 'tools.list') return result('{"tools":[{"name":"echo","inputSchema":{"type":"object"}}]}');
  if (call.name === 'progress') {
    for (const progress of [1, 2])
      call.peer.notify('notifications/progress', `{"progressToken":${call.peer.progressToken},"progress":${progress}}`);
    // SDK v1 forgets the progress handler if progress and answer arrive in one read.
    await heardAll;
    return result('{"content":[]}');
  }
  if (call.name === 'sample') {
    const reply = await call.peer.ask?.('sampling/createMessage', '{"messages":[],"maxTokens":1}', call.signal);
    return result(
      `{"content":[],"structuredContent":${reply !== undefined && 'result' in reply ? reply.result : 'null'}}`,
    );
  }
  if (call.name === 'hang')
    return new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason)));
  return result(`{"content":[{"type":"text","text":${JSON.stringify(call.params.text)}}]}`);
}

for (const { name, open } of DOORS)
  test(`the official SDK v1 client lists, calls, is asked, hears and cancels over ${name}`, {
    timeout: 20_000,
  }, async (t) => {
    const hung = gate<Call>();
    const heardAll = gate();
    const edge = await openEdge((call) => {
      if (call.name === 'hang') hung.open(call);
      return script(call, heardAll.opened);
    });
    t.after(() => edge[Symbol.asyncDispose]());
    const client = new Client({ name: 'sdk', version: '1' }, { capabilities: { sampling: {}, roots: {} } });
    const problems: Error[] = [];
    client.onerror = (error) => problems.push(error);
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      model: 'm',
      role: 'assistant',
      content: { type: 'text', text: 'yes' },
    }));
    client.setRequestHandler(ListRootsRequestSchema, () => {
      return { roots: [{ uri: 'file:///r' }] };
    });
    await client.connect(open(edge.url));
    try {
      assert.equal(client.getServerVersion()?.name, 'portcullis');
      assert.equal(client.getInstructions(), 'be kind');
      assert.equal((await client.listTools()).tools[0]?.name, 'echo');
      const echoed = await client.callTool({ name: 'echo', arguments: { a: 1 } });
      assert.match(JSON.stringify(echoed.content), /arguments/);
      const heard: number[] = [];
      await client.callTool({ name: 'progress' }, undefined, {
        onprogress: ({ progress }) => heard.push(progress) === 2 && heardAll.open(),
      });
      assert.deepEqual(heard, [1, 2]);
      const sampled = await client.callTool({ name: 'sample' });
      assert.equal((sampled.structuredContent as { model: string }).model, 'm');

      const session = edge.gateway.calls[0]?.peer.session ?? assert.fail('no session');
      const roots = await session.ask('roots/list', undefined, new AbortController().signal);
      assert.deepEqual(roots, { result: '{"roots":[{"uri":"file:///r"}]}' });
      const changed = gate();
      client.setNotificationHandler(ToolListChangedNotificationSchema, () => changed.open());
      edge.gateway.watches[0]?.request.onEvent({ type: 'list-changed', list: 'tools' });
      await changed.opened;

      const abort = new AbortController();
      const hanging = client.callTool({ name: 'hang' }, undefined, { signal: abort.signal });
      const call = await hung.opened;
      const aborted = new Promise<void>((resolve) => call.signal.addEventListener('abort', () => resolve()));
      abort.abort('enough');
      await assert.rejects(hanging);
      await aborted;
      await client.ping();
      assert.deepEqual(problems, []);
    } finally {
      await client.close();
    }
  });

test('the SDK v1 client ends its session with DELETE', { timeout: 20_000 }, async (t) => {
  const edge = await openEdge(script);
  t.after(() => edge[Symbol.asyncDispose]());
  const transport = new StreamableHTTPClientTransport(new URL(`${edge.url}/mcp`), { requestInit });
  const client = new Client({ name: 'sdk', version: '1' });
  await client.connect(transport as Transport);
  assert.equal(edge.sessions(), 1);
  await transport.terminateSession();
  assert.equal(edge.sessions(), 0);
  await client.close();
});

test('an SDK v1 client whose error came on a stream does not keep reconnecting for it', {
  timeout: 20_000,
}, async (t) => {
  const edge = await openEdge((call) => {
    call.peer.notify('notifications/progress', '{"progressToken":1,"progress":1}');
    return { type: 'rpc-error', text: '{"code":-32000,"message":"no"}' };
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const statuses: number[] = [];
  const reconnected = gate();
  const transport = new StreamableHTTPClientTransport(new URL(`${edge.url}/mcp`), {
    requestInit,
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      const resuming = new Headers(init?.headers).has('last-event-id');
      if (resuming) {
        statuses.push(response.status);
        reconnected.open();
      }
      return response;
    },
  });
  const client = new Client({ name: 'sdk', version: '1' });
  await client.connect(transport as Transport);
  await assert.rejects(client.callTool({ name: 'a' }), /no/);
  await reconnected.opened;
  assert.deepEqual(statuses, [204]);
  await client.close();
});
