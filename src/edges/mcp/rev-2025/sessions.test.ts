import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gate, messageOf, openEdge, openTestSession, request, result, send } from './test-support.ts';

const initialize = JSON.stringify(request(9, 'initialize', { protocolVersion: '2025-11-25', capabilities: {} }));

test('a deleted session is gone for good, and its watch with it', async (t) => {
  const edge = await openEdge();
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  assert.equal((await send(`${edge.url}/mcp`, { method: 'DELETE', headers: session.headers() })).status, 204);
  assert.equal(edge.sessions(), 0);
  assert.equal(edge.gateway.watches[0]?.disposed, true);
  for (const method of ['POST', 'GET', 'DELETE']) {
    const body = method === 'POST' ? JSON.stringify(request(1, 'ping')) : undefined;
    const accept = method === 'GET' ? 'text/event-stream' : 'application/json';
    const headers = session.headers({ accept });
    const answer = await send(`${edge.url}/mcp`, { method, headers, ...(body === undefined ? {} : { body }) });
    assert.equal(answer.status, 404, method);
  }
});

test('a session is good for the endpoint it was opened at, and for no other', async (t) => {
  const edge = await openEdge();
  t.after(() => edge[Symbol.asyncDispose]());
  const paths = ['/mcp', '/mcp/one', '/mcp/t', '/mcp/t/one', '/mcp/t/two'];
  for (const path of paths) {
    const session = await openTestSession(edge, { path });
    for (const other of paths) {
      const body = JSON.stringify(request(1, 'ping'));
      const { status } = await send(`${edge.url}${other}`, { headers: session.headers(), body });
      assert.equal(status, other === path ? 200 : 404, `a session of ${path} at ${other}`);
    }
  }
});

test('deleting a session aborts its calls', async (t) => {
  const started = gate();
  const edge = await openEdge(
    (call) =>
      new Promise((_, reject) => {
        call.signal.addEventListener('abort', () => reject(call.signal.reason));
        started.open();
      }),
  );
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  const answer = session.post(request(1, 'tools/call', { name: 'a' }));
  await started.opened;
  await send(`${edge.url}/mcp`, { method: 'DELETE', headers: session.headers() });
  assert.equal((await answer).status, 404);
});

test('a session that nobody uses expires; one with an open stream does not', async (t) => {
  const edge = await openEdge();
  t.after(() => edge[Symbol.asyncDispose]());
  const unused = await openTestSession(edge);
  const listening = await openTestSession(edge);
  const stream = await listening.get();
  edge.clock.nowMs += edge.limits.sessionIdleMs + 1;
  assert.equal((await unused.post(request(1, 'ping'))).status, 404);
  assert.equal((await listening.post(request(1, 'ping'))).status, 200);
  assert.equal(edge.sessions(), 1);
  stream.drop();
});

test('the longest idle session makes room for a new one, but none that is in use', async (t) => {
  const hold = gate();
  const started = gate();
  const edge = await openEdge(async () => {
    started.open();
    await hold.opened;
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  edge.limits.maxSessions = 2;
  const oldest = await openTestSession(edge);
  edge.clock.nowMs += 10;
  const younger = await openTestSession(edge);
  edge.clock.nowMs += 10;
  const third = await openTestSession(edge);
  assert.equal((await oldest.post(request(1, 'ping'))).status, 404);
  assert.equal((await younger.post(request(1, 'ping'))).status, 200);

  const stream = await third.get();
  const running = younger.post(request(2, 'tools/list'));
  await started.opened;
  const refused = await send(`${edge.url}/mcp`, { body: initialize });
  assert.deepEqual([refused.status, refused.json.id, refused.json.error.code], [200, 9, -31503]);
  assert.equal(refused.headers['mcp-session-id'], undefined);
  hold.open();
  assert.equal((await running).status, 200);
  stream.drop();
});

test("a key that opens too many sessions crowds out its own before another key's", async (t) => {
  const edge = await openEdge();
  t.after(() => edge[Symbol.asyncDispose]());
  edge.limits.maxSessions = 2;
  const theirs = await openTestSession(edge, { key: 'key-b' });
  edge.clock.nowMs += 10;
  const mine = await openTestSession(edge);
  await openTestSession(edge);
  assert.equal((await theirs.post(request(1, 'ping'))).status, 200);
  assert.equal((await mine.post(request(1, 'ping'))).status, 404);
});

test('a key that holds its sessions with streams is refused more, and gives way to a key that has fewer', async (t) => {
  const edge = await openEdge();
  t.after(() => edge[Symbol.asyncDispose]());
  edge.limits.maxSessions = 3;
  const theirs = await openTestSession(edge, { key: 'key-b' });
  const mine = [await openTestSession(edge), await openTestSession(edge)];
  const streams = await Promise.all(mine.map((session) => session.get()));
  const refused = await send(`${edge.url}/mcp`, { body: initialize });
  assert.equal(refused.json.error.code, -31503);
  const more = await openTestSession(edge, { key: 'key-b' });
  for (const session of [theirs, more]) assert.equal((await session.post(request(1, 'ping'))).status, 200);
  const left = await Promise.all(mine.map(async (session) => (await session.post(request(1, 'ping'))).status));
  assert.deepEqual(left.sort(), [200, 404]);
  for (const stream of streams) stream.drop();
});

test('an initialize that fails leaves no session behind', async (t) => {
  const edge = await openEdge();
  t.after(() => edge[Symbol.asyncDispose]());
  edge.gateway.call = () => {
    throw new Error('no');
  };
  const answer = await send(`${edge.url}/mcp`, { body: initialize });
  assert.equal(answer.json.error.code, -32603);
  assert.equal(edge.sessions(), 0);
});

test('a revoked key is refused at once, and the sweep ends its streams', async (t) => {
  const { createSessions } = await import('./sessions.ts');
  const edge = await openEdge();
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  edge.gateway.keys.delete('key-a');
  assert.equal((await session.post(request(1, 'ping'))).status, 401);

  edge.gateway.keys.add('key-a');
  const sessions = createSessions({ gateway: edge.gateway, limits: () => edge.limits, now: Date.now });
  const credential = { source: 'x-api-key', token: 'key-a' } as const;
  const caller = edge.gateway.identify(credential);
  const kept = sessions.create({ caller, endpoint: { type: 'all' }, credential }, 'streamable');
  sessions.sweep();
  assert.equal(kept.closed, false);
  edge.gateway.keys.delete('key-a');
  sessions.sweep();
  assert.equal(kept.closed, true);
  await sessions.closeAll();
});

test('shutting down ends idle sessions at once and lets calls be answered', async (t) => {
  const hold = gate();
  const started = gate();
  const edge = await openEdge(async (call) => {
    call.peer.notify('notifications/progress', '{}');
    started.open();
    await hold.opened;
    return result('{"done":true}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const idle = await openTestSession(edge);
  const idleStream = await idle.get();
  const busy = await openTestSession(edge);
  const stream = await busy.stream(request(1, 'tools/list'));
  await started.opened;
  const closed = edge.closeAll();
  await idleStream.next();
  assert.equal(await idleStream.next(), undefined);
  const late = await send(`${edge.url}/mcp`, { body: initialize });
  assert.equal(late.json.error.code, -31503);
  hold.open();
  await stream.next();
  await stream.next();
  assert.deepEqual(messageOf(await stream.next()).result, { done: true });
  await closed;
  assert.equal(edge.sessions(), 0);
});
