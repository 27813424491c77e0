import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import { createFakeServer, type FakeServer, result, rpcError, tool } from './fixtures/fake-link.ts';
import { createConfig, createKeepFixture, createRequest, type KeepFixture } from './fixtures/keep-fixture.ts';
import { LinkOpenError } from './link.ts';

const http = { type: 'http', url: 'http://127.0.0.1/mcp', headers: {} } as const;
const refused = () => {
  throw new LinkOpenError('connect', 'connection refused', { transient: true });
};
const withCode = (code: string) => (error: unknown) => error instanceof GatewayError && error.code === code;
const fail = (code: 'upstream_unavailable' | 'outcome_unknown' | 'upstream_timeout') => () => {
  throw new GatewayError(code);
};

async function start(fake: FakeServer, config = createConfig('a')): Promise<KeepFixture> {
  const fixture = createKeepFixture({ a: fake });
  await fixture.registry.apply([config]);
  await fixture.clock.settle();
  return fixture;
}
const states = (fixture: KeepFixture): string[] =>
  fixture.events.flatMap((event) => (event.type === 'state-changed' ? event.status.state : []));

test('apply resolves while a slow server is still starting, and the server is healthy once it is there and listed', async (t) => {
  const gate = Promise.withResolvers<void>();
  const fixture = await start(createFakeServer({ onOpen: () => gate.promise }));
  t.after(() => fixture[Symbol.asyncDispose]());
  assert.equal(fixture.state(), 'starting');
  assert.equal(fixture.server().offer(), undefined);
  gate.resolve();
  await fixture.clock.settle();
  assert.equal(fixture.state(), 'healthy');
  assert.deepEqual(
    fixture
      .server()
      .offer()
      ?.tools.map((t) => t.name),
    ['echo'],
  );
  assert.deepEqual(states(fixture), ['starting', 'healthy']);
});

test('a server that cannot be reached is tried five times more, doubling from 1 s, then counts as failed and heals when it is back', async (t) => {
  const fake = createFakeServer({ onOpen: refused });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const waits = [1_000, 2_000, 4_000, 8_000, 16_000];
  for (const [n, waitMs] of waits.entries()) {
    assert.equal(fake.attempts.length, n + 1);
    assert.equal(fixture.state(), 'starting');
    await fixture.clock.advance(waitMs - 1);
    assert.equal(fake.attempts.length, n + 1, 'not before its time');
    await fixture.clock.advance(1);
  }
  assert.equal(fake.attempts.length, 6);
  assert.equal(fixture.state(), 'failed');
  const { lastFailure } = fixture.server().status();
  assert.equal(lastFailure?.stage, 'connect');
  assert.equal(lastFailure?.message, 'connection refused');
  await fixture.clock.advance(60_000);
  assert.equal(fake.attempts.length, 7, 'a failed server is still tried');
  fake.onOpen = () => {};
  await fixture.clock.advance(60_000);
  assert.equal(fixture.state(), 'healthy');
  assert.deepEqual(
    states(fixture),
    ['starting', 'failed', 'starting', 'healthy'],
    'trying a failed server does not make it flicker',
  );
});

test('what only a person can mend fails at once and is tried rarely', async (t) => {
  const fake = createFakeServer({
    onOpen() {
      throw new LinkOpenError('start', 'ENOENT', { transient: false });
    },
  });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  assert.equal(fixture.state(), 'failed');
  await fixture.clock.advance(59_000);
  assert.equal(fake.attempts.length, 1);
  await fixture.clock.advance(300_000);
  assert.ok(fake.attempts.length >= 2 && fake.attempts.length <= 4);
});

test('a server that wants other credentials is in needs_auth, refuses calls as such, and is tried every few minutes', async (t) => {
  const fake = createFakeServer({
    onOpen() {
      throw new LinkOpenError('credential', '401', { transient: false, needsAuth: true });
    },
  });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  assert.equal(fixture.state(), 'needs_auth');
  await assert.rejects(fixture.server().request(createRequest()), withCode('upstream_needs_auth'));
  await fixture.clock.advance(240_000);
  assert.equal(fake.attempts.length, 1);
  fake.onOpen = () => {};
  await fixture.clock.advance(100_000);
  assert.equal(fixture.state(), 'healthy');
});

test('an opening that ignores its timeout is given up, and a link that comes too late is closed', async (t) => {
  const late = Promise.withResolvers<void>();
  const fake = createFakeServer({ onOpen: (_options, attempt) => (attempt === 1 ? late.promise : undefined) });
  const fixture = await start(fake, createConfig('a', { startTimeoutMs: 5_000 }));
  t.after(() => fixture[Symbol.asyncDispose]());
  await fixture.clock.advance(6_000);
  assert.match(fixture.server().status().lastFailure?.message ?? '', /5000 ms/);
  assert.equal(fake.attempts[0]?.signal.aborted, true);
  await fixture.clock.advance(2_000);
  assert.equal(fixture.state(), 'healthy');
  late.resolve();
  await fixture.clock.settle();
  assert.deepEqual(
    fake.links.map((link) => link.closed),
    [false, true],
  );
});

test('a disabled server opens no link and says so to calls', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake, createConfig('a', { enabled: false }));
  t.after(() => fixture[Symbol.asyncDispose]());
  assert.equal(fixture.state(), 'disabled');
  assert.equal(fake.attempts.length, 0);
  await assert.rejects(fixture.server().request(createRequest()), /state disabled/);
});

test('a lost link makes the server unstable, keeps the last known offer, and comes back almost at once', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  await fixture.clock.advance(20_000);
  fake.links[0]?.lose();
  assert.equal(fixture.state(), 'unstable');
  assert.equal(fixture.server().offer()?.tools.length, 1);
  await fixture.clock.advance(150);
  assert.equal(fixture.state(), 'healthy');
  assert.equal(fixture.server().status().restarts, 1);
  assert.equal(fixture.server().offer()?.revision, 1, 'the same offer is not a new one');
});

test('a server that crashes again and again is tried ever more slowly and ends up failed', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  for (let crash = 0; crash < 8 && fixture.state() !== 'failed'; crash++) {
    fake.links.at(-1)?.lose();
    if (fixture.state() !== 'failed') await fixture.clock.advance(Math.min(...fixture.clock.pending()));
    await fixture.clock.settle();
  }
  assert.equal(fixture.state(), 'failed');
  assert.equal(fake.links.length, 6);
});

test('a link lost while it is being opened is no link', async (t) => {
  const fake = createFakeServer({
    onOpen(options, attempt) {
      if (attempt === 1) options.onLost({ stage: 'initialize', message: 'exited with code 1' });
    },
  });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  assert.equal(fixture.state(), 'starting');
  assert.equal(fixture.server().status().lastFailure?.message, 'exited with code 1');
  await fixture.clock.advance(1_000);
  assert.equal(fixture.state(), 'healthy');
});

test('a call that arrives while the server is starting or reconnecting waits for it', async (t) => {
  const gate = Promise.withResolvers<void>();
  const fake = createFakeServer({ onOpen: () => gate.promise });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const early = fixture.server().request(createRequest());
  gate.resolve();
  assert.equal((await early).type, 'result');
  await fixture.clock.advance(20_000);
  fake.links[0]?.lose();
  const between = fixture.server().request(createRequest());
  await fixture.clock.advance(200);
  assert.equal((await between).type, 'result');
  assert.equal(fake.links[1]?.count('tools/call'), 1);
});

test('a waiting call gives up after 10 s, at its own limit, or when it is cancelled', async (t) => {
  const fixture = await start(createFakeServer({ onOpen: () => new Promise(() => {}) }));
  t.after(() => fixture[Symbol.asyncDispose]());
  const cancel = new AbortController();
  const outcomes: string[] = [];
  const watch = (name: string, call: Promise<unknown>) =>
    call.catch((error: GatewayError) => outcomes.push(`${name}: ${error.code}`));
  void watch('cancelled', fixture.server().request(createRequest({ signal: cancel.signal })));
  void watch('short', fixture.server().request(createRequest({ timeoutMs: 2_000 })));
  void watch('long', fixture.server().request(createRequest()));
  cancel.abort();
  await fixture.clock.advance(1_999);
  assert.deepEqual(outcomes, ['cancelled: cancelled']);
  await fixture.clock.advance(1);
  assert.equal(outcomes.length, 2);
  await fixture.clock.advance(7_999);
  assert.equal(outcomes.length, 2);
  await fixture.clock.advance(1);
  assert.deepEqual(outcomes.at(-1), 'long: upstream_unavailable');
});

test('a lost session is re-established without failing the call that found out, whichever news comes first', async (t) => {
  for (const tell of [(news: () => void) => news(), queueMicrotask, setImmediate]) {
    const fake = createFakeServer();
    fake.answers['tools/call'] = (_request, link) => {
      if (link !== fake.links[0]) return result({ ok: true });
      tell(() => link.options.onLost({ stage: 'transport', message: 'session gone (404)' }));
      throw new GatewayError('upstream_unavailable');
    };
    const fixture = await start(fake);
    t.after(() => fixture[Symbol.asyncDispose]());
    await fixture.clock.advance(20_000);
    const call = fixture.server().request(createRequest());
    await fixture.clock.advance(200);
    assert.deepEqual(await call, result({ ok: true }));
  }
});

test('a call that certainly did not arrive is repeated on the next link even if it is not repeatable, but only once', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  let tries = 0;
  fake.answers['tools/call'] = (_request, link) => {
    tries++;
    queueMicrotask(() => link.options.onLost({ stage: 'transport', message: 'session gone' }));
    throw new GatewayError('upstream_unavailable');
  };
  const call = fixture.server().request(createRequest());
  const rejected = assert.rejects(call, withCode('upstream_unavailable'));
  await fixture.clock.advance(10_000);
  await rejected;
  assert.equal(tries, 2);
});

test('a call of unknown outcome is never repeated unless the request allows it, and then once', async (t) => {
  const fake = createFakeServer();
  fake.answers['tools/call'] = fail('outcome_unknown');
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  await assert.rejects(fixture.server().request(createRequest()), withCode('outcome_unknown'));
  assert.equal(fake.links[0]?.count('tools/call'), 1);
  await assert.rejects(fixture.server().request(createRequest({ repeatable: true })), withCode('outcome_unknown'));
  assert.equal(fake.links[0]?.count('tools/call'), 3);
});

test('a process that dies mid-call leaves the outcome unknown, and the next call is served by its successor', async (t) => {
  const fake = createFakeServer();
  fake.answers['tools/call'] = (_request, link) => (link === fake.links[0] ? new Promise(() => {}) : result({ ok: 1 }));
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const call = fixture.server().request(createRequest());
  await fixture.clock.settle();
  fake.links[0]?.lose();
  await assert.rejects(call, withCode('outcome_unknown'));
  const next = fixture.server().request(createRequest());
  await fixture.clock.advance(200);
  assert.deepEqual(await next, result({ ok: 1 }));
});

test('a server with no time for a call is asked twice more, after 250 ms and 1 s, within the time of the call', async (t) => {
  const fake = createFakeServer();
  let tries = 0;
  fake.answers['tools/call'] = () => {
    if (++tries < 3) throw new GatewayError('upstream_unavailable');
    return result({ tries });
  };
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const call = fixture.server().request(createRequest());
  await fixture.clock.advance(249);
  assert.equal(tries, 1);
  await fixture.clock.advance(1);
  assert.equal(tries, 2);
  await fixture.clock.advance(1_000);
  assert.deepEqual(await call, result({ tries: 3 }));
  tries = -10;
  const short = fixture.server().request(createRequest({ timeoutMs: 600 }));
  const rejected = assert.rejects(short, withCode('upstream_unavailable'));
  await fixture.clock.advance(600);
  await rejected;
  assert.equal(tries, -8, 'the third try would have come too late');
});

test('timeouts and errors of the server are never repeated, and a call is limited by the configuration too', async (t) => {
  const fake = createFakeServer();
  fake.answers['tools/call'] = fail('upstream_timeout');
  const fixture = await start(fake, createConfig('a', { callTimeoutMs: 5_000 }));
  t.after(() => fixture[Symbol.asyncDispose]());
  await assert.rejects(fixture.server().request(createRequest({ repeatable: true })), withCode('upstream_timeout'));
  assert.equal(fake.links[0]?.count('tools/call'), 1);
  assert.equal(fake.links[0]?.requests.at(-1)?.timeoutMs, 5_000);
  fake.answers['tools/call'] = () => rpcError(-32000, 'mine');
  assert.deepEqual(await fixture.server().request(createRequest()), rpcError(-32000, 'mine'));
  assert.equal(fake.links[0]?.count('tools/call'), 2);
});

const TASK = { type: 'task', text: '{"taskId":"t","pollIntervalMs":1000}', taskId: 't' } as const;
const DONE = result({ taskId: 't', status: 'completed', result: { content: [] } });

test('a task is waited for within the place of its call, and what is asked about it takes no other', async (t) => {
  const fake = createFakeServer();
  fake.answers['tools/call'] = () => TASK;
  fake.answers['tasks/get'] = () => DONE;
  const limits = { maxConcurrent: 1, maxQueued: 0, queueTimeoutMs: 1_000 };
  const fixture = await start(fake, createConfig('a', { limits, circuitBreaker: { failures: 1, openMs: 1_000 } }));
  t.after(() => fixture[Symbol.asyncDispose]());
  const answer = fixture.server().request(createRequest());
  await fixture.clock.advance(2_000);
  assert.equal((await answer).type, 'result');
});

test('the time a call has taken is not given to its task once more', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake, createConfig('a', { callTimeoutMs: 5_000 }));
  t.after(() => fixture[Symbol.asyncDispose]());
  const accepted = Promise.withResolvers<typeof TASK>();
  fake.answers['tools/call'] = () => accepted.promise;
  fake.answers['tasks/get'] = () => result({ taskId: 't', status: 'working', pollIntervalMs: 1_000 });
  const answer = fixture.server().request(createRequest());
  const over = assert.rejects(answer, withCode('upstream_timeout'));
  await fixture.clock.advance(4_000);
  accepted.resolve(TASK);
  await fixture.clock.settle();
  await fixture.clock.advance(1_001);
  await over;
});

test('a quiet legacy HTTP server is pinged every minute; one missing answer makes it unstable and opens another link', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake, createConfig('a', { transport: http }));
  t.after(() => fixture[Symbol.asyncDispose]());
  await fixture.clock.advance(59_000);
  await fixture.server().request(createRequest());
  await fixture.clock.advance(59_000);
  assert.equal(fake.links[0]?.count('ping'), 0, 'a call counts as a sign of life');
  await fixture.clock.advance(1_000);
  assert.equal(fake.links[0]?.count('ping'), 1);
  assert.equal(fake.links[0]?.requests.at(-1)?.timeoutMs, 10_000);
  fake.answers.ping = fail('upstream_timeout');
  await fixture.clock.advance(60_000);
  assert.equal(fixture.server().status().lastFailure?.stage, 'ping');
  assert.ok(states(fixture).includes('unstable'));
  await fixture.clock.advance(200);
  assert.equal(fixture.state(), 'healthy');
  assert.equal(fake.links.length, 2);
  assert.equal(fake.links[0]?.closed, true);
});

test('neither stdio nor modern servers are pinged', async (t) => {
  const stdio = createFakeServer();
  const modern = createFakeServer({ era: 'modern' });
  const fixture = createKeepFixture({ a: stdio, b: modern });
  t.after(() => fixture[Symbol.asyncDispose]());
  await fixture.registry.apply([createConfig('a'), createConfig('b', { transport: http })]);
  await fixture.clock.advance(200_000);
  assert.equal(stdio.links[0]?.count('ping'), 0);
  assert.equal(modern.links[0]?.count('ping'), 0);
});

test('list_changed notifications that come together cause one listing, and an offer event only if something changed', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  fixture.events.length = 0;
  for (let n = 0; n < 5; n++) fake.links[0]?.emit('notifications/tools/list_changed');
  await fixture.clock.advance(60);
  assert.equal(fake.links[0]?.count('tools/list'), 2);
  assert.deepEqual(fixture.events, []);
  fake.lists['tools/list'] = [tool('echo'), tool('more')];
  fake.links[0]?.emit('notifications/tools/list_changed');
  await fixture.clock.advance(60);
  assert.deepEqual(fixture.events, [{ type: 'offer-changed', serverId: 'a', lists: ['tools'] }]);
  assert.equal(fixture.server().offer()?.revision, 2);
});

test('a change that comes during a listing is followed by another listing', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const gate = Promise.withResolvers<void>();
  const seen: number[] = [];
  fake.answers['tools/list'] = async () => {
    seen.push(seen.length);
    const text = `{"tools":[${(fake.lists['tools/list'] ?? []).join(',')}]}`;
    await gate.promise;
    return { type: 'result', text };
  };
  const first = fixture.server().refresh();
  await fixture.clock.settle();
  fake.lists['tools/list'] = [tool('late')];
  const second = fixture.server().refresh();
  const third = fixture.server().refresh();
  await fixture.clock.settle();
  assert.equal(seen.length, 1, 'one listing at a time');
  gate.resolve();
  await Promise.all([first, second, third]);
  assert.equal(seen.length, 2, 'one more for both');
  assert.equal(fixture.server().offer()?.tools[0]?.name, 'late');
});

test('lists are refreshed by interval even without a notification', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake, createConfig('a', { refreshIntervalMs: 100_000 }));
  t.after(() => fixture[Symbol.asyncDispose]());
  fake.lists['tools/list'] = [tool('silent')];
  await fixture.clock.advance(99_999);
  assert.equal(fixture.server().offer()?.tools[0]?.name, 'echo');
  await fixture.clock.advance(1);
  assert.equal(fixture.server().offer()?.tools[0]?.name, 'silent');
  await fixture.clock.advance(100_000);
  assert.equal(fake.links[0]?.count('tools/list'), 3);
});

test('a list that fails keeps its old content, makes the server unstable, and is tried again', async (t) => {
  const fake = createFakeServer({
    capabilities: { tools: {}, prompts: {} },
    lists: { 'tools/list': [tool('echo')], 'prompts/list': ['{"name":"p"}'] },
  });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  fake.answers['tools/list'] = () => rpcError(-32603, 'database down');
  fake.lists['prompts/list'] = ['{"name":"p"}', '{"name":"q"}'];
  await assert.rejects(fixture.server().refresh(), withCode('upstream_failed'));
  const offer = fixture.server().offer();
  assert.deepEqual([offer?.tools.length, offer?.prompts.length], [1, 2]);
  assert.equal(fixture.state(), 'unstable');
  assert.equal(fixture.server().status().lastFailure?.stage, 'list');
  assert.match(fixture.server().status().lastFailure?.message ?? '', /database down/);
  assert.equal((await fixture.server().request(createRequest())).type, 'result', 'calls still go through');
  delete fake.answers['tools/list'];
  await fixture.clock.advance(30_000);
  assert.equal(fixture.state(), 'healthy');
});

test('a server that cannot be reached for listing three times gets another link', async (t) => {
  const fake = createFakeServer({ era: 'modern' });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  fake.answers['tools/list'] = (_request, link) => {
    if (link === fake.links[0]) throw new GatewayError('upstream_timeout');
    return result({ tools: [] });
  };
  fake.links[0]?.emit('notifications/tools/list_changed');
  await fixture.clock.advance(4_000);
  assert.equal(fake.links.length, 2);
  assert.equal(fixture.state(), 'healthy');
});

test('calls that cannot be brought to a live link make the gateway look after the server', async (t) => {
  const fake = createFakeServer({ era: 'modern' });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  await fixture.clock.advance(60_000);
  fake.answers['tools/call'] = fail('upstream_unavailable');
  fake.answers['tools/list'] = fail('upstream_unavailable');
  const call = assert.rejects(fixture.server().request(createRequest()), withCode('upstream_unavailable'));
  await fixture.clock.advance(1_400);
  await call;
  assert.equal(fixture.state(), 'unstable');
});

test('refresh tries another link when this one cannot be listed, and swaps only if the other can, letting calls finish', async (t) => {
  const fake = createFakeServer();
  const answer = Promise.withResolvers<void>();
  fake.answers['tools/call'] = async () => {
    await answer.promise;
    return result({ ok: true });
  };
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const call = fixture.server().request(createRequest());
  fake.answers['tools/list'] = (_request, link) => {
    if (link === fake.links[0]) return rpcError(-32603);
    return result({ tools: [JSON.parse(tool('new'))] });
  };
  await fixture.server().refresh();
  assert.equal(fixture.server().offer()?.tools[0]?.name, 'new');
  assert.equal(fixture.state(), 'healthy');
  await fixture.clock.advance(1_000);
  assert.equal(fake.links[0]?.closed, false, 'a call is still under way on the old link');
  answer.resolve();
  assert.deepEqual(await call, result({ ok: true }));
  await fixture.clock.settle();
  assert.equal(fake.links[0]?.closed, true);
});

test('refresh of a failed server tries it at once', async (t) => {
  const fake = createFakeServer({
    onOpen() {
      throw new LinkOpenError('start', 'ENOENT', { transient: false });
    },
  });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  await assert.rejects(fixture.server().refresh(), withCode('upstream_unavailable'));
  assert.equal(fake.attempts.length, 2);
  fake.onOpen = () => {};
  await fixture.server().refresh();
  assert.equal(fixture.state(), 'healthy');
});

test('questions of the server on the shared link are refused at once, since no client was declared there', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const reply = await fake.links[0]?.ask('sampling/createMessage', {});
  assert.equal(JSON.parse((reply as { error: string }).error).code, -32601);
  assert.equal(fake.links[0]?.options.capabilities, '{}');
  assert.equal(fixture.state(), 'healthy');
});

test('the log level is set on every legacy link that can log, also on later ones', async (t) => {
  const fake = createFakeServer({ capabilities: { tools: {}, logging: {} } });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  fixture.server().setLogLevel('debug');
  await fixture.clock.advance(20_000);
  fake.links[0]?.lose();
  await fixture.clock.advance(200);
  for (const link of fake.links)
    assert.deepEqual(
      link.requests.filter((r) => r.method === 'logging/setLevel').map((r) => r.params),
      ['{"level":"debug"}'],
    );
});
