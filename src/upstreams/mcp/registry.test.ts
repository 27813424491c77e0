import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import { createFakeServer, result, tool } from './fixtures/fake-link.ts';
import { createConfig, createKeepFixture, createPeer, createRequest, createSession } from './fixtures/keep-fixture.ts';

const changed = (id: string, version: number, more: object = {}) =>
  createConfig(id, { fingerprint: `${id}-${version}`, ...more });

test('servers are shown in the order of the configuration, and unchanged ones keep their links', async (t) => {
  const fakes = { a: createFakeServer(), b: createFakeServer(), c: createFakeServer() };
  const fixture = createKeepFixture(fakes);
  t.after(() => fixture[Symbol.asyncDispose]());
  await fixture.registry.apply([createConfig('a'), createConfig('b')]);
  await fixture.clock.settle();
  const a = fixture.server('a');
  await fixture.registry.apply([createConfig('c'), createConfig('a'), createConfig('b')]);
  await fixture.clock.settle();
  assert.deepEqual([...fixture.registry.current().keys()], ['c', 'a', 'b']);
  assert.equal(fixture.server('a'), a);
  assert.deepEqual([fakes.a.links.length, fakes.b.links.length, fakes.c.links.length], [1, 1, 1]);
});

test('a changed server serves from its old instance until the new one is healthy; calls under way finish on the old', async (t) => {
  const fake = createFakeServer();
  const answer = Promise.withResolvers<void>();
  fake.answers['tools/call'] = async (_request, link) => {
    if (link === fake.links[0]) await answer.promise;
    return result({ link: fake.links.indexOf(link) });
  };
  const fixture = createKeepFixture({ a: fake });
  t.after(() => fixture[Symbol.asyncDispose]());
  await fixture.registry.apply([createConfig('a')]);
  await fixture.clock.settle();
  const old = fixture.server().request(createRequest());
  const gate = Promise.withResolvers<void>();
  fake.onOpen = () => gate.promise;
  fake.lists['tools/list'] = [tool('echo'), tool('new')];
  fixture.events.length = 0;
  await fixture.registry.apply([changed('a', 2)]);
  await fixture.clock.advance(5_000);
  assert.equal(fixture.server().config.fingerprint, 'a-1');
  assert.equal(fixture.server().offer()?.tools.length, 1);
  gate.resolve();
  await fixture.clock.settle();
  assert.equal(fixture.server().config.fingerprint, 'a-2');
  assert.deepEqual(
    fixture.events.map((e) => e.type),
    ['state-changed', 'offer-changed'],
  );
  assert.equal(fixture.server().offer()?.revision, 2);
  assert.deepEqual(await fixture.server().request(createRequest()), result({ link: 1 }));
  assert.equal(fake.links[0]?.closed, false);
  answer.resolve();
  assert.deepEqual(await old, result({ link: 0 }));
  await fixture.clock.settle();
  assert.equal(fake.links[0]?.closed, true);
  assert.equal(fixture.state(), 'healthy');
});

test('a call that does not end is given 30 s on the old instance', async (t) => {
  const fake = createFakeServer();
  fake.answers['tools/call'] = () => new Promise(() => {});
  const fixture = createKeepFixture({ a: fake });
  t.after(() => fixture[Symbol.asyncDispose]());
  await fixture.registry.apply([createConfig('a')]);
  await fixture.clock.settle();
  const call = assert.rejects(
    fixture.server().request(createRequest()),
    (error: unknown) => error instanceof GatewayError && error.code === 'outcome_unknown',
  );
  await fixture.registry.apply([changed('a', 2)]);
  await fixture.clock.advance(29_000);
  assert.equal(fake.links[0]?.closed, false);
  await fixture.clock.advance(2_000);
  assert.equal(fake.links[0]?.closed, true);
  await call;
});

test('a changed server that does not get healthy is shown after 10 s all the same', async (t) => {
  const fake = createFakeServer();
  const fixture = createKeepFixture({ a: fake });
  t.after(() => fixture[Symbol.asyncDispose]());
  await fixture.registry.apply([createConfig('a')]);
  await fixture.clock.settle();
  fake.onOpen = () => new Promise(() => {});
  await fixture.registry.apply([changed('a', 2)]);
  await fixture.clock.advance(9_999);
  assert.equal(fixture.state(), 'healthy');
  fixture.events.length = 0;
  await fixture.clock.advance(1);
  assert.equal(fixture.state(), 'starting');
  assert.equal(fixture.server().offer(), undefined);
  assert.deepEqual(fixture.events.at(-1), { type: 'offer-changed', serverId: 'a', lists: ['tools'] });
});

test('a second change while the first is still starting takes its place; going back cancels it', async (t) => {
  const fake = createFakeServer();
  const fixture = createKeepFixture({ a: fake });
  t.after(() => fixture[Symbol.asyncDispose]());
  await fixture.registry.apply([createConfig('a')]);
  await fixture.clock.settle();
  const gates = new Map<string, PromiseWithResolvers<void>>();
  fake.onOpen = (options) => {
    const gate = Promise.withResolvers<void>();
    gates.set(options.config.fingerprint, gate);
    return gate.promise;
  };
  await fixture.registry.apply([changed('a', 2)]);
  await fixture.registry.apply([changed('a', 2)]);
  assert.equal(fake.attempts.length, 2, 'the same change twice is one change');
  await fixture.registry.apply([changed('a', 3)]);
  assert.equal(fake.attempts[1]?.signal.aborted, true);
  gates.get('a-2')?.resolve();
  await fixture.clock.settle();
  assert.equal(fixture.server().config.fingerprint, 'a-1');
  assert.equal(fake.links[1]?.closed, true, 'the abandoned one is closed although it came up');
  await fixture.registry.apply([createConfig('a')]);
  gates.get('a-3')?.resolve();
  await fixture.clock.advance(20_000);
  assert.equal(fixture.server().config.fingerprint, 'a-1');
  assert.equal(fixture.state(), 'healthy');
  assert.deepEqual(
    fake.links.map((link) => link.closed),
    [false, true, true],
  );
});

test('switching a server off and on again takes effect at once', async (t) => {
  const fake = createFakeServer();
  const fixture = createKeepFixture({ a: fake });
  t.after(() => fixture[Symbol.asyncDispose]());
  await fixture.registry.apply([createConfig('a')]);
  await fixture.clock.settle();
  await fixture.registry.apply([changed('a', 2, { enabled: false })]);
  assert.equal(fixture.state(), 'disabled');
  await fixture.clock.settle();
  assert.equal(fake.links[0]?.closed, true);
  await fixture.registry.apply([changed('a', 3)]);
  assert.equal(fixture.state(), 'starting');
  await fixture.clock.settle();
  assert.equal(fixture.state(), 'healthy');
});

test('a removed server is gone at once, says what it takes along, and lets its calls finish', async (t) => {
  const fake = createFakeServer();
  const answer = Promise.withResolvers<void>();
  fake.answers['tools/call'] = async () => {
    await answer.promise;
    return result({ ok: true });
  };
  const fixture = createKeepFixture({ a: fake });
  t.after(() => fixture[Symbol.asyncDispose]());
  await fixture.registry.apply([createConfig('a')]);
  await fixture.clock.settle();
  const peer = createPeer({ session: createSession('s1'), capabilities: '{"roots":{}}' });
  const calls = [fixture.server().request(createRequest()), fixture.server().request(createRequest({ peer }))];
  await fixture.clock.settle();
  fixture.events.length = 0;
  await fixture.registry.apply([]);
  assert.equal(fixture.registry.current().size, 0);
  assert.deepEqual(fixture.events, [{ type: 'offer-changed', serverId: 'a', lists: ['tools'] }]);
  await fixture.clock.settle();
  assert.deepEqual(
    fake.links.map((link) => link.closed),
    [false, false],
  );
  answer.resolve();
  for (const call of calls) assert.deepEqual(await call, result({ ok: true }));
  await fixture.clock.settle();
  assert.deepEqual(
    fake.links.map((link) => link.closed),
    [true, true],
  );
});

test('whoever still holds a removed server gets an error, not silence', async (t) => {
  const fixture = createKeepFixture({ a: createFakeServer() });
  t.after(() => fixture[Symbol.asyncDispose]());
  await fixture.registry.apply([createConfig('a')]);
  await fixture.clock.settle();
  const held = fixture.server();
  await fixture.registry.apply([]);
  await assert.rejects(held.request(createRequest()), /being removed/);
});

test('closing ends every link, also those that are draining or whose close hangs, and says nothing more', async () => {
  const fakes = { a: createFakeServer(), b: createFakeServer() };
  fakes.a.answers['tools/call'] = () => new Promise(() => {});
  const fixture = createKeepFixture(fakes);
  await fixture.registry.apply([createConfig('a'), createConfig('b')]);
  await fixture.clock.settle();
  const call = assert.rejects(fixture.server('a').request(createRequest()));
  await fixture.clock.settle();
  const [, b] = [fakes.a.links[0], fakes.b.links[0]];
  if (b !== undefined) b.close = () => new Promise(() => {});
  await fixture.registry.apply([createConfig('b')]);
  fixture.events.length = 0;
  const closing = fixture.registry[Symbol.asyncDispose]();
  await fixture.clock.advance(10_000);
  await closing;
  await call;
  assert.equal(fakes.a.links[0]?.closed, true);
  assert.deepEqual(fixture.events, []);
  assert.deepEqual(fixture.clock.pending(), [], 'no timer is left');
});

test('a listener that throws does not keep others from hearing', async (t) => {
  const fixture = createKeepFixture({ a: createFakeServer() });
  t.after(() => fixture[Symbol.asyncDispose]());
  const heard: string[] = [];
  fixture.registry.onEvent(() => {
    throw new Error('mine');
  });
  const stop = fixture.registry.onEvent((event) => heard.push(event.type));
  await fixture.registry.apply([createConfig('a')]);
  await fixture.clock.settle();
  assert.deepEqual(heard, ['state-changed', 'offer-changed', 'state-changed']);
  stop();
  await fixture.registry.apply([]);
  assert.equal(heard.length, 3);
  assert.ok(fixture.lines.some((line) => line.message === 'a listener failed'));
});
