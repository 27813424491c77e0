import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CacheConfig } from '../contracts/config.ts';
import { GatewayError } from '../contracts/errors.ts';
import type { UpstreamReply } from '../contracts/upstream.ts';
import { createHarness, type FakeServer, offerOf } from './fixtures/harness.ts';

type Rule = CacheConfig['tools'][number]['value'];
const TOOLS = offerOf({ tools: [{ name: 'read', readOnly: true }, { name: 'write' }] });
const HIT = /"portcullis\.dev\/cache":\{"hit":true,"ageMs":\d+\}/;

function start(rule: Partial<Rule> = {}) {
  const value: Rule = { ttlMs: 60_000, scope: 'caller', readOnly: false, ...rule };
  const cache: CacheConfig = { tools: [{ source: 'a', server: 'a', tool: '*', value }], maxBytes: 1_000_000 };
  const harness = createHarness({ a: TOOLS, b: TOOLS }, { config: { cache } });
  harness.keys.add('other', { allow: ['*'], deny: [] });
  harness.gateway.refreshKeys();
  const server = harness.servers.get('a') as FakeServer;
  let answers = 0;
  server.answer = async () => ({ type: 'result', text: `{"content":[],"n":${++answers}}` });
  const call = (
    args: string,
    more: { name?: string; key?: string; endpoint?: string; rest?: string; signal?: AbortSignal } = {},
  ) => {
    const { name = 'a__read', rest = '', ...options } = more;
    return harness.call('tools.call', { name, params: `{"name":"${name}","arguments":${args}${rest}}`, ...options });
  };
  return { harness, server, call };
}
/** Answers given by hand, in the order of the calls. */
function byHand(server: FakeServer) {
  const calls: ReturnType<typeof Promise.withResolvers<UpstreamReply>>[] = [];
  server.answer = (request) => {
    const answer = Promise.withResolvers<UpstreamReply>();
    calls.push(answer);
    request.signal.addEventListener('abort', () => answer.reject(new GatewayError('cancelled')));
    return answer.promise;
  };
  return calls;
}
const result = (text: string): UpstreamReply => ({ type: 'result', text });
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('an equal call, however its arguments are spelt, is answered without the server, marked, and recorded as such', async () => {
  const { harness, server, call } = start();
  assert.equal((await call('{"a":1,"b":[2]}')).text, '{"content":[],"n":1}', 'fetched: to the byte');
  const hit = await call('{ "b": [2], "a": 1 }', { rest: ',"_meta":{"progressToken":1}' });
  assert.match(hit.text, /"n":1/);
  assert.match(hit.text, HIT);
  assert.equal(server.requests.length, 1);
  const rows = harness.trail.events.filter(({ type }) => type === 'record');
  assert.deepEqual(
    rows.map(({ cached, upstreamMs }) => [cached, upstreamMs === 0]),
    [
      [undefined, false],
      [true, true],
    ],
  );
});

test('what differs in anything the server could see is another call', async () => {
  const { server, call } = start();
  await call('{"id":9007199254740992}');
  await call('{"id":9007199254740993}');
  await call('{"id":9007199254740992}', { key: 'other' });
  await call('{"id":9007199254740992}', { name: 'read', endpoint: 'a' });
  for (const rest of [',"task":{}', ',"_meta":{"vendor/x":1}', ',"inputResponses":{}'])
    for (let twice = 0; twice < 2; twice++) await call('{"id":9007199254740992}', { rest });
  assert.equal(server.requests.length, 10);
});

test('one key gets what another asked for only where the configuration says so, and only if it may call the tool', async () => {
  const { harness, server, call } = start({ scope: 'public' });
  harness.keys.add('nobody', { allow: ['b'], deny: [] });
  harness.gateway.refreshKeys();
  await call('{}');
  assert.match((await call('{}', { key: 'other' })).text, HIT);
  await assert.rejects(call('{}', { key: 'nobody' }), /Unknown tool/);
  assert.equal(server.requests.length, 1);
});

test('only tools that read are cached, unless the configuration vouches for them; other servers never', async () => {
  const plain = start();
  for (let twice = 0; twice < 2; twice++) {
    await plain.call('{}', { name: 'a__write' });
    await plain.call('{}', { name: 'b__read' });
  }
  assert.equal(plain.server.requests.length, 2);
  assert.equal(plain.harness.servers.get('b')?.requests.length, 2);
  const vouched = start({ readOnly: true });
  for (let twice = 0; twice < 2; twice++) await vouched.call('{}', { name: 'a__write' });
  assert.equal(vouched.server.requests.length, 1);
});

test('errors, questions, tasks and answers that could be read in two ways are not kept', async () => {
  const { server, call } = start();
  const odd: UpstreamReply[] = [
    result('{"content":[],"isError":true}'),
    { type: 'rpc-error', text: '{"code":-32603,"message":"no"}' },
    result('{"resultType":"input_required","inputRequests":{}}'),
    result('{"task":{"taskId":"1"}}'),
    result('{"content":[],"_meta":{"a":1,"a":2}}'),
  ];
  for (const [n, reply] of odd.entries()) {
    server.answer = async () => reply;
    for (let twice = 0; twice < 2; twice++) assert.equal((await call(`{"n":${n}}`)).text, reply.text);
  }
  assert.equal(server.requests.length, 2 * odd.length);
  server.answer = async () => {
    throw new GatewayError('upstream_failed');
  };
  for (let twice = 0; twice < 2; twice++) await assert.rejects(call('{}'));
  assert.equal(server.requests.length, 2 * odd.length + 2);
});

test('an answer serves only for its time, until the server changes its lists, and until the configuration changes', async () => {
  const short = start({ ttlMs: 1 });
  await short.call('{}');
  const begun = performance.now();
  while (performance.now() - begun < 2);
  await short.call('{}');
  assert.equal(short.server.requests.length, 2);

  const { harness, server, call } = start();
  await call('{}');
  harness.servers.get('b')?.setOffer({ ...TOOLS, revision: 2 });
  await call('{}');
  assert.equal(server.requests.length, 1, 'another server changed');
  server.setOffer({ ...TOOLS, revision: 2 });
  await call('{}');
  assert.equal(server.requests.length, 2);
  harness.gateway.swap(harness.config());
  await call('{}');
  assert.equal(server.requests.length, 3);
});

test('equal calls at once are made once; each is recorded, and what the server says goes to all', async () => {
  const { harness, server, call } = start();
  const calls = byHand(server);
  const [first, second, third] = [call('{}'), call('{}'), call('{"other":1}')];
  await settle();
  assert.equal(calls.length, 2);
  calls[0]?.resolve(result('{"content":[],"isError":true}'));
  calls[1]?.resolve(result('{"content":[]}'));
  assert.equal((await first).text, (await second).text);
  await third;
  const rows = harness.trail.events.filter(({ type }) => type === 'record');
  assert.deepEqual(
    rows.map(({ result: end, cached }) => [end, cached]).sort(),
    [
      ['ok', undefined],
      ['tool-error', undefined],
      ['tool-error', true],
    ].sort(),
  );
});

test('a client that leaves takes nobody with it: its call is made again for the others, once', async () => {
  const { server, call } = start();
  const calls = byHand(server);
  const [leader, follower] = [new AbortController(), new AbortController()];
  const first = call('{}', { signal: leader.signal });
  const second = call('{}', { signal: follower.signal });
  const others = [call('{}'), call('{}')];
  await settle();
  follower.abort();
  await assert.rejects(second, /cancelled/);
  assert.equal(calls.length, 1, 'who follows leaves alone');
  leader.abort();
  await assert.rejects(first, /cancelled/);
  await settle();
  assert.equal(calls.length, 2);
  calls[1]?.resolve(result('{"content":[1]}'));
  for (const other of others) assert.match((await other).text, /"content":\[1\]/);
  assert.match((await call('{}')).text, HIT);
  assert.equal(calls.length, 2);
});

test('questions of one call are never put to another: the other asks for itself', async () => {
  const { server, call } = start();
  const calls = byHand(server);
  const both = [call('{}'), call('{}')];
  await settle();
  calls[0]?.resolve(result('{"resultType":"input_required","requestState":"s"}'));
  await settle();
  assert.equal(calls.length, 2);
  calls[1]?.resolve(result('{"content":[]}'));
  const texts = (await Promise.all(both)).map(({ text }) => text);
  assert.deepEqual(texts, ['{"resultType":"input_required","requestState":"s"}', '{"content":[]}']);
});
