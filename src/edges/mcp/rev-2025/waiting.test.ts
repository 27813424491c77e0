import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import type { Call } from '../../../contracts/call.ts';
import { gate, messageOf, openEdge, openTestSession, request, result } from './test-support.ts';

test('an answer that takes longer than its time becomes an event stream, if the client reads those', async (t) => {
  const hold = gate();
  const script = async () => {
    await hold.opened;
    return result('{}');
  };
  const edge = await openEdge(script, undefined, { streamAfterMs: 20 });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  const jsonOnly = session.post(request(2, 'tools/call', { name: '1' }), { accept: 'application/json' });
  const stream = await session.stream(request(1, 'tools/call', { name: '0' }));
  assert.equal((await stream.next())?.data, '', 'the stream is there before the answer');
  hold.open();
  assert.equal(messageOf(await stream.next()).id, 1);
  assert.equal((await jsonOnly).headers['content-type'], 'application/json');
});

test('an answer that is there before its time is plain JSON', async (t) => {
  const edge = await openEdge(async () => result('{}'), undefined, { streamAfterMs: 60_000 });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  const answer = await session.post(request(1, 'tools/call', { name: '0' }));
  assert.equal(answer.headers['content-type'], 'application/json');
});

test('a quiet stream is kept alive by comments every 15 seconds', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  try {
    const edge = await openEdge();
    t.after(() => edge[Symbol.asyncDispose]());
    const session = await openTestSession(edge, { version: '2025-06-18' });
    const stream = await session.get();
    const chunk = new Promise<string>((resolve) => stream.response.once('data', resolve));
    mock.timers.tick(15_000);
    assert.equal(await chunk, ': keep-alive\n\n');
    stream.drop();
  } finally {
    mock.timers.reset();
  }
});

test('a question nobody answers is withdrawn after ten minutes', async (t) => {
  const failed = gate<unknown>();
  const edge = await openEdge(async (call: Call) => {
    const asked = call.peer.ask?.('elicitation/create', '{}', new AbortController().signal);
    failed.open(await asked?.catch((error: unknown) => error));
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge, { capabilities: { elicitation: {} }, version: '2025-06-18' });
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const stream = await session.stream(request(1, 'tools/call', { name: 'a' }));
    const question = messageOf(await stream.next());
    mock.timers.tick(600_000);
    assert.equal(((await failed.opened) as { code?: string }).code, 'cancelled');
    const withdrawal = messageOf(await stream.next());
    assert.deepEqual([withdrawal.method, withdrawal.params.requestId], ['notifications/cancelled', question.id]);
    assert.deepEqual(messageOf(await stream.next()).result, {});
  } finally {
    mock.timers.reset();
  }
});

test('shutting down waits five seconds for a call, then ends it', async (t) => {
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
  const answer = session.post(request(1, 'tools/list'));
  await started.opened;
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const closed = edge.closeAll();
    mock.timers.tick(4_999);
    assert.equal(edge.sessions(), 1);
    mock.timers.tick(1);
    await closed;
    assert.equal((await answer).status, 404);
    assert.equal(edge.sessions(), 0);
  } finally {
    mock.timers.reset();
  }
});

test('a client may have 256 calls under way in one session, not more', async (t) => {
  const hold = gate();
  let running = 0;
  const full = gate();
  const edge = await openEdge(async () => {
    if (++running === 256) full.open();
    await hold.opened;
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge, { version: '2025-03-26' });
  const calls = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => request(from + i, 'tools/list'));
  const batches = [0, 100, 200].map((from) => session.post(calls(from, from === 200 ? 56 : 100)));
  await full.opened;
  const refused = await session.post(request(999, 'tools/list'));
  assert.deepEqual([refused.status, refused.json.error.code], [200, -31503]);
  hold.open();
  for (const batch of await Promise.all(batches)) assert.equal(batch.status, 200);
  assert.equal((await session.post(request(999, 'tools/list'))).json.error, undefined);
});
