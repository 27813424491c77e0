import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import type { PeerSession } from '../../contracts/peer.ts';
import type { UpstreamReply } from '../../contracts/upstream.ts';
import { createFakeServer, type FakeServer, result } from './fixtures/fake-link.ts';
import {
  createConfig,
  createKeepFixture,
  createPeer,
  createRequest,
  createSession,
  type KeepFixture,
} from './fixtures/keep-fixture.ts';
import { LinkOpenError } from './link.ts';

const CAPABLE = '{"sampling":{},"elicitation":{"form":{}}}';
const withCode = (code: string) => (error: unknown) => error instanceof GatewayError && error.code === code;

async function start(fake: FakeServer): Promise<KeepFixture> {
  const fixture = createKeepFixture({ a: fake });
  await fixture.registry.apply([createConfig('a')]);
  await fixture.clock.settle();
  return fixture;
}

function call(
  fixture: KeepFixture,
  session: PeerSession | undefined,
  more: { keyId?: string; capabilities?: string; era?: 'legacy' | 'modern'; signal?: AbortSignal } = {},
): Promise<UpstreamReply> {
  const peer = createPeer({ session, capabilities: more.capabilities ?? CAPABLE, era: more.era ?? 'legacy' });
  return fixture
    .server()
    .request(
      createRequest({ peer, keyId: more.keyId ?? 'key-1', signal: more.signal ?? new AbortController().signal }),
    );
}

test('a client with capabilities gets a link of its own that declares exactly these; one without shares', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  await call(fixture, createSession('s1'), { capabilities: '{}' });
  await call(fixture, createSession('s1'), { capabilities: '{"experimental":{}}' });
  assert.equal(fake.links.length, 1);
  await call(fixture, createSession('s2'));
  assert.equal(fake.links.length, 2);
  assert.deepEqual(JSON.parse(fake.links[1]?.options.capabilities ?? ''), JSON.parse(CAPABLE));
  assert.equal(fake.links[1]?.options.eraHint, 'legacy');
  assert.equal(fake.links[1]?.count('tools/call'), 1);
});

test('capabilities in another order are the same; other keys and other capabilities never share a link', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  await call(fixture, createSession('s1'));
  await call(fixture, createSession('s2'), { capabilities: '{"elicitation":{"form":{}},"sampling":{}}' });
  assert.equal(fake.links.length, 2);
  await call(fixture, createSession('s3'), { keyId: 'key-2' });
  await call(fixture, createSession('s4'), { capabilities: '{"roots":{"listChanged":true}}' });
  assert.equal(fake.links.length, 4);
  assert.equal(fake.links[3]?.options.capabilities, '{"roots":{"listChanged":true}}');
});

test('modern clients that declare nothing, and modern servers, need no link of their own', async (t) => {
  const legacy = createFakeServer();
  const modern = createFakeServer({ era: 'modern' });
  const fixture = createKeepFixture({ a: legacy, b: modern });
  t.after(() => fixture[Symbol.asyncDispose]());
  await fixture.registry.apply([createConfig('a'), createConfig('b')]);
  await fixture.clock.settle();
  await call(fixture, undefined, { era: 'modern', capabilities: '{"extensions":{"a/b":{}}}' });
  const peer = createPeer({ session: createSession('s1'), capabilities: CAPABLE });
  await fixture.server('b').request(createRequest({ peer }));
  assert.deepEqual([legacy.links.length, modern.links.length], [1, 1]);
  assert.equal(modern.links[0]?.requests.at(-1)?.peer, peer);
});

test('a modern client that can be asked gets a link that declares just that, shared with its like of the same key', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const able = {
    era: 'modern',
    capabilities: '{"roots":{"listChanged":true},"elicitation":{},"extensions":{"a/b":{}}}',
  } as const;
  await call(fixture, undefined, able);
  await call(fixture, undefined, able);
  await call(fixture, undefined, { era: 'modern', capabilities: '{"elicitation":{}}' });
  assert.deepEqual(
    fake.attempts.map(({ capabilities }) => capabilities),
    ['{}', '{"elicitation":{},"roots":{}}', '{"elicitation":{}}'],
  );
});

test('callers that come while the link is being opened wait for the same one', async (t) => {
  const gate = Promise.withResolvers<void>();
  const fake = createFakeServer({ onOpen: (_options, attempt) => (attempt === 2 ? gate.promise : undefined) });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const session = createSession('s1');
  const calls = [call(fixture, session), call(fixture, session), call(fixture, createSession('s2'))];
  await fixture.clock.settle();
  gate.resolve();
  await Promise.all(calls);
  assert.equal(fake.attempts.length, 2);
  assert.equal(fake.links[1]?.count('tools/call'), 3);
});

test('a caller that is cancelled while its link is being opened leaves the others waiting', async (t) => {
  const gate = Promise.withResolvers<void>();
  const fake = createFakeServer({ onOpen: (_options, attempt) => (attempt === 2 ? gate.promise : undefined) });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const cancel = new AbortController();
  const first = assert.rejects(call(fixture, createSession('s1'), { signal: cancel.signal }), withCode('cancelled'));
  const second = call(fixture, createSession('s2'));
  await fixture.clock.settle();
  cancel.abort();
  await first;
  gate.resolve();
  assert.equal((await second).type, 'result');
});

test('a link that cannot be opened is the error of that call only, and the next call tries again', async (t) => {
  const fake = createFakeServer({
    onOpen(_options, attempt) {
      if (attempt === 2) throw new LinkOpenError('initialize', 'secret detail', { transient: true });
      if (attempt === 3) throw new LinkOpenError('credential', '401', { transient: false, needsAuth: true });
    },
  });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  await assert.rejects(call(fixture, createSession('s1')), (error: unknown) => {
    assert.ok(error instanceof GatewayError && error.code === 'upstream_unavailable');
    assert.doesNotMatch(error.message, /secret detail/);
    return true;
  });
  assert.equal(fixture.state(), 'healthy');
  await assert.rejects(call(fixture, createSession('s1')), withCode('upstream_needs_auth'));
  assert.equal((await call(fixture, createSession('s1'))).type, 'result');
});

test('a link is closed after five minutes without use, not before and not during a call', async (t) => {
  const fake = createFakeServer();
  const answer = Promise.withResolvers<void>();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  await call(fixture, createSession('s1'));
  await fixture.clock.advance(200_000);
  fake.answers['tools/call'] = async () => {
    await answer.promise;
    return result({});
  };
  const long = call(fixture, createSession('s1'));
  await fixture.clock.advance(400_000);
  assert.equal(fake.links[1]?.closed, false);
  answer.resolve();
  await long;
  await fixture.clock.advance(299_999);
  assert.equal(fake.links[1]?.closed, false);
  await fixture.clock.advance(1);
  assert.equal(fake.links[1]?.closed, true);
  await call(fixture, createSession('s1'));
  assert.equal(fake.links.length, 3);
});

test('at most sixteen: the one idle for longest makes room, and if all are in use the call is refused', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  for (let n = 0; n < 16; n++) {
    await call(fixture, createSession(`s${n}`), { keyId: `key-${n}` });
    await fixture.clock.advance(10);
  }
  await call(fixture, createSession('s0'), { keyId: 'key-0' });
  assert.equal(fake.links.length, 17);
  await call(fixture, createSession('s16'), { keyId: 'key-16' });
  assert.deepEqual(
    fake.links.flatMap((link, n) => (link.closed ? n : [])),
    [2],
    'key-1 was idle for longest',
  );
  const answer = Promise.withResolvers<void>();
  fake.answers['tools/call'] = async () => {
    await answer.promise;
    return result({});
  };
  const held = Array.from({ length: 16 }, (_, n) =>
    call(fixture, createSession(`t${n}`), { keyId: n < 1 ? 'key-0' : `key-${n + 1}` }),
  );
  await fixture.clock.settle();
  await assert.rejects(call(fixture, createSession('s1'), { keyId: 'key-1' }), withCode('too_many'));
  answer.resolve();
  await Promise.all(held);
});

test('questions outside of a call go to the most recently active open session, also during the handshake', async (t) => {
  const roots = '{"roots":{}}';
  const early = Promise.withResolvers<unknown>();
  const fake = createFakeServer({
    onOpen(options, attempt) {
      if (attempt === 2)
        options.onServerMessage({ type: 'request', method: 'roots/list', params: undefined, answer: early.resolve });
    },
  });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const first = createSession('first');
  const second = createSession('second');
  await call(fixture, first, { capabilities: roots });
  assert.deepEqual(await early.promise, { result: '{"from":"first"}' });
  await call(fixture, second, { capabilities: roots });
  const [, link] = fake.links;
  assert.deepEqual(await link?.ask('roots/list'), { result: '{"from":"second"}' });
  second.closed = true;
  assert.deepEqual(await link?.ask('roots/list'), { result: '{"from":"first"}' });
  first.closed = true;
  const refused = (await link?.ask('roots/list')) as { error: string };
  assert.equal(JSON.parse(refused.error).code, -32601);
});

test('what the client did not declare is refused without asking it, and its failure to answer becomes an error', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const session = createSession('s1', {
    ask: () => Promise.reject(new GatewayError('cancelled')),
  });
  await call(fixture, session, { capabilities: '{"roots":{}}' });
  const [, link] = fake.links;
  const refused = (await link?.ask('sampling/createMessage', {})) as { error: string };
  assert.equal(JSON.parse(refused.error).code, -32601);
  const failed = (await link?.ask('roots/list')) as { error: string };
  assert.equal(JSON.parse(failed.error).code, -31499);
});

test('log messages outside of a call reach the sessions of that link from their level up', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const all = createSession('all');
  const errors = createSession('errors', { logLevel: 'error' });
  const stranger = createSession('stranger');
  await call(fixture, all);
  await call(fixture, errors);
  await call(fixture, stranger, { keyId: 'key-2' });
  fake.links[1]?.emit('notifications/message', { level: 'info', data: 1 });
  fake.links[1]?.emit('notifications/message', { level: 'critical', data: 2 });
  fake.links[1]?.emit('notifications/tools/list_changed');
  assert.deepEqual([all.notified.length, errors.notified.length, stranger.notified.length], [2, 1, 0]);
});

test('a lost link of one caller is opened again by the next call and leaves the server healthy', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  await call(fixture, createSession('s1'));
  fake.links[1]?.lose();
  await call(fixture, createSession('s1'));
  assert.equal(fake.links.length, 3);
  assert.equal(fixture.state(), 'healthy');
});

test('a caller with its own link is served while the shared link is being re-established', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  await call(fixture, createSession('s1'));
  fake.onOpen = () => new Promise(() => {});
  fake.links[0]?.lose();
  assert.equal((await call(fixture, createSession('s1'))).type, 'result');
});

test('the log level reaches the links of callers, open ones and later ones', async (t) => {
  const fake = createFakeServer({ capabilities: { tools: {}, logging: {} } });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  await call(fixture, createSession('s1'));
  fixture.server().setLogLevel('warning');
  await call(fixture, createSession('s2'), { keyId: 'key-2' });
  await fixture.clock.settle();
  assert.deepEqual(
    fake.links.map((link) => link.count('logging/setLevel')),
    [1, 1, 1],
  );
});

test('a client that says its roots changed is heard by its own links only, and by none once it is gone', async (t) => {
  const fake = createFakeServer();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const changed = new Set<() => void>();
  const session = createSession('s1', {
    onRootsChanged(listener) {
      changed.add(listener);
      return () => void changed.delete(listener);
    },
  });
  await call(fixture, session, { capabilities: '{"roots":{"listChanged":true}}' });
  await call(fixture, createSession('s2'), { keyId: 'key-2' });
  for (const tell of changed) tell();
  assert.deepEqual(
    fake.links.map(({ notified }) => notified),
    [[], ['notifications/roots/list_changed'], []],
  );
  fake.links[1]?.lose();
  assert.equal(changed.size, 0);
});
