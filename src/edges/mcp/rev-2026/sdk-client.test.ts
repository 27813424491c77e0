import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, ProtocolError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Call, McpOutcome } from '../../../contracts/call.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import { result, startEdge, until } from './test-support.ts';

/** A few things behind the endpoint, as a server would answer them; one tool asks for input first. */
function serve(call: Call): McpOutcome | Promise<McpOutcome> {
  const { params } = call;
  switch (call.kind) {
    case 'session.open':
      return result(
        '{"capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},"prompts":{},"completions":{},"logging":{}},"instructions":"hello"}',
      );
    case 'tools.list':
      return result(
        '{"tools":[{"name":"größe","inputSchema":{"type":"object"}},{"name":"ask","inputSchema":{"type":"object"}}]}',
      );
    case 'tools.call':
      if (call.name === 'gone') throw new GatewayError('unknown_tool');
      if (call.name === 'down') throw new GatewayError('upstream_unavailable');
      if (call.name === 'ask' && params.value.inputResponses === undefined)
        return result(
          '{"resultType":"input_required","inputRequests":{"q":{"method":"elicitation/create","params":{"message":"who?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}}}}},"requestState":"s"}',
        );
      if (call.name === 'ask')
        return result(
          JSON.stringify({ content: [{ type: 'text', text: JSON.stringify(params.value.inputResponses) }] }),
        );
      call.peer.notify(
        'notifications/progress',
        `{"progressToken":${call.peer.progressToken ?? '0'},"progress":1,"total":2}`,
      );
      return result('{"content":[{"type":"text","text":"1.82 m"}],"structuredContent":[1,2]}');
    case 'resources.list':
      return result('{"resources":[{"uri":"a:b","name":"b"}]}');
    case 'resources.read':
      return result('{"contents":[{"uri":"a:b","text":"x"}],"ttlMs":5}');
    default:
      return result('{}');
  }
}

async function connect(url: string, mode: 'auto' | { pin: string }): Promise<Client> {
  const client = new Client(
    { name: 'test', version: '1' },
    { versionNegotiation: { mode }, capabilities: { elicitation: { form: {} } } },
  );
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Ada' } }));
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { 'x-api-key': 'key-a' } } }),
  );
  return client;
}

for (const mode of ['auto', { pin: '2026-07-28' }] as const) {
  test(`the official client works through us in mode ${JSON.stringify(mode)}`, async (t) => {
    const edge = await startEdge(serve);
    t.after(() => edge[Symbol.asyncDispose]());
    const client = await connect(edge.url, mode);
    try {
      assert.equal(client.getNegotiatedProtocolVersion(), '2026-07-28');
      assert.equal(client.getServerVersion()?.name, 'portcullis');
      assert.equal(client.getInstructions(), 'hello');
      assert.deepEqual(
        (await client.listTools()).tools.map((tool) => tool.name),
        ['größe', 'ask'],
      );

      const progress: unknown[] = [];
      const measured = await client.callTool(
        { name: 'größe', arguments: {} },
        { onprogress: (p) => progress.push(p.progress) },
      );
      assert.deepEqual(measured.structuredContent, [1, 2]);
      assert.deepEqual(progress, [1]);

      const asked = await client.callTool({ name: 'ask', arguments: {} });
      assert.match(JSON.stringify(asked.content), /Ada/);
      assert.equal(edge.gateway.calls.at(-1)?.params.value.requestState, 's');
      assert.equal((await client.readResource({ uri: 'a:b' })).contents[0]?.uri, 'a:b');
    } finally {
      await client.close();
    }
  });
}

test('refusals reach the caller of the official client with code and text', async (t) => {
  const edge = await startEdge(serve);
  t.after(() => edge[Symbol.asyncDispose]());
  const client = await connect(edge.url, { pin: '2026-07-28' });
  try {
    for (const [name, code] of [
      ['gone', -32602],
      ['down', -31510],
    ] as const)
      await assert.rejects(
        client.callTool({ name, arguments: {} }),
        (error) => error instanceof ProtocolError && error.code === code,
      );
  } finally {
    await client.close();
  }
});

test('the official client listens, hears of changes, and sees a graceful end', async (t) => {
  const edge = await startEdge(serve);
  t.after(() => edge[Symbol.asyncDispose]());
  const client = await connect(edge.url, 'auto');
  try {
    const heard: unknown[] = [];
    client.setNotificationHandler('notifications/tools/list_changed', () => void heard.push('tools'));
    client.setNotificationHandler('notifications/resources/updated', (n) => void heard.push(n.params.uri));
    const subscription = await client.listen({ toolsListChanged: true, resourceSubscriptions: ['a:b'] });
    assert.deepEqual(subscription.honoredFilter, { toolsListChanged: true, resourceSubscriptions: ['a:b'] });
    const watch = edge.gateway.watches[0];
    watch?.request.onEvent({ type: 'list-changed', list: 'tools' });
    watch?.request.onEvent({ type: 'resource-updated', uri: 'a:b', params: '{"uri":"a:b"}' });
    await until(() => heard.length === 2);
    assert.deepEqual(heard, ['tools', 'a:b']);
    edge.modern.closeAll();
    assert.equal(await subscription.closed, 'graceful');

    const second = await client.listen({ toolsListChanged: true });
    await second.close();
    await until(() => edge.gateway.watches.every((each) => each.disposed));
  } finally {
    await client.close();
  }
});

test('aborting a request of the official client cancels the call', async (t) => {
  let seen: Call | undefined;
  const edge = await startEdge((call) => {
    if (call.kind !== 'tools.call') return serve(call);
    seen = call;
    return new Promise(() => {});
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const client = await connect(edge.url, 'auto');
  try {
    const abort = new AbortController();
    const pending = client.callTool({ name: 'ask', arguments: {} }, { signal: abort.signal });
    pending.catch(() => {});
    await until(() => seen !== undefined);
    abort.abort();
    await until(() => seen?.signal.aborted === true);
  } finally {
    await client.close();
  }
});
