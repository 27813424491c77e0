import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../contracts/errors.ts';
import type { ClientPeer } from '../../contracts/peer.ts';
import type { UpstreamReply, UpstreamRequest } from '../../contracts/upstream.ts';
import { awaitTask } from './await-task.ts';
import { createFakeClock } from './fixtures/fake-clock.ts';

const TIMEOUT_MS = 60_000;
const working = (pollIntervalMs?: unknown): object => ({ status: 'working', pollIntervalMs });
const completed = { status: 'completed', result: { content: [], structuredContent: 7 } };
const asking = (...keys: string[]): object => ({
  status: 'input_required',
  inputRequests: Object.fromEntries(
    keys.map((key) => [key, { method: 'elicitation/create', params: { message: key } }]),
  ),
});

interface Scene {
  readonly first?: object;
  /** What `tasks/get` shows, one after the other; the last one for ever. */
  readonly shows: readonly object[];
  readonly era?: 'legacy' | 'modern';
  readonly askedMs?: number;
}

function play({ first = working(), shows, era = 'legacy', askedMs = 0 }: Scene) {
  const clock = createFakeClock();
  const sent: { method: string; params: { [key: string]: unknown }; atMs: number }[] = [];
  const asked: string[] = [];
  const gone = new AbortController();
  const begunTicks = clock.ticks();
  const peer: ClientPeer = {
    era,
    protocolVersion: '2025-11-25',
    info: undefined,
    capabilities: '{"elicitation":{}}',
    session: undefined,
    logLevel: undefined,
    progressToken: undefined,
    notify() {},
    ask:
      era === 'modern'
        ? undefined
        : async (_method, params) => {
            asked.push(String(JSON.parse(params ?? '{}').message));
            if (askedMs > 0) await new Promise<void>((resolve) => void clock.schedule(askedMs, resolve));
            return { result: '{"action":"accept"}' };
          },
  };
  const request: UpstreamRequest = {
    method: 'tools/call',
    params: '{"name":"t"}',
    name: 't',
    tool: undefined,
    keyId: 'k',
    peer,
    signal: gone.signal,
    timeoutMs: TIMEOUT_MS,
    repeatable: false,
    traceparent: undefined,
  };
  let looks = 0;
  const send = async ({ method, params, name, peer: sender }: UpstreamRequest): Promise<UpstreamReply> => {
    assert.equal(name, 'own id');
    assert.match(sender.capabilities, /"io.modelcontextprotocol\/tasks":\{\}/);
    sent.push({ method, params: JSON.parse(params), atMs: clock.ticks() - begunTicks });
    const shown = shows[Math.min(looks, shows.length - 1)];
    if (method === 'tasks/get') looks++;
    return { type: 'result', text: JSON.stringify(method === 'tasks/get' ? shown : {}) };
  };
  const text = JSON.stringify({ resultType: 'task', taskId: 'own id', ...first });
  const outcome = awaitTask({ clock, send, questionTimeoutMs: 300_000 }, request, {
    type: 'task',
    text,
    taskId: 'own id',
  });
  outcome.catch(() => {});
  const methods = (): string[] => sent.map(({ method }) => method);
  return { outcome, clock, sent, asked, methods, leave: () => gone.abort() };
}

const isError = (code: string) => (error: unknown) => error instanceof GatewayError && error.code === code;

test('the result of the task answers the call, wrapped for a legacy client where its shape is newer', async () => {
  for (const [era, structured] of [
    ['legacy', { result: 7 }],
    ['modern', 7],
  ] as const) {
    const { outcome, clock } = play({ shows: [working(), completed], era });
    await clock.advance(2_000);
    const { text } = await outcome;
    assert.deepEqual(JSON.parse(text).structuredContent, structured);
  }
});

test('the error a task failed with is the error of the call', async () => {
  const error = { code: -32603, message: 'broken' };
  const { outcome, clock } = play({ shows: [{ status: 'failed', error }] });
  await clock.advance(1_000);
  assert.deepEqual(await outcome, { type: 'rpc-error', text: JSON.stringify(error) });
});

test('it looks as often as the server proposes, but neither without pause nor hardly ever', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.double(), fc.integer(), fc.string(), fc.constant(undefined)), async (interval) => {
      const { clock, sent } = play({ first: working(interval), shows: [working(interval)] });
      await clock.advance(TIMEOUT_MS - 1);
      const gaps = sent.map(({ atMs }, i) => atMs - (sent[i - 1]?.atMs ?? 0));
      assert.ok(gaps.length > 0 && gaps.every((gap) => gap >= 100 && gap <= 10_000), JSON.stringify(gaps.slice(0, 9)));
    }),
    { numRuns: 20 },
  );
});

test('a task that takes longer than the call may is cancelled', async () => {
  const { outcome, clock, methods } = play({ shows: [working(10_000)] });
  await clock.advance(TIMEOUT_MS);
  await assert.rejects(outcome, isError('upstream_timeout'));
  assert.equal(methods().at(-1), 'tasks/cancel');
});

test('the time its client takes to answer is not taken from the task, and no question is put twice', async () => {
  const shows = [asking('a'), asking('a', 'b'), working(), asking('a'), completed];
  const { outcome, clock, asked, sent } = play({ shows, askedMs: TIMEOUT_MS });
  await clock.advance(4 * TIMEOUT_MS);
  assert.equal((await outcome).type, 'result');
  assert.deepEqual(asked, ['a', 'b', 'a'], 'only what comes again after it was gone is another question');
  const answers = sent.filter(({ method }) => method === 'tasks/update').map(({ params }) => params.inputResponses);
  assert.deepEqual(
    answers.map((each) => Object.keys(each as object)),
    [['a'], ['b'], ['a']],
  );
});

test('a server that asks without end is given up, and so is one whose task makes no sense', async () => {
  const endless = play({ shows: Array.from({ length: 20 }, (_, i) => asking(`q${i}`)) });
  await endless.clock.advance(TIMEOUT_MS);
  await assert.rejects(endless.outcome, isError('upstream_failed'));
  assert.equal(endless.asked.length, 8);
  for (const odd of [{}, { status: 'completed' }, { status: 'failed', error: 1 }, { status: 'odd' }]) {
    const { outcome, clock, methods } = play({ shows: [odd] });
    await clock.advance(1_000);
    await assert.rejects(outcome, isError('upstream_failed'));
    assert.deepEqual(methods(), ['tasks/get', 'tasks/cancel']);
  }
});

test('who cannot be asked is told what it lacks', async () => {
  const { outcome, clock, methods } = play({ shows: [asking('a')], era: 'modern' });
  await clock.advance(1_000);
  await assert.rejects(outcome, isError('missing_capability'));
  assert.equal(methods().at(-1), 'tasks/cancel');
});

test('when its client is gone the task is cancelled', async () => {
  const { outcome, clock, methods, leave } = play({ shows: [working()] });
  await clock.advance(1_000);
  leave();
  await assert.rejects(outcome, isError('cancelled'));
  assert.equal(methods().at(-1), 'tasks/cancel');
});
