import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelCall } from '../../contracts/call.ts';
import type { ChatEvent } from '../../contracts/chat.ts';
import { GatewayError } from '../../contracts/errors.ts';
import {
  type ByteStream,
  type ChatModelRequest,
  type ModelOutcome,
  type ModelProvider,
  type ModelRequest,
  type ProviderCall,
  ProviderFailure,
  type ProviderFailureKind,
} from '../../contracts/models.ts';
import type { ModelTarget, ProviderConfig } from '../../contracts/models-config.ts';
import { Secret } from '../../contracts/secret.ts';
import { createAttempt } from './attempt.ts';
import { createModelHealth } from './model-health.ts';

type Answer = Extract<ModelOutcome, { type: 'chat' | 'chat-stream' }>;
type Act = (call: ProviderCall<ChatModelRequest>) => Promise<Answer> | Answer;

const ANSWER: Answer = { type: 'chat', answer: { lane: 'pass', value: '{}' } };
const fail =
  (kind: ProviderFailureKind, options: { status?: number; retryAfterMs?: number; publicText?: string } = {}): Act =>
  () => {
    throw new ProviderFailure(kind, `says sk-secret ${kind}`, options);
  };

/** Providers that do what their list says, one item a call, and answer when it is used up. */
function bench(
  scripts: { readonly [provider: string]: Act[] },
  options: { readonly config?: Partial<ProviderConfig>; readonly keys?: readonly string[] } = {},
) {
  const asked: string[] = [];
  const warnings: string[] = [];
  let nowMs = 0;
  const providers = new Map<string, ModelProvider>();
  for (const [id, script] of Object.entries(scripts)) {
    const config: ProviderConfig = {
      ...{ id, type: 'fake', enabled: true, preset: undefined, baseUrl: '', headers: {}, cloud: undefined },
      ...{ apiVersion: undefined, models: [], quirks: { refuses: [], renames: {}, streamUsage: true, has: [] } },
      keys: (options.keys ?? []).map((name) => ({ name, value: new Secret('sk-secret'), weight: 1, models: ['*'] })),
      ...{ timeoutMs: 60_000, firstByteTimeoutMs: 10_000, idleTimeoutMs: 10_000, maxRetries: 1, maxAnswerBytes: 1_000 },
      circuitBreaker: { failures: 100, openMs: 1_000 },
      ...options.config,
    };
    providers.set(id, {
      ...{ id, config, embed: undefined, countTokens: undefined, pass: undefined, listModels: undefined },
      chat: async (call) => {
        asked.push(call.key === undefined ? id : `${id}#${call.key.name}`);
        const act = script.shift();
        return act === undefined ? ANSWER : act(call);
      },
    });
  }
  const log = {
    debug() {},
    info() {},
    error() {},
    warn: (text: string, fields: object = {}) => void warnings.push(`${text} ${JSON.stringify(fields)}`),
  };
  const health = createModelHealth({ monotonicMs: () => nowMs });
  const attempt = createAttempt({
    ...{ providers: () => providers, health, log, monotonicMs: () => nowMs },
    random: () => 0,
  });
  const stages = Object.keys(scripts).map((provider): ModelTarget[] => [{ provider, model: 'm', weight: 1 }]);
  const abort = new AbortController();
  const callOf = (request: Partial<ChatModelRequest> = {}): ModelCall & { readonly model: ChatModelRequest } => {
    const model = {
      ...{ operation: 'chat', dialect: 'openai-chat', stream: false, headers: new Map() },
      wishes: { fallbacks: undefined, timeoutMs: undefined, toolMode: undefined, namesTools: false },
      ...request,
    };
    const call = { name: 'm', model, params: { text: '{}', value: {} }, facts: { plan: { stages, rule: undefined } } };
    return { ...call, startedMs: 0, signal: abort.signal } as unknown as ModelCall & {
      readonly model: ChatModelRequest;
    };
  };
  return {
    ...{ asked, warnings, health, abort, callOf, stages },
    pass: (ms: number) => {
      nowMs += ms;
    },
    run: (call = callOf()) => attempt(call, (provider) => provider.chat),
  };
}

async function refused(work: Promise<unknown>): Promise<GatewayError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    return error;
  }
  throw new Error('it answered');
}

const streamOf = (pieces: (string | Error)[], left: () => void = () => {}): ByteStream => ({
  [Symbol.asyncIterator]: () => ({
    async next() {
      const piece = pieces.shift();
      if (piece instanceof Error) throw piece;
      return piece === undefined ? { done: true, value: undefined } : { done: false, value: Buffer.from(piece) };
    },
    async return() {
      left();
      return { done: true, value: undefined };
    },
  }),
});
const streaming = (stream: ByteStream): Answer => ({
  ...{ type: 'chat-stream', contentType: 'text/event-stream', stream: { lane: 'pass', value: stream } },
});

const translated = (lists: (readonly ChatEvent[])[], left: () => void = () => {}): Answer => ({
  ...{ type: 'chat-stream', contentType: 'text/event-stream' },
  stream: {
    lane: 'neutral',
    value: {
      [Symbol.asyncIterator]: () => ({
        async next() {
          const value = lists.shift();
          return value === undefined ? { done: true, value } : { done: false, value };
        },
        async return() {
          left();
          return { done: true, value: undefined };
        },
      }),
    },
  },
});

async function readEvents(outcome: Answer, into: ChatEvent[]): Promise<void> {
  assert.ok(outcome.type === 'chat-stream' && outcome.stream.lane === 'neutral');
  for await (const events of outcome.stream.value) into.push(...events);
}

async function read(outcome: Answer): Promise<string> {
  assert.equal(outcome.type, 'chat-stream');
  let text = '';
  if (outcome.type === 'chat-stream' && outcome.stream.lane === 'pass')
    for await (const chunk of outcome.stream.value) text += Buffer.from(chunk).toString();
  return text;
}

/** What the guide's table says. `same`: asked once more; `next`: then the fallback is. */
const TABLE: { readonly [kind in ProviderFailureKind]: readonly string[] } = {
  'rate-limited': ['a', 'a', 'b'],
  overloaded: ['a', 'a', 'b'],
  'server-error': ['a', 'a', 'b'],
  unreachable: ['a', 'a', 'b'],
  'connection-lost': ['a', 'a', 'b'],
  malformed: ['a', 'a', 'b'],
  timeout: ['a', 'b'],
  'quota-exceeded': ['a', 'b'],
  unauthorized: ['a', 'b'],
  'unknown-model': ['a', 'b'],
  unsupported: ['a', 'b'],
  'context-too-long': ['a', 'b'],
  'invalid-request': ['a'],
  'content-filtered': ['a'],
  cancelled: ['a'],
};

for (const [kind, asked] of Object.entries(TABLE) as [ProviderFailureKind, readonly string[]][]) {
  test(`after ${kind}: ${asked.join(', ')}`, async () => {
    const { run, asked: seen, callOf } = bench({ a: [fail(kind), fail(kind)], b: [] });
    const call = callOf();
    if (asked.at(-1) === 'b') assert.equal(await run(call), ANSWER);
    else await refused(run(call));
    assert.deepEqual(seen, asked);
    assert.equal(call.facts.model?.attempts.length, asked.length);
    assert.equal(call.facts.model?.attempts[0]?.failure, kind);
  });
}

test('a key that is limited or refused is followed by the next one at once, without a pause or a retry', async () => {
  for (const kind of ['rate-limited', 'quota-exceeded', 'unauthorized'] as const) {
    const { run, asked } = bench(
      { a: [fail(kind, { retryAfterMs: 9_000_000 })] },
      { keys: ['k1', 'k2'], config: { maxRetries: 0 } },
    );
    await run();
    assert.deepEqual(asked, ['a#k1', 'a#k2']);
  }
});

test('a key that was refused is left alone by later calls for a while, and the operator hears of it once, without the key', async () => {
  const { run, asked, warnings, pass } = bench({ a: [fail('unauthorized', { status: 401 })], b: [] }, { keys: ['k1'] });
  await run();
  await run();
  assert.deepEqual(asked, ['a#k1', 'b#k1', 'b#k1']);
  pass(60_000);
  await run();
  assert.deepEqual(asked.slice(3), ['a#k1']);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /"provider":"a","key":"k1"/);
  assert.doesNotMatch(warnings[0] ?? '', /sk-secret/);
});

test('of a target that is down the operator hears why, once a minute, and never in the words of a provider', async () => {
  const { run, warnings, pass } = bench({
    a: [fail('server-error', { status: 500 }), fail('server-error', { status: 500 }), fail('server-error')],
    b: [],
  });
  await run();
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /"provider":"a","model":"m","failure":"server-error","status":500/);
  assert.doesNotMatch(warnings[0] ?? '', /sk-secret/);
  pass(60_000);
  await run();
  assert.equal(warnings.length, 2);
});

test('a Retry-After beyond the deadline or our patience is not waited for', async () => {
  const { run, asked } = bench({ a: [fail('rate-limited', { status: 429, retryAfterMs: 5_000 })], b: [] });
  await run();
  assert.deepEqual(asked, ['a', 'b']);
  const alone = bench({ a: [fail('overloaded', { retryAfterMs: 5_000 })] });
  const wishes = { fallbacks: undefined, timeoutMs: 4_000, toolMode: undefined, namesTools: false };
  const error = await refused(alone.run(alone.callOf({ wishes })));
  assert.deepEqual([error.code, error.data?.retryAfterMs], ['provider_unavailable', 5_000]);
  assert.deepEqual(alone.asked, ['a']);
});

test('where all keys of a provider are used up, the caller is told to wait for the first that will be free', async () => {
  const limited = (retryAfterMs?: number) =>
    fail('rate-limited', { status: 429, ...(retryAfterMs !== undefined && { retryAfterMs }) });
  for (const waits of [
    [90_000, 20_000, 50_000],
    [undefined, 20_000, 70_000],
  ]) {
    const keys = ['one', 'two', 'three'];
    const { run, asked } = bench({ a: waits.map((each) => limited(each)) }, { keys });
    const error = await refused(run());
    assert.deepEqual([error.code, error.data?.retryAfterMs], ['provider_rate_limited', 20_000]);
    assert.equal(new Set(asked).size, 3);
  }
});

test('the caller is told what the first target answered first, with every attempt, and no secret', async () => {
  const { run, callOf } = bench({
    a: [fail('server-error', { status: 500 }), fail('overloaded', { status: 503 })],
    b: [fail('unauthorized', { status: 401 })],
  });
  const call = callOf();
  const error = await refused(run(call));
  assert.equal(error.code, 'provider_failed');
  assert.deepEqual(error.data, {
    provider: 'a',
    model: 'm',
    attempts: [
      { provider: 'a', model: 'm', failure: 'server-error', status: 500, durationMs: 0 },
      { provider: 'a', model: 'm', failure: 'overloaded', status: 503, durationMs: 0 },
      { provider: 'b', model: 'm', failure: 'unauthorized', status: 401, durationMs: 0 },
    ],
  });
  assert.doesNotMatch(error.message, /secret/);
  assert.equal(call.facts.serverId, 'a');
});

test('a failure of the request itself is the last word, whoever found it', async () => {
  const { run } = bench({
    a: [fail('timeout')],
    b: [fail('invalid-request', { status: 400, publicText: 'no such role' })],
  });
  const error = await refused(run());
  assert.equal(error.code, 'refused_by_provider');
  assert.match(error.message, /no such role/);
});

test('after a context that is too long the other targets of the stage are not asked, the next stage is', async () => {
  const { run, asked, stages } = bench({ a: [fail('context-too-long')], b: [fail('context-too-long')], c: [] });
  const [a = [], b = [], c = []] = stages.splice(0);
  stages.push([...a, ...b], c);
  await run();
  assert.deepEqual(asked, ['a', 'c']);
});

test('an upload is not sent twice where it may have taken effect, but is where it cannot', async () => {
  for (const [kind, count] of [
    ['connection-lost', 1],
    ['server-error', 1],
    ['timeout', 1],
    ['unreachable', 2],
    ['rate-limited', 2],
  ] as const) {
    const { run, asked, callOf } = bench({ a: [fail(kind)] });
    const call = callOf();
    const raw = { method: 'POST', path: 'files', contentType: undefined, body: undefined };
    const request = { ...call.model, operation: 'pass', raw } as unknown as ModelRequest;
    const work = run({ ...call, model: request as ChatModelRequest });
    if (count === 1) await refused(work);
    else await work;
    assert.equal(asked.length, count, kind);
  }
});

test('a stream that fails before its first piece is made up for by the next target; one that breaks later is not', async () => {
  const { run, asked, callOf } = bench({
    a: [() => streaming(streamOf([new ProviderFailure('connection-lost', 'gone')])), () => streaming(streamOf([]))],
    b: [() => streaming(streamOf(['one', new ProviderFailure('connection-lost', 'gone')]))],
    c: [],
  });
  const call = callOf({ stream: true });
  const error = await refused(run(call).then(read));
  assert.deepEqual(asked, ['a', 'a', 'b']);
  assert.deepEqual([error.code, error.data?.provider], ['provider_failed', 'b']);
  assert.deepEqual(
    call.facts.model?.attempts.map(({ provider, failure }) => [provider, failure]),
    [
      ['a', 'connection-lost'],
      ['a', 'malformed'],
      ['b', 'connection-lost'],
    ],
  );
});

test('a stream is handed on piece by piece, whole, and leaving it leaves the provider, also before it was begun', async () => {
  const { run } = bench({ a: [() => streaming(streamOf(['', 'one', 'two']))] });
  assert.equal(await run().then(read), 'onetwo');
  let left = 0;
  const early = bench({ a: [() => streaming(streamOf(['one', 'two'], () => left++))] });
  const outcome = await early.run();
  assert.ok(outcome.type === 'chat-stream');
  await outcome.stream.value[Symbol.asyncIterator]().return?.();
  assert.equal(left, 1);
});

test('a translated stream that breaks its promises at once is made up for by the next target, and ends as it breaks them later', async () => {
  const start: ChatEvent = { type: 'start', id: '1', model: 'm', createdAtS: 0 };
  const begun: ChatEvent = { type: 'part-start', choice: 0, part: 0, value: { type: 'text', text: '' } };
  const end: readonly ChatEvent[] = [{ type: 'choice-end', choice: 0, stop: 'end' }, { type: 'end' }];
  let left = 0;
  const { run, asked, callOf } = bench({
    a: [() => translated([[end[0] ?? start]]), () => translated([[start, start]])],
    b: [() => translated([[start], [begun], [start], end], () => left++), () => translated([[start, begun], end])],
  });
  const call = callOf({ stream: true });
  const events: ChatEvent[] = [];
  const broken = await refused(run(call).then((outcome) => readEvents(outcome, events)));
  assert.deepEqual([broken.code, events, left], ['provider_failed', [start, begun], 1]);
  assert.deepEqual(asked, ['a', 'a', 'b']);
  assert.deepEqual(
    call.facts.model?.attempts.map(({ failure }) => failure),
    ['malformed', 'malformed', 'malformed'],
  );

  const whole = bench({ a: [() => translated([[start, begun], end])] });
  const mended: ChatEvent[] = [];
  await readEvents(await whole.run(), mended);
  assert.deepEqual(mended, [start, begun, { type: 'part-end', choice: 0, part: 0 }, ...end]);
});

test("an answer whose reading runs out of stack is its provider's failure, whole and in the middle of a stream", async () => {
  const tooDeep = (): never => {
    throw new RangeError('Maximum call stack size exceeded');
  };
  const { run, asked } = bench({ a: [tooDeep, tooDeep], b: [] });
  await run();
  assert.deepEqual(asked, ['a', 'a', 'b']);
  const late = bench({ a: [() => streaming(streamOf(['one', new RangeError('Invalid string length')]))] });
  assert.equal((await refused(late.run().then(read))).code, 'provider_failed');
});

test('who goes away is not served on: not while a provider is silent, not in a pause, not in a stream', async () => {
  let left = 0;
  const silent: ByteStream = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      async return() {
        left++;
        return { done: true, value: undefined };
      },
    }),
  };
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const hanging: Act = () => {
    begin();
    return new Promise(() => {});
  };
  const head = bench({ a: [hanging], b: [] });
  const work = refused(head.run());
  await begun;
  head.abort.abort();
  assert.equal((await work).code, 'cancelled');
  assert.deepEqual(head.asked, ['a']);

  const stream = bench({ a: [() => streaming(silent)], b: [] });
  const first = refused(stream.run());
  setImmediate(() => stream.abort.abort());
  assert.equal((await first).code, 'cancelled');
  assert.deepEqual([stream.asked, left], [['a'], 1]);

  const paused = bench({ a: [fail('overloaded', { retryAfterMs: 1_500 })], b: [] });
  const waiting = refused(paused.run());
  setImmediate(() => paused.abort.abort());
  assert.equal((await waiting).code, 'cancelled');
  assert.deepEqual(paused.asked, ['a']);
});

test('the time a request allows itself ends an attempt that does not answer, and its stream', async () => {
  const wishes = { fallbacks: undefined, timeoutMs: 30, toolMode: undefined, namesTools: false };
  const signals: { readonly aborted: boolean }[] = [];
  const silent: Act = ({ signal }) => {
    signals.push(signal);
    return new Promise(() => {});
  };
  const head = bench({ a: [silent] });
  assert.equal((await refused(head.run(head.callOf({ wishes })))).code, 'provider_timeout');
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true],
    'the provider is told to stop',
  );
  const once: ByteStream = {
    [Symbol.asyncIterator]() {
      let isFirst = true;
      return {
        next: () => {
          if (!isFirst) return new Promise(() => {});
          isFirst = false;
          return Promise.resolve({ done: false, value: Buffer.from('x') });
        },
      };
    },
  };
  const stream = bench({ a: [() => streaming(once)] });
  const call = stream.callOf({ wishes, stream: true });
  assert.equal((await refused(stream.run(call).then(read))).code, 'provider_timeout');
  assert.equal(call.facts.model?.attempts[0]?.failure, 'timeout');
});

test('a model that keeps failing is left out, and the caller is told for how long', async () => {
  const scripts = { a: [fail('server-error'), fail('server-error')], b: [] };
  const { run, asked, stages } = bench(scripts, { config: { circuitBreaker: { failures: 2, openMs: 700 } } });
  await run();
  await run();
  assert.deepEqual(asked, ['a', 'a', 'b', 'b']);
  stages.pop();
  const error = await refused(run());
  assert.deepEqual([error.code, error.data?.retryAfterMs], ['provider_unavailable', 700]);
});

test('what a failed attempt consumed is kept apart from what the answer did', async () => {
  const costly: Act = ({ report }) => {
    report.usage = { inputTokens: 7, outputTokens: 1 };
    throw new ProviderFailure('malformed', 'half an answer');
  };
  const good: Act = ({ report }) => {
    report.usage = { inputTokens: 7, outputTokens: 9 };
    return ANSWER;
  };
  const { run, callOf } = bench({ a: [costly, good] });
  const call = callOf();
  await run(call);
  assert.equal(call.facts.model?.usage?.outputTokens, 9);
  assert.deepEqual(call.facts.model?.wasted, [
    { provider: 'a', model: 'm', usage: { inputTokens: 7, outputTokens: 1 } },
  ]);
});

test('where none answered, what the attempt that the caller is told of consumed stands in the report, once', async () => {
  const costly =
    (outputTokens: number): Act =>
    ({ report }) => {
      report.usage = { inputTokens: 7, outputTokens };
      throw new ProviderFailure('malformed', 'half an answer');
    };
  const { run, callOf } = bench({ a: [costly(1), costly(2)], b: [costly(3), fail('timeout')] });
  const call = callOf();
  await refused(run(call));
  const { usage, provider, wasted, attempts } = call.facts.model ?? {};
  assert.deepEqual([provider, usage?.outputTokens, attempts?.length], ['a', 1, 4]);
  assert.deepEqual(
    wasted?.map((each) => [each.provider, each.usage.outputTokens]),
    [
      ['a', 2],
      ['b', 3],
    ],
  );
});

test('what belongs to a thread goes to the same key every time', async () => {
  const { run, asked, callOf } = bench({ a: [] }, { keys: ['k1', 'k2', 'k3'] });
  for (let i = 0; i < 6; i++) {
    const params = { text: '', value: { thread: { type: 'continue' } } };
    const facts = { ...callOf().facts, caller: { keyId: 'me', keyName: 'me', grant: { allow: [], deny: [] } } };
    await run({ ...callOf(), params, facts });
  }
  assert.equal(new Set(asked).size, 1);
});

test('no call makes more than 32 attempts', async () => {
  const scripts = Object.fromEntries(
    Array.from({ length: 40 }, (_, i): [string, Act[]] => [`p${i}`, [fail('timeout')]]),
  );
  const { run, asked } = bench(scripts);
  await refused(run());
  assert.equal(asked.length, 32);
});
