import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchEvent } from '../../../contracts/call.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { MAX_LISTENS_PER_KEY } from './listen.ts';
import { MAX_LISTEN_URIS } from './listen-filter.ts';
import { type Post, post, type RawAnswer, result, startEdge, startPost, until } from './test-support.ts';

const listen = (notifications: unknown, more: Partial<Post> = {}): Post => ({
  method: 'subscriptions/listen',
  params: { notifications },
  ...more,
});
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

interface Frame {
  readonly method?: string;
  readonly id?: unknown;
  readonly params?: { readonly _meta?: JsonObject; readonly notifications?: unknown; readonly uri?: string };
  readonly result?: JsonObject & { readonly _meta?: JsonObject };
}
const next = async (answer: RawAnswer): Promise<Frame> => JSON.parse(await answer.nextEvent()) as Frame;

test('the first message acknowledges what was asked, under the id of the listen as it was spelled', async (t) => {
  const edge = await startEdge(() => result('{}'));
  t.after(() => edge[Symbol.asyncDispose]());
  const body = `{"jsonrpc":"2.0","id":12345678901234567890,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true,"promptsListChanged":false,"somethingElse":["x"]},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`;
  const answer = await post(edge.url, listen({}, { body }));
  assert.equal(answer.headers['content-type'], 'text/event-stream');
  assert.equal(
    await answer.nextEvent(),
    `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":{"toolsListChanged":true},"_meta":{"${SUBSCRIPTION}":12345678901234567890}}}`,
  );
});

test("only changes that were asked for arrive, each marked with the listen's id", async (t) => {
  const edge = await startEdge(() => result('{}'));
  t.after(() => edge[Symbol.asyncDispose]());
  const answer = await post(
    edge.url,
    listen({ promptsListChanged: true, resourceSubscriptions: ['a:b'] }, { id: 'L' }),
  );
  assert.deepEqual((await next(answer)).params?.notifications, {
    promptsListChanged: true,
    resourceSubscriptions: ['a:b'],
  });
  const fire = (event: WatchEvent): void => edge.gateway.watches[0]?.request.onEvent(event);
  fire({ type: 'list-changed', list: 'tools' });
  fire({ type: 'list-changed', list: 'resources' });
  fire({ type: 'resource-updated', uri: 'other:uri', params: '{"uri":"other:uri"}' });
  fire({ type: 'resource-updated', uri: 'a:b', params: '{"uri":"a:b","n":1.0,"_meta":{"x/y":1}}' });
  fire({ type: 'list-changed', list: 'prompts' });
  assert.equal(
    await answer.nextEvent(),
    `{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:b","n":1.0,"_meta":{"x/y":1,"${SUBSCRIPTION}":"L"}}}`,
  );
  const last = await next(answer);
  assert.deepEqual([last.method, last.params?._meta], ['notifications/prompts/list_changed', { [SUBSCRIPTION]: 'L' }]);
});

test('each resource is subscribed through the gateway; what is refused, fails or takes too long is not acknowledged', async (t) => {
  const edge = await startEdge(
    (call) => {
      if (call.name === 'no:t') throw new GatewayError('unknown_resource');
      if (call.name === 'err:or') return { type: 'rpc-error', text: '{"code":1,"message":"x"}' };
      if (call.name === 'bro:ken') return Promise.reject(new Error('bug'));
      if (call.name === 'slow:ly') return new Promise(() => {});
      return result('{}');
    },
    { subscribeTimeoutMs: 20 },
  );
  t.after(() => edge[Symbol.asyncDispose]());
  const uris = ['no:t', 'a:1', 'err:or', 'bro:ken', 'slow:ly', 'a:2', 'a:1'];
  const answer = await post(edge.url, listen({ resourceSubscriptions: uris }, { path: '/one' }));
  assert.deepEqual((await next(answer)).params?.notifications, { resourceSubscriptions: ['a:1', 'a:2'] });
  const { calls } = edge.gateway;
  assert.deepEqual(new Set(calls.map((call) => `${call.kind} ${call.name}`)).size, 6);
  for (const call of calls) {
    assert.deepEqual([call.kind, call.params.value], ['resources.subscribe', { uri: call.name }]);
    assert.deepEqual(call.endpoint, { type: 'server', serverId: 'one' });
    assert.notEqual(call.watch, undefined);
  }
  assert.equal(calls.find((call) => call.name === 'slow:ly')?.signal.aborted, true);
});

test('changes that happen before the acknowledgement come after it', async (t) => {
  const agreed = Promise.withResolvers<void>();
  const edge = await startEdge(() => agreed.promise.then(() => result('{}')));
  t.after(() => edge[Symbol.asyncDispose]());
  const answer = await post(edge.url, listen({ toolsListChanged: true, resourceSubscriptions: ['a:b'] }));
  await until(() => edge.gateway.calls.length === 1);
  const fire = (event: WatchEvent): void => edge.gateway.watches[0]?.request.onEvent(event);
  for (let i = 0; i < 3; i++) fire({ type: 'list-changed', list: 'tools' });
  for (const n of [1, 2]) fire({ type: 'resource-updated', uri: 'a:b', params: `{"uri":"a:b","n":${n}}` });
  agreed.resolve();
  assert.equal((await next(answer)).method, 'notifications/subscriptions/acknowledged');
  assert.equal((await next(answer)).method, 'notifications/tools/list_changed');
  assert.match(await answer.nextEvent(), /"n":2/);
});

test('a client that goes away ends its watch and the subscriptions still under way', async (t) => {
  const edge = await startEdge(() => new Promise(() => {}));
  t.after(() => edge[Symbol.asyncDispose]());
  const answer = await post(edge.url, listen({ resourceSubscriptions: ['a:b'] }));
  await until(() => edge.gateway.calls.length === 1);
  answer.disconnect();
  await until(() => edge.gateway.watches[0]?.disposed === true);
  assert.equal(edge.gateway.calls[0]?.signal.aborted, true);
});

test('shutdown ends streams with an empty result and then closes them', async (t) => {
  const edge = await startEdge(() => result('{}'));
  t.after(() => edge[Symbol.asyncDispose]());
  const answer = await post(edge.url, listen({ toolsListChanged: true }, { id: 'L' }));
  await next(answer);
  edge.modern.closeAll();
  const end = await next(answer);
  assert.deepEqual([end.id, end.result?.resultType, end.result?._meta?.[SUBSCRIPTION]], ['L', 'complete', 'L']);
  await answer.text();
  assert.equal(edge.gateway.watches[0]?.disposed, true);
});

test('a listen for which nothing can be honoured says so and ends', async (t) => {
  const edge = await startEdge(() => {
    throw new GatewayError('unknown_resource');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const answer = await post(edge.url, listen({ resourceSubscriptions: ['a:b'] }));
  assert.deepEqual((await next(answer)).params?.notifications, {});
  assert.equal((await next(answer)).result?.resultType, 'complete');
  await answer.text();
});

test('a key that was revoked learns of no further change', async (t) => {
  const edge = await startEdge(() => result('{}'));
  t.after(() => edge[Symbol.asyncDispose]());
  const answer = await post(edge.url, listen({ toolsListChanged: true }));
  await next(answer);
  edge.gateway.keys.delete('key-a');
  edge.gateway.watches[0]?.request.onEvent({ type: 'list-changed', list: 'tools' });
  assert.equal((await next(answer)).method, undefined);
  await answer.text();
});

test('one key has so many streams and no more; another key is not concerned, and a closed one makes room', async (t) => {
  const edge = await startEdge(() => result('{}'));
  t.after(() => edge[Symbol.asyncDispose]());
  const open: RawAnswer[] = [];
  for (let i = 0; i < MAX_LISTENS_PER_KEY; i++)
    open.push(await post(edge.url, listen({ toolsListChanged: true }, { id: i })));
  const tooMany = await post(edge.url, listen({ toolsListChanged: true }));
  assert.deepEqual([tooMany.status, ((await tooMany.json()) as { error: { code: number } }).error.code], [200, -31503]);
  const other = await post(
    edge.url,
    listen({ toolsListChanged: true }, { headers: { authorization: 'Bearer key-b' } }),
  );
  assert.equal(other.headers['content-type'], 'text/event-stream');
  open[0]?.disconnect();
  await until(() => edge.gateway.watches[0]?.disposed === true);
  const again = await post(edge.url, listen({ toolsListChanged: true }));
  assert.equal(again.headers['content-type'], 'text/event-stream');
});

const refused: readonly (readonly [string, Post, number, number])[] = [
  ['no filter', listen(undefined), 400, -32602],
  ['a filter that is no object', listen([]), 400, -32602],
  ['a switch that is no switch', listen({ toolsListChanged: 'yes' }), 400, -32602],
  ['URIs that are no list', listen({ resourceSubscriptions: 'a:b' }), 400, -32602],
  ['URIs that are no strings', listen({ resourceSubscriptions: [1] }), 400, -32602],
  [
    'too many URIs',
    listen({ resourceSubscriptions: Array.from({ length: MAX_LISTEN_URIS + 1 }, (_, i) => `a:${i}`) }),
    200,
    -31503,
  ],
  ['no key', listen({}, { headers: { authorization: undefined } }), 401, -31401],
  ['an endpoint that is not there', listen({}, { path: '/two' }), 404, -31404],
  ['no event stream accepted', listen({}, { headers: { accept: 'application/json' } }), 406, -31407],
];
for (const [what, message, status, code] of refused) {
  test(`refused with ${status} and ${code} before a stream or watch is opened: ${what}`, async (t) => {
    const edge = await startEdge(() => result('{}'));
    t.after(() => edge[Symbol.asyncDispose]());
    const { answer } = startPost(edge.url, message);
    const reply = (await (await answer).json()) as { error: { code: number } };
    assert.deepEqual([(await answer).status, reply.error.code], [status, code]);
    assert.equal(edge.gateway.watches.length, 0);
  });
}
