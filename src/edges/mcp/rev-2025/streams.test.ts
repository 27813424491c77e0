import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import type { Call } from '../../../contracts/call.ts';
import { gate, messageOf, openEdge, openTestSession, request, result, send } from './test-support.ts';

const never = new AbortController().signal;

test('a disconnect is no cancel: the call goes on, and its answer is fetched by resuming', async (t) => {
  const running = gate<Call>();
  const hold = gate();
  const edge = await openEdge(async (call) => {
    call.peer.notify('notifications/progress', '{"progress":1}');
    running.open(call);
    await hold.opened;
    call.peer.notify('notifications/progress', '{"progress":2}');
    return result('{"done":true}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  const stream = await session.stream(request(1, 'tools/call', { name: 'a' }));
  await stream.next();
  const seen = await stream.next();
  const call = await running.opened;
  stream.drop();
  const left = await session.post(request(2, 'ping'));
  assert.equal(left.status, 200);
  assert.equal(call.signal.aborted, false);
  hold.open();
  const resumed = await session.get({ 'last-event-id': seen?.id });
  assert.deepEqual(messageOf(await resumed.next()).params, { progress: 2 });
  const last = await resumed.next();
  assert.deepEqual(messageOf(last), { jsonrpc: '2.0', id: 1, result: { done: true } });
  assert.equal(await resumed.next(), undefined, 'the stream ends with its answer');

  const again = await send(`${edge.url}/mcp`, {
    method: 'GET',
    headers: session.headers({ accept: 'text/event-stream', 'last-event-id': last?.id }),
  });
  assert.equal(again.status, 204, 'nothing is left: the reader is told to stop');
});

test('a stream can be resumed from its very first event, and while its call still runs', async (t) => {
  const hold = gate();
  const noted = gate();
  const edge = await openEdge(async (call) => {
    call.peer.notify('notifications/progress', '{"progress":1}');
    noted.open();
    await hold.opened;
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  const stream = await session.stream(request(1, 'tools/call', { name: 'a' }));
  const priming = await stream.next();
  await noted.opened;
  const resumed = await session.get({ 'last-event-id': priming?.id });
  assert.deepEqual(messageOf(await resumed.next()).params, { progress: 1 });
  hold.open();
  assert.equal(messageOf(await resumed.next()).id, 1);
});

test("another key cannot resume a session's stream", async (t) => {
  const edge = await openEdge((call) => {
    call.peer.notify('notifications/progress', '{}');
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  const stream = await session.stream(request(1, 'tools/call', { name: 'a' }));
  const id = (await stream.next())?.id;
  const thief = await send(`${edge.url}/mcp`, {
    method: 'GET',
    headers: session.headers({ accept: 'text/event-stream', 'last-event-id': id, authorization: 'Bearer key-b' }),
  });
  assert.equal(thief.status, 404);
});

test('changes go out on the GET stream; what came before it was opened waits, once', async (t) => {
  const edge = await openEdge();
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  const { onEvent } = edge.gateway.watches[0]?.request ?? assert.fail('no watch');
  onEvent({ type: 'list-changed', list: 'tools' });
  onEvent({ type: 'list-changed', list: 'tools' });
  onEvent({ type: 'list-changed', list: 'prompts' });
  const first = await session.get();
  await first.next();
  assert.equal(messageOf(await first.next()).method, 'notifications/tools/list_changed');
  assert.equal(messageOf(await first.next()).method, 'notifications/prompts/list_changed');
  onEvent({ type: 'resource-updated', uri: 'test://x', params: '{"uri":"test://x","v":1.0}' });
  const seen = await first.next();
  assert.match(seen?.data ?? '', /"notifications\/resources\/updated","params":\{"uri":"test:\/\/x","v":1\.0\}/);

  // A second stream takes the place of the first.
  const second = await session.get();
  assert.equal(await first.next(), undefined);
  await second.next();
  onEvent({ type: 'list-changed', list: 'resources' });
  const last = await second.next();
  assert.equal(messageOf(last).method, 'notifications/resources/list_changed');
  assert.notEqual(last?.id, seen?.id);

  second.drop();
  const resumed = await session.get({ 'last-event-id': seen?.id });
  assert.equal(messageOf(await resumed.next()).method, 'notifications/resources/list_changed');
});

test('outside of any call a client is asked on the GET stream, even if it opens that later', async (t) => {
  const edge = await openEdge();
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge, { capabilities: { roots: {} }, version: '2025-06-18' });
  const peer = edge.gateway.calls[0]?.peer.session ?? assert.fail('no session');
  const reply = peer.ask('roots/list', undefined, never);
  await assert.rejects(peer.ask('sampling/createMessage', '{}', never), { code: 'missing_capability' });
  const stream = await session.get();
  const asked = messageOf(await stream.next());
  assert.equal(asked.method, 'roots/list');
  await session.post({ jsonrpc: '2.0', id: asked.id, result: { roots: [] } });
  assert.deepEqual(await reply, { result: '{"roots":[]}' });

  const unanswered = assert.rejects(peer.ask('roots/list', undefined, never), { code: 'cancelled' });
  await stream.next();
  const deleted = await send(`${edge.url}/mcp`, { method: 'DELETE', headers: session.headers() });
  assert.equal(deleted.status, 204);
  await unanswered;
  assert.equal(await stream.next(), undefined);
  await assert.rejects(peer.ask('ping', undefined, never), { code: 'cancelled' });
});

test('a client that reads nothing but JSON cannot be asked', async (t) => {
  const peers: Call['peer'][] = [];
  const edge = await openEdge((call) => {
    peers.push(call.peer);
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge, { capabilities: { sampling: {} } });
  await session.post(request(1, 'tools/list'), { accept: 'application/json' });
  await session.post(request(2, 'tools/list'), { accept: '*/*' });
  await session.post(request(3, 'tools/list'));
  assert.deepEqual(
    peers.map((peer) => peer.ask !== undefined),
    [false, false, true],
  );
});

test('what a call says after its answer goes nowhere', async (t) => {
  const peers: Call['peer'][] = [];
  const edge = await openEdge((call) => {
    peers.push(call.peer);
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge, { capabilities: { sampling: {} } });
  const answer = await session.post(request(1, 'tools/list'));
  assert.equal(answer.status, 200);
  peers[0]?.notify('notifications/progress', '{}');
  await assert.rejects(peers[0]?.ask?.('sampling/createMessage', '{}', never) ?? Promise.resolve(), {
    code: 'cancelled',
  });
  assert.equal((await session.post(request(2, 'ping'))).status, 200);
});

test('a client that leaves before anything was streamed costs nothing but its call', async (t) => {
  const running = gate<Call>();
  const hold = gate();
  const finished = gate();
  const edge = await openEdge(async (call) => {
    running.open(call);
    await hold.opened;
    call.peer.notify('notifications/progress', '{}');
    finished.open();
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  const abandoned = httpRequest(`${edge.url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: 'Bearer key-a',
      'mcp-session-id': session.id,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
  });
  abandoned.on('error', () => {}).end(JSON.stringify(request(1, 'tools/call', { name: 'a' })));
  await running.opened;
  abandoned.destroy();
  hold.open();
  await finished.opened;
  assert.equal((await session.post(request(1, 'tools/call', { name: 'b' }))).status, 200, 'its id is free again');
  assert.deepEqual(edge.log.errors, []);
});
