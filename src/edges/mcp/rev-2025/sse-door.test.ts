import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../../../contracts/call.ts';
import {
  begin,
  gate,
  messageOf,
  openEdge,
  readSse,
  request,
  result,
  type SseReader,
  send,
  type TestEdge,
} from './test-support.ts';

async function openDoor(edge: TestEdge, prefix = ''): Promise<{ stream: SseReader; url: string }> {
  const stream = readSse(
    await begin(`${edge.url}${prefix}/sse`, { method: 'GET', headers: { accept: 'text/event-stream' } }),
  );
  const endpoint = await stream.next();
  assert.equal(endpoint?.event, 'endpoint');
  assert.match(endpoint.data, new RegExp(`^${prefix}/messages\\?sessionId=[\\w-]{32}$`));
  return { stream, url: `${edge.url}${endpoint.data}` };
}

const post = (url: string, message: unknown, headers = {}) => send(url, { headers, body: JSON.stringify(message) });
const initialize = request(0, 'initialize', { protocolVersion: '2024-11-05', capabilities: { roots: {} } });

test('the 2024 transport answers on its stream, without ids', async (t) => {
  const edge = await openEdge((call) => {
    call.peer.notify('notifications/progress', '{"progress":1}');
    return result(JSON.stringify(call.endpoint));
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const { stream, url } = await openDoor(edge, '/mcp/one');
  const early = await post(url, request(7, 'tools/list'));
  assert.deepEqual([early.status, early.text], [202, '']);
  assert.equal(messageOf(await stream.next()).error.code, -32600, 'initialize comes first');
  await post(url, initialize);
  const opened = await stream.next();
  assert.equal(messageOf(opened).result.protocolVersion, '2024-11-05');
  assert.deepEqual([opened?.event, opened?.id], ['message', undefined]);
  await post(url, request(1, 'tools/call', { name: 'a' }));
  assert.equal(messageOf(await stream.next()).method, 'notifications/progress');
  assert.deepEqual(messageOf(await stream.next()).result, { type: 'server', serverId: 'one' });
  // What comes after the answer goes nowhere.
  edge.gateway.calls.at(-1)?.peer.notify('notifications/progress', '{"progress":2}');
  await post(url, [request(2, 'ping'), request(3, 'ping')]);
  assert.deepEqual([messageOf(await stream.next()).id, messageOf(await stream.next()).id], [2, 3]);
  edge.gateway.watches[0]?.request.onEvent({ type: 'list-changed', list: 'tools' });
  assert.equal(messageOf(await stream.next()).method, 'notifications/tools/list_changed');
  stream.drop();
});

test('the client is asked on the stream and answers by POST', async (t) => {
  const edge = await openEdge(async (call) => {
    const reply = await call.peer.ask?.('roots/list', undefined, call.signal);
    return result(reply !== undefined && 'result' in reply ? reply.result : 'null');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const { stream, url } = await openDoor(edge);
  await post(url, initialize);
  await stream.next();
  await post(url, request(1, 'tools/call', { name: 'a' }));
  const asked = messageOf(await stream.next());
  assert.equal(asked.method, 'roots/list');
  await post(url, { jsonrpc: '2.0', id: asked.id, result: { roots: ['r'] } });
  assert.deepEqual(messageOf(await stream.next()).result, { roots: ['r'] });
  stream.drop();
});

test('both halves need the key, and the same one', async (t) => {
  const edge = await openEdge();
  t.after(() => edge[Symbol.asyncDispose]());
  const stranger = await send(`${edge.url}/sse`, { method: 'GET', headers: { authorization: undefined } });
  assert.equal(stranger.status, 401);
  assert.equal(stranger.headers['www-authenticate'], 'Bearer');
  const { stream, url } = await openDoor(edge);
  assert.equal((await post(url, initialize, { authorization: undefined })).status, 401);
  assert.equal((await post(url, initialize, { authorization: 'Bearer key-b' })).status, 404);
  assert.equal((await post(url.replace('/messages', '/mcp/one/messages'), initialize)).status, 404);
  const id = new URL(url).searchParams.get('sessionId') ?? '';
  assert.equal((await send(`${edge.url}/mcp`, { method: 'DELETE', headers: { 'mcp-session-id': id } })).status, 404);
  assert.equal((await send(url, { body: '{' })).status, 400);
  stream.drop();
});

test('the end of the stream is the end of the session and of its calls', async (t) => {
  const running = gate<Call>();
  const edge = await openEdge(
    (call) =>
      new Promise((_, reject) => {
        call.signal.addEventListener('abort', () => reject(call.signal.reason));
        running.open(call);
      }),
  );
  t.after(() => edge[Symbol.asyncDispose]());
  const { stream, url } = await openDoor(edge);
  await post(url, initialize);
  await stream.next();
  await post(url, request(1, 'tools/call', { name: 'a' }));
  const call = await running.opened;
  const aborted = new Promise<void>((resolve) => call.signal.addEventListener('abort', () => resolve()));
  stream.drop();
  await aborted;
  assert.equal(edge.sessions(), 0);
  assert.equal((await post(url, request(2, 'ping'))).status, 404);
  assert.equal(edge.gateway.watches[0]?.disposed, true);
});

test('a toolset has doors of its own, also beside a server that is called t', async (t) => {
  const edge = await openEdge((call) => result(JSON.stringify(call.endpoint)));
  t.after(() => edge[Symbol.asyncDispose]());
  const places = { '/mcp/t': { type: 'server', serverId: 't' }, '/mcp/t/one': { type: 'toolset', toolset: 'one' } };
  for (const [path, endpoint] of Object.entries(places)) {
    const { stream, url } = await openDoor(edge, path);
    assert.ok(url.includes(`${path}/messages`), url);
    await post(url, initialize);
    await stream.next();
    await post(url, request(1, 'tools/call', { name: 'a' }));
    assert.deepEqual(messageOf(await stream.next()).result, endpoint);
  }
});
