import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import { createFakeServer, type FakeLink, type FakeServer, result, rpcError, tool } from './fixtures/fake-link.ts';
import { createConfig, createKeepFixture, type KeepFixture } from './fixtures/keep-fixture.ts';

const legacy = (): FakeServer =>
  createFakeServer({ capabilities: { resources: { subscribe: true } }, lists: { 'resources/list': [] } });
const modern = (): FakeServer => Object.assign(legacy(), { era: 'modern' });

async function start(fake: FakeServer): Promise<KeepFixture> {
  const fixture = createKeepFixture({ a: fake });
  await fixture.registry.apply([createConfig('a')]);
  await fixture.clock.settle();
  return fixture;
}
/** What was asked about subscriptions, in order. */
const asked = (link: FakeLink | undefined): string[] =>
  (link?.requests ?? [])
    .filter((r) => r.method.includes('subscribe'))
    .map((r) => `${r.method.slice('resources/'.length)} ${(JSON.parse(r.params) as { uri: string }).uri}`);

test('however many listen to a resource, the server is subscribed to once, until the last one leaves', async (t) => {
  const fake = legacy();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const heard: string[] = [];
  const server = fixture.server();
  const leave1 = await server.subscribe('memo:x', (uri, params) => heard.push(`1 ${uri} ${params}`));
  const leave2 = await server.subscribe('memo:x', (uri) => heard.push(`2 ${uri}`));
  fake.links[0]?.emit('notifications/resources/updated', { uri: 'memo:x', extra: 1 });
  fake.links[0]?.emit('notifications/resources/updated', { uri: 'memo:other' });
  assert.deepEqual(heard, ['1 memo:x {"uri":"memo:x","extra":1}', '2 memo:x']);
  leave1();
  leave1();
  await fixture.clock.settle();
  assert.deepEqual(asked(fake.links[0]), ['subscribe memo:x']);
  leave2();
  await fixture.clock.settle();
  assert.deepEqual(asked(fake.links[0]), ['subscribe memo:x', 'unsubscribe memo:x']);
  fake.links[0]?.emit('notifications/resources/updated', { uri: 'memo:x' });
  assert.equal(heard.length, 2);
});

test('an update of a part reaches those who subscribed to the whole', async (t) => {
  const fake = legacy();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const heard: string[] = [];
  await fixture.server().subscribe('file:///dir', (uri) => heard.push(uri));
  fake.links[0]?.emit('notifications/resources/updated', { uri: 'file:///dir/a.txt' });
  fake.links[0]?.emit('notifications/resources/updated', { uri: 'file:///directory' });
  assert.deepEqual(heard, ['file:///dir/a.txt']);
});

test('leaving and coming back at once ends subscribed, because requests for one resource never overtake each other', async (t) => {
  const fake = legacy();
  const gates: (() => void)[] = [];
  const slow = () => new Promise<ReturnType<typeof result>>((resolve) => gates.push(() => resolve(result({}))));
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const leave = await fixture.server().subscribe('memo:x', () => {});
  fake.answers['resources/unsubscribe'] = slow;
  leave();
  await fixture.clock.settle();
  const back = fixture.server().subscribe('memo:x', () => {});
  await fixture.clock.settle();
  assert.deepEqual(asked(fake.links[0]), ['subscribe memo:x', 'unsubscribe memo:x']);
  for (const open of gates) open();
  await back;
  assert.equal(asked(fake.links[0]).at(-1), 'subscribe memo:x');
});

test('a refusal by the server reaches the one who asked, and leaves nothing behind', async (t) => {
  const fake = legacy();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  for (const [reply, code] of [
    [rpcError(-32002), 'unknown_resource'],
    [rpcError(-32602), 'unknown_resource'],
    [rpcError(-32603), 'upstream_failed'],
  ] as const) {
    fake.answers['resources/subscribe'] = () => reply;
    await assert.rejects(
      fixture.server().subscribe('memo:x', () => {}),
      (error: unknown) => error instanceof GatewayError && error.code === code,
    );
  }
  await fixture.clock.advance(20_000);
  fake.links[0]?.lose();
  await fixture.clock.advance(200);
  assert.deepEqual(asked(fake.links[1]), []);
});

test('a server without subscriptions is not asked', async (t) => {
  const fake = createFakeServer({ capabilities: { resources: {} }, lists: { 'resources/list': [] } });
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  await assert.rejects(
    fixture.server().subscribe('memo:x', () => {}),
    (error: unknown) => error instanceof GatewayError && error.code === 'unknown_method',
  );
  assert.deepEqual(asked(fake.links[0]), []);
});

test('subscriptions are sent again after a reconnect', async (t) => {
  const fake = legacy();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const heard: string[] = [];
  for (const uri of ['memo:x', 'memo:y']) await fixture.server().subscribe(uri, (u) => heard.push(u));
  await fixture.clock.advance(20_000);
  fake.links[0]?.lose();
  await fixture.clock.advance(200);
  assert.deepEqual(asked(fake.links[1]).sort(), ['subscribe memo:x', 'subscribe memo:y']);
  fake.links[1]?.emit('notifications/resources/updated', { uri: 'memo:y' });
  assert.deepEqual(heard, ['memo:y']);
});

test('subscriptions survive a change of the configuration', async (t) => {
  const fake = legacy();
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const heard: string[] = [];
  const leave = await fixture.server().subscribe('memo:x', (uri) => heard.push(uri));
  await fixture.registry.apply([createConfig('a', { fingerprint: 'a-2' })]);
  await fixture.clock.settle();
  assert.deepEqual(asked(fake.links[1]), ['subscribe memo:x']);
  fake.links[1]?.emit('notifications/resources/updated', { uri: 'memo:x' });
  assert.deepEqual(heard, ['memo:x']);
  leave();
  await fixture.clock.settle();
  assert.equal(asked(fake.links[1]).at(-1), 'unsubscribe memo:x');
});

test('a modern server is listened to for what it can tell, and for the union of the resources wanted', async (t) => {
  const fake = modern();
  fake.capabilities = { tools: { listChanged: true }, prompts: {}, resources: { subscribe: true } };
  fake.lists['tools/list'] = [tool('echo')];
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const filters = (): unknown[] => fake.links[0]?.filters.map((filter) => JSON.parse(filter)) ?? [];
  assert.deepEqual(filters(), [{ toolsListChanged: true }]);
  const heard: string[] = [];
  const leaves = await Promise.all(
    ['memo:x', 'memo:y'].map((uri) => fixture.server().subscribe(uri, (_uri, params) => heard.push(params))),
  );
  await fixture.clock.settle();
  assert.deepEqual(filters().at(-1), { toolsListChanged: true, resourceSubscriptions: ['memo:x', 'memo:y'] });
  const meta = { 'io.modelcontextprotocol/subscriptionId': 7 };
  fake.links[0]?.emit('notifications/resources/updated', { uri: 'memo:x', _meta: meta });
  fake.links[0]?.emit('notifications/resources/updated', { uri: 'memo:x', _meta: { ...meta, own: 1 } });
  assert.deepEqual(heard, ['{"uri":"memo:x"}', '{"uri":"memo:x","_meta":{"own":1}}']);
  leaves[0]?.();
  await fixture.clock.settle();
  assert.deepEqual(filters().at(-1), { toolsListChanged: true, resourceSubscriptions: ['memo:y'] });
  assert.deepEqual(asked(fake.links[0]), []);
});
