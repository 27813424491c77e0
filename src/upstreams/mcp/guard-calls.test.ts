import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerConfig } from '../../contracts/config.ts';
import { type ErrorCode, GatewayError } from '../../contracts/errors.ts';
import { createFakeServer, result, rpcError } from './fixtures/fake-link.ts';
import { createConfig, createKeepFixture, createRequest, type KeepFixture } from './fixtures/keep-fixture.ts';
import { guardCalls } from './guard-calls.ts';

const LIMITS = { maxConcurrent: 2, maxQueued: 1, queueTimeoutMs: 1_000 };
const BREAKER = { failures: 3, openMs: 10_000 };

async function start(more: Partial<ServerConfig>, answer: () => ReturnType<typeof result> | Promise<never>) {
  let current: typeof answer = answer;
  const fake = createFakeServer({ answers: { 'tools/call': () => current() } });
  const fixture = createKeepFixture({ a: fake });
  await fixture.registry.apply([createConfig('a', more)]);
  await fixture.clock.settle();
  return {
    fixture,
    answerWith: (next: typeof answer) => {
      current = next;
    },
    calls: () => fake.links.reduce((sum, link) => sum + link.count('tools/call'), 0),
  };
}
const fail = (code: ErrorCode) => () => {
  throw new GatewayError(code);
};
/** The code a call ends with, '' if it is answered. */
async function outcome(fixture: KeepFixture, more = {}): Promise<string> {
  const call = fixture
    .server()
    .request(createRequest(more))
    .then(
      () => '',
      (error: unknown) => (error instanceof GatewayError ? error.code : String(error)),
    );
  await fixture.clock.settle();
  return call;
}
const never = () => new Promise<never>(() => {});

test('without bounds the call goes straight on: nothing stands in between', () => {
  const fixture = createKeepFixture({});
  const send = async () => result({});
  const deps = { clock: fixture.clock, onOpen() {}, onChange() {} };
  assert.equal(guardCalls(deps, createConfig('a'), send).send, send);
});

test('calls beyond the bound wait, those beyond the queue are refused, and the status counts both', async (t) => {
  const { fixture, calls } = await start({ limits: LIMITS }, never);
  t.after(() => fixture[Symbol.asyncDispose]());
  const controller = new AbortController();
  const ended = Promise.withResolvers<unknown>();
  fixture
    .server()
    .request(createRequest({ signal: controller.signal }))
    .catch(ended.resolve);
  void outcome(fixture);
  const third = outcome(fixture);
  await fixture.clock.settle();
  assert.deepEqual(fixture.server().status().calls, { running: 2, queued: 1 });
  assert.equal(await outcome(fixture), 'too_many');
  assert.equal(calls(), 2, 'the server saw no more than it may get');
  controller.abort();
  await ended.promise;
  await fixture.clock.settle();
  assert.equal(calls(), 3, 'a place that became free is taken');
  const late = outcome(fixture);
  await fixture.clock.advance(1_000);
  assert.equal(await late, 'too_many', 'who waits too long is refused');
  void third;
});

test('waiting counts into the time limit of a call', async (t) => {
  const { fixture } = await start({ limits: { ...LIMITS, maxConcurrent: 1, queueTimeoutMs: 60_000 } }, never);
  t.after(() => fixture[Symbol.asyncDispose]());
  void outcome(fixture);
  const late = outcome(fixture, { timeoutMs: 500 });
  await fixture.clock.advance(500);
  assert.equal(await late, 'too_many');
});

test('failures in a row open the circuit: calls are refused with the time to wait, then one tries and closes it', async (t) => {
  const { fixture, answerWith, calls } = await start({ circuitBreaker: BREAKER }, fail('upstream_timeout'));
  t.after(() => fixture[Symbol.asyncDispose]());
  for (let n = 0; n < 3; n++) assert.equal(await outcome(fixture), 'upstream_timeout');
  assert.equal(fixture.server().status().circuit, 'open');
  assert.match(fixture.server().status().lastFailure?.message ?? '', /3 calls in a row failed.*upstream_timeout/);
  assert.equal(fixture.events.at(-1)?.type, 'state-changed');
  await assert.rejects(fixture.server().request(createRequest()), (error) => {
    assert.ok(error instanceof GatewayError);
    assert.equal(error.code, 'upstream_unavailable');
    assert.deepEqual(error.data, { retryAfterMs: 10_000 });
    return true;
  });
  assert.equal(calls(), 3, 'the server was left alone');

  await fixture.clock.advance(10_000);
  assert.equal(fixture.server().status().circuit, 'half-open');
  answerWith(never);
  const controller = new AbortController();
  const probe = outcome(fixture, { signal: controller.signal });
  await fixture.clock.settle();
  assert.equal(await outcome(fixture), 'upstream_unavailable', 'only one tries');
  controller.abort();
  assert.equal(await probe, 'cancelled');
  assert.equal(fixture.server().status().circuit, 'half-open', 'a cancelled try proves nothing');

  answerWith(fail('outcome_unknown'));
  assert.equal(await outcome(fixture), 'outcome_unknown');
  assert.equal(fixture.server().status().circuit, 'open', 'a failed try opens it again at once');
  await fixture.clock.advance(10_000);
  answerWith(() => result({}));
  assert.equal(await outcome(fixture), '');
  assert.equal(fixture.server().status().circuit, 'closed');
  assert.equal(await outcome(fixture), '');
});

test('neither errors a tool reports, nor JSON-RPC errors, nor cancelled calls count, and any answer starts the count anew', async (t) => {
  const { fixture, answerWith } = await start({ circuitBreaker: BREAKER }, () =>
    result({ isError: true, content: [] }),
  );
  t.after(() => fixture[Symbol.asyncDispose]());
  for (let n = 0; n < 5; n++) assert.equal(await outcome(fixture), '');
  answerWith(() => rpcError(-32603));
  for (let n = 0; n < 5; n++) assert.equal(await outcome(fixture), '');
  answerWith(fail('cancelled'));
  for (let n = 0; n < 5; n++) assert.equal(await outcome(fixture), 'cancelled');
  for (let round = 0; round < 3; round++) {
    answerWith(fail('upstream_timeout'));
    for (let n = 0; n < 2; n++) await outcome(fixture);
    answerWith(() => rpcError(-32602));
    await outcome(fixture);
  }
  assert.equal(fixture.server().status().circuit, 'closed');
});

test('a circuit that opens sends away who waits for a place, and a late failure of before says nothing about after', async (t) => {
  const { fixture, answerWith } = await start(
    {
      limits: { ...LIMITS, maxConcurrent: 1, maxQueued: 5, queueTimeoutMs: 60_000 },
      circuitBreaker: { ...BREAKER, failures: 1 },
    },
    never,
  );
  t.after(() => fixture[Symbol.asyncDispose]());
  const gate = Promise.withResolvers<never>();
  answerWith(() => gate.promise);
  const first = outcome(fixture);
  const waiting = [outcome(fixture), outcome(fixture)];
  await fixture.clock.settle();
  gate.reject(new GatewayError('upstream_timeout'));
  assert.equal(await first, 'upstream_timeout');
  assert.deepEqual(await Promise.all(waiting), ['upstream_unavailable', 'upstream_unavailable']);
  assert.deepEqual(fixture.server().status().calls, { running: 0, queued: 0 });
});
