import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../../../contracts/call.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { PeerReply } from '../../../contracts/peer.ts';
import { begin, gate, messageOf, openEdge, openTestSession, readSse, request, result, send } from './test-support.ts';

const never = new AbortController().signal;

test('initialize answers with what the gateway opened, our name and the version asked for', async (t) => {
  const edge = await openEdge();
  t.after(() => edge[Symbol.asyncDispose]());
  for (const [asked, given] of [
    ['2024-11-05', '2024-11-05'],
    ['2025-03-26', '2025-03-26'],
    ['2025-06-18', '2025-06-18'],
    ['2025-11-25', '2025-11-25'],
    ['2026-07-28', '2025-11-25'],
    ['1.0', '2025-11-25'],
  ] as const)
    await t.test(asked, async () => {
      const { initialized, id } = await openTestSession(edge, {
        version: asked,
        capabilities: { roots: {}, x: [1.0] },
      });
      assert.deepEqual(initialized.json.result, {
        protocolVersion: given,
        capabilities: { tools: { listChanged: true }, logging: {} },
        serverInfo: { name: 'portcullis', title: 'Portcullis', version: '0.0.0' },
        instructions: 'be kind',
      });
      assert.ok(Buffer.from(id, 'base64url').length >= 16, 'at least 128 random bits');
      const { peer } = edge.gateway.calls.at(-1) as Call;
      assert.equal(peer.info, '{"name":"t","version":"1"}');
      assert.equal(peer.capabilities, '{"roots":{},"x":[1]}');
    });
});

test('id and result travel verbatim, however they are spelled', async (t) => {
  const text = '{ "z":1.0, "a":1e2,\n "big":12345678901234567890, "u":"\\u0041" }';
  const edge = await openEdge(() => result(text));
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  for (const id of ['12345678901234567890', '1e3', '-0', '"a\\u0062"']) {
    const answer = await session.post(
      `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"a","n":1.0}}`,
    );
    assert.equal(answer.text, `{"jsonrpc":"2.0","id":${id},"result":${text}}`);
  }
  assert.equal(edge.gateway.calls.at(-1)?.params.text, '{"name":"a","n":1.0}');
});

test('an error of the upstream travels verbatim with 200, one of ours with its legacy code', async (t) => {
  const error = '{"code":-32042,"message":"sign in","data":{"x":1.0}}';
  const edge = await openEdge((call) => {
    if (call.name === 'a') return { type: 'rpc-error', text: error };
    throw new GatewayError('unknown_resource', undefined, { data: { uri: call.name } });
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  const theirs = await session.post(request(1, 'tools/call', { name: 'a' }));
  assert.deepEqual([theirs.status, theirs.text], [200, `{"jsonrpc":"2.0","id":1,"error":${error}}`]);
  const ours = await session.post(request(2, 'resources/read', { uri: 'test://x' }));
  assert.equal(ours.status, 200);
  assert.deepEqual(ours.json.error, { code: -32002, message: 'Resource not found', data: { uri: 'test://x' } });
});

test('a call carries everything the pipeline decides on', async (t) => {
  const edge = await openEdge();
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge, { path: '/mcp/one' });
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const params = { name: 'a', _meta: { progressToken: 'tok"en', traceparent: trace } };
  await session.post(request(1, 'tools/call', params), {
    'x-portcullis-servers': 'git*, one',
    'x-portcullis-tools': '',
    traceparent: trace.replace('-01', '-00'),
  });
  const call = edge.gateway.calls.at(-1);
  assert.ok(call !== undefined);
  assert.deepEqual(call.endpoint, { type: 'server', serverId: 'one' });
  assert.deepEqual(call.credential, { source: 'authorization', token: 'key-a' });
  assert.deepEqual(call.narrowing, { servers: ['git*', 'one'], tools: [] });
  assert.equal(call.kind, 'tools.call');
  assert.equal(call.name, 'a');
  assert.equal(call.traceparent, trace);
  assert.equal(call.peer.progressToken, '"tok\\"en"');
  assert.equal(call.peer.ask, undefined, 'a client that declared nothing cannot be asked');
  assert.equal(call.watch, edge.gateway.watches[0]?.watch);
  await session.post(request(2, 'tools/list'), { traceparent: 'garbage' });
  assert.deepEqual(edge.gateway.calls.at(-1)?.params, { text: '{}', value: {} });
  assert.equal(edge.gateway.calls.at(-1)?.traceparent, undefined);
});

test('ping and logging/setLevel are answered here, and the level filters log messages', async (t) => {
  const edge = await openEdge((call) => {
    for (const level of ['debug', 'warning', 'alert'])
      call.peer.notify('notifications/message', JSON.stringify({ level, data: 1 }));
    return result(JSON.stringify({ level: call.peer.session?.logLevel ?? null }));
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  assert.deepEqual((await session.post(request(1, 'ping'))).json.result, {});
  assert.deepEqual((await session.post(request(2, 'logging/setLevel', { level: 'warning' }))).json.result, {});
  assert.equal(edge.gateway.calls.length, 1);
  const stream = await session.stream(request(3, 'tools/list'));
  await stream.next();
  assert.equal(messageOf(await stream.next()).params.level, 'warning');
  assert.equal(messageOf(await stream.next()).params.level, 'alert');
  assert.deepEqual(messageOf(await stream.next()).result, { level: 'warning' });
});

test('an answer is JSON when nothing precedes it, else an event stream that ends with it', async (t) => {
  const edge = await openEdge((call) => {
    if (call.name === 'loud') call.peer.notify('notifications/progress', '{"progressToken":1,"progress":1}');
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  const quiet = await session.post(request(1, 'tools/call', { name: 'quiet' }));
  assert.equal(quiet.headers['content-type'], 'application/json');

  const loud = await session.stream(request(2, 'tools/call', { name: 'loud' }));
  const first = await loud.next();
  assert.equal(first?.data, '', 'since 2025-11-25 a stream begins with an id alone');
  assert.ok(first.id !== undefined && first.retryMs !== undefined);
  assert.equal(messageOf(await loud.next()).method, 'notifications/progress');
  assert.deepEqual(messageOf(await loud.next()), { jsonrpc: '2.0', id: 2, result: {} });
  assert.equal(await loud.next(), undefined);

  const jsonOnly = await session.post(request(3, 'tools/call', { name: 'loud' }), { accept: 'application/json' });
  assert.deepEqual(jsonOnly.json, { jsonrpc: '2.0', id: 3, result: {} });
  const sseOnly = await begin(`${edge.url}/mcp`, {
    headers: session.headers({ accept: 'text/event-stream' }),
    body: JSON.stringify(request(4, 'tools/call', { name: 'quiet' })),
  });
  const stream = readSse(sseOnly);
  await stream.next();
  assert.equal(messageOf(await stream.next()).id, 4);
});

test('a JSON answer of a governed call, errors included, says how long we and the server took', async (t) => {
  const edge = await openEdge((call) => {
    call.facts.upstreamMs = 0;
    if (call.name === 'bad') throw new GatewayError('upstream_failed');
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  for (const name of ['t', 'bad']) {
    const { headers } = await session.post(request(name, 'tools/call', { name }));
    assert.match(String(headers['server-timing']), /^gw;dur=\d+(\.\d{1,3})?, upstream;dur=0$/);
  }
  assert.equal((await session.post(request(3, 'ping'))).headers['server-timing'], undefined);
});

test('a client is asked on the stream of its call, and its answer comes back verbatim', async (t) => {
  const replies: PeerReply[] = [];
  const edge = await openEdge(async (call) => {
    assert.ok(call.peer.ask !== undefined);
    replies.push(await call.peer.ask('elicitation/create', '{"message":"?"}', never));
    replies.push(await call.peer.ask('ping', undefined, never));
    await assert.rejects(call.peer.ask('roots/list', undefined, never), { code: 'missing_capability' });
    await assert.rejects(call.peer.ask('tools/list', undefined, never), { code: 'missing_capability' });
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge, { capabilities: { elicitation: {} } });
  const stream = await session.stream(request(1, 'tools/call', { name: 'a' }));
  await stream.next();
  const asked = messageOf(await stream.next());
  assert.deepEqual([asked.method, asked.params], ['elicitation/create', { message: '?' }]);
  // Somebody else's answer, and one to nothing, change nothing.
  const forged = JSON.stringify({ jsonrpc: '2.0', id: asked.id, result: { action: 'forged' } });
  const foreign = await openTestSession(edge, { key: 'key-b' });
  assert.equal((await foreign.post(forged)).status, 202);
  const stolen = await send(`${edge.url}/mcp`, {
    headers: session.headers({ authorization: 'Bearer key-b' }),
    body: forged,
  });
  assert.equal(stolen.status, 404);
  assert.equal((await session.post({ jsonrpc: '2.0', id: 'other', result: {} })).status, 202);
  const accepted = await session.post(
    `{"jsonrpc":"2.0","id":${JSON.stringify(asked.id)},"result":{"action": "accept", "n":1.0}}`,
  );
  assert.equal(accepted.status, 202);
  const ping = messageOf(await stream.next());
  await session.post({ jsonrpc: '2.0', id: ping.id, error: { code: -1, message: 'no' } });
  assert.deepEqual(messageOf(await stream.next()).result, {});
  assert.deepEqual(replies, [{ result: '{"action": "accept", "n":1.0}' }, { error: '{"code":-1,"message":"no"}' }]);
});

test('a question is withdrawn when its call is cancelled', async (t) => {
  const asked = gate<unknown>();
  const edge = await openEdge(async (call) => {
    asked.open(await call.peer.ask?.('sampling/createMessage', '{}', call.signal).catch((error: unknown) => error));
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge, { capabilities: { sampling: {} } });
  const stream = await session.stream(request(1, 'tools/call', { name: 'a' }));
  await stream.next();
  const question = messageOf(await stream.next());
  await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
  assert.ok((await asked.opened) instanceof GatewayError);
  const withdrawal = messageOf(await stream.next());
  assert.equal(withdrawal.method, 'notifications/cancelled');
  assert.equal(withdrawal.params.requestId, question.id);
  assert.equal(await stream.next(), undefined, 'a cancelled call gets no answer');
  const last = session.headers({ accept: 'text/event-stream', 'last-event-id': '1_2' });
  assert.equal(
    (await send(`${edge.url}/mcp`, { method: 'GET', headers: last })).status,
    204,
    'nor may it be waited for',
  );
});

test('notifications/cancelled aborts exactly that call of that session', async (t) => {
  const started = new Map<string, () => void>();
  const cancelled: string[] = [];
  const hold = gate();
  const edge = await openEdge(async (call) => {
    call.signal.addEventListener('abort', () => cancelled.push(call.name));
    started.get(call.name)?.();
    await hold.opened;
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const mine = await openTestSession(edge);
  const other = await openTestSession(edge);
  const start = (session: typeof mine, id: unknown, name: string) =>
    new Promise<{ answer: ReturnType<typeof mine.post> }>((resolve) => {
      const answer = session.post(request(id, 'tools/call', { name }));
      started.set(name, () => resolve({ answer }));
    });
  const a = await start(mine, 1, 'mine-1');
  const b = await start(mine, '1', 'mine-string-1');
  const c = await start(other, 1, 'other-1');
  await other.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'nothing' } });
  await mine.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1, reason: 'enough' } });
  const silent = await a.answer;
  assert.deepEqual([silent.status, silent.text], [202, '']);
  hold.open();
  assert.deepEqual((await b.answer).json, { jsonrpc: '2.0', id: '1', result: {} });
  assert.deepEqual((await c.answer).json, { jsonrpc: '2.0', id: 1, result: {} });
  assert.deepEqual(cancelled, ['mine-1']);
});

test('an id that is in flight cannot be used again until it is answered', async (t) => {
  const started = gate();
  const hold = gate();
  const edge = await openEdge(async () => {
    started.open();
    await hold.opened;
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  const first = session.post(request(5, 'tools/list'));
  await started.opened;
  const second = await session.post(request(5, 'tools/list'));
  assert.equal(second.status, 400);
  assert.equal(second.json.error.code, -32600);
  hold.open();
  assert.deepEqual((await first).json.result, {});
  assert.deepEqual((await session.post(request(5, 'tools/list'))).json.result, {});
});

test('batches are answered as a batch where the revision has them', async (t) => {
  const edge = await openEdge((call) => {
    if (call.name === 'loud') call.peer.notify('notifications/progress', '{}');
    return result(`{"name":${JSON.stringify(call.name)}}`);
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge, { version: '2025-03-26' });
  const tool = (id: number, name: string) => request(id, 'tools/call', { name });
  const mixed = await session.post([
    tool(1, 'a'),
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    tool(2, 'b'),
    17,
    request(3, 'initialize', { protocolVersion: '2025-03-26' }),
    tool(2, 'c'),
  ]);
  assert.equal(mixed.status, 200);
  const byId = new Map(mixed.json.map((each: { id: unknown }) => [each.id, each]));
  assert.equal(mixed.json.length, 5);
  assert.deepEqual(byId.get(1), { jsonrpc: '2.0', id: 1, result: { name: 'a' } });
  const codes = mixed.json.flatMap((each: { error?: { code: number } }) => each.error?.code ?? []);
  assert.deepEqual(codes, [-32600, -32600, -32600], 'no message, initialize inside, an id in flight');
  assert.equal((await session.post([{ jsonrpc: '2.0', method: 'notifications/initialized' }])).status, 202);
  const many = await session.post(Array.from({ length: 101 }, (_, i) => tool(i, 'a')));
  assert.equal(many.status, 400);
  const stream = await session.stream([tool(1, 'a'), tool(2, 'loud')]);
  const events = [messageOf(await stream.next()), messageOf(await stream.next()), messageOf(await stream.next())];
  assert.deepEqual(events.map((event) => event.id ?? event.method).sort(), [1, 2, 'notifications/progress']);
  assert.equal(await stream.next(), undefined);
});

test('a result that answers many calls goes out the same as JSON, in a batch and in an event stream', async (t) => {
  const text = `{"tools":[{"name":"é"},{"d":"${'x'.repeat(5_000)}"}]}`;
  const shared = { type: 'result', text, isError: false, sharedBytes: Buffer.byteLength(text) } as const;
  const edge = await openEdge(() => shared);
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge, { version: '2025-03-26' });
  const list = (id: number): string => `{"jsonrpc":"2.0","id":${id},"method":"tools/list"}`;
  const answer = (id: number): string => `{"jsonrpc":"2.0","id":${id},"result":${text}}`;
  for (const id of [1, 2]) assert.equal((await session.post(list(id))).text, answer(id));
  assert.equal((await session.post(`[${list(3)},${list(4)}]`)).text, `[${answer(3)},${answer(4)}]`);
  const streamed = await session.post(list(5), { accept: 'text/event-stream' });
  assert.ok(streamed.text.includes(`data: ${answer(5)}\n`));
});
