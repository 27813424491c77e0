/**
 * Providers that misbehave on the wire, in every combination: what is asked next is what the guide's table says, exactly one
 * answer reaches the client, and each call leaves one record.
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import OpenAI from 'openai';
import { assemble } from '../../src/app/assemble.ts';
import type { GatewayConfig } from '../../src/contracts/config.ts';
import type { Log } from '../../src/contracts/log.ts';
import { parseConfig } from '../../src/platform/config/parse-config.ts';
import { openSpendStore } from '../../src/platform/stores/sqlite/spend.ts';
import type { Script, ScriptFault } from '../../src/upstreams/models/fake/script.ts';
import { readTrail } from '../support/gateway.ts';
import {
  type MockProvider,
  type MockReply,
  type MockRequest,
  startMockProvider,
} from '../support/providers/mock-provider.ts';
import { createTempDir } from '../support/temp-dir.ts';

const TARGETS = ['a', 'b', 'c'] as const;
type Target = (typeof TARGETS)[number];

const FAULTS = [
  ...['ok', '429', '429-soon', '429-late', '500', '503', '401', '400', 'hang-head', 'reset-head', 'garbage-head'],
  ...['wrong-json', 'hang-stream', 'reset-stream', 'garbage-stream', 'half'],
] as const;
type Fault = (typeof FAULTS)[number];

/** Shorter than a loaded machine ever needs for an answer of a few bytes. */
const TIMEOUT_MS = 700;

/** What a pretended provider says, in pieces when it streams. */
const wordsOf = (target: Target): readonly string[] => ['this ', 'is ', 'the ', 'answer ', 'of ', target];

const chunkOf = (delta: object, finish: string | null): string =>
  `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const USAGE = { prompt_tokens: 1_000, completion_tokens: 10, total_tokens: 1_010 };

function piecesOf(target: Target, isStream: boolean): readonly string[] {
  const words = wordsOf(target);
  if (isStream) {
    const usage = `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: USAGE })}\n\n`;
    return [...words.map((content) => chunkOf({ content }, null)), chunkOf({}, 'stop'), usage, 'data: [DONE]\n\n'];
  }
  const message = { role: 'assistant', content: words.join('') };
  const choices = [{ index: 0, message, finish_reason: 'stop' }];
  const text = JSON.stringify({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices, usage: USAGE });
  return [text.slice(0, 40), text.slice(40)];
}

function replyOf(target: Target, fault: Fault, isStream: boolean): MockReply {
  const pieces = piecesOf(target, isStream);
  const headers = { 'content-type': isStream ? 'text/event-stream' : 'application/json' };
  const faulty = (doing: ScriptFault): MockReply => {
    const script: Script = {
      ...{ parts: [], stop: 'end', usage: undefined, fault: doing, delayMs: 0, paceMs: 0, chunks: 1 },
    };
    return { status: 200, headers, body: pieces, script };
  };
  const times = Number.POSITIVE_INFINITY;
  const status = (code: number, retryAfterS?: number): MockReply =>
    faulty({ type: 'status', status: code, retryAfterS, times });
  switch (fault) {
    case 'ok':
      return { status: 200, headers, body: pieces };
    case '429':
      return status(429);
    case '429-soon':
      return status(429, 0);
    case '429-late':
      return status(429, 3_600);
    case 'wrong-json':
      return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"hello":"world"}' };
    case 'half':
      return { status: 200, headers, body: pieces.slice(0, Math.ceil(pieces.length / 2)) };
    case 'garbage-head':
      if (!isStream) return faulty({ type: 'garbage', at: 'head', times });
      return { status: 200, headers, body: 'data: {"this is": no JSON\n\n' };
    case 'garbage-stream': {
      if (!isStream) return faulty({ type: 'garbage', at: 'stream', times });
      // What does not look like the end is forwarded unread; this does.
      return { status: 200, headers, body: [...pieces.slice(0, 4), 'data: {"error": no JSON\n\n'] };
    }
    case 'hang-head':
    case 'reset-head':
    case 'hang-stream':
    case 'reset-stream': {
      const [type, at] = fault.split('-') as ['hang' | 'reset', 'head' | 'stream'];
      return faulty({ type, at, times });
    }
    default:
      return status(Number(fault));
  }
}

interface Expected {
  readonly asked: readonly Target[];
  readonly end:
    | { readonly type: 'answer' | 'broken'; readonly by: Target }
    | { readonly type: 'refused'; readonly code: string };
}

/** What the guide says happens, told a second time and independently: `maxRetries` 1, no keys, one target a stage. */
function expect(faults: { readonly [target in Target]: readonly Fault[] }, isStream: boolean): Expected {
  const asked: Target[] = [];
  let first: string | undefined;
  for (const target of TARGETS) {
    const isLastTarget = target === 'c';
    const queue = [...faults[target]];
    for (let tries = 0; tries < 2; tries++) {
      const fault = queue.shift() ?? 'ok';
      asked.push(target);
      if (fault === 'ok') return { asked, end: { type: 'answer', by: target } };
      const isLate = ['hang-stream', 'reset-stream', 'garbage-stream', 'half'].includes(fault);
      if (isLate && isStream) return { asked, end: { type: 'broken', by: target } };
      if (fault === '400') return { asked, end: { type: 'refused', code: 'refused_by_provider' } };
      first ??= CODES[fault];
      const isPatient = fault !== '429-late';
      if (fault === '401' || fault.startsWith('hang') || !isPatient) break;
    }
    if (isLastTarget) break;
  }
  return { asked, end: { type: 'refused', code: first ?? '' } };
}

const CODES: { readonly [fault in Fault]?: string } = {
  ...{ '429': 'provider_rate_limited', '429-soon': 'provider_rate_limited', '429-late': 'provider_rate_limited' },
  ...{ '500': 'provider_failed', '503': 'provider_unavailable', '401': 'provider_needs_auth' },
  ...{ 'hang-head': 'provider_timeout', 'hang-stream': 'provider_timeout', 'reset-head': 'provider_failed' },
  ...{ 'reset-stream': 'provider_failed', 'garbage-head': 'provider_failed', 'garbage-stream': 'provider_failed' },
  ...{ 'wrong-json': 'provider_failed', half: 'provider_failed' },
};

interface Bench {
  readonly mocks: { readonly [target in Target]: MockProvider };
  readonly asked: Target[];
  readonly dataDir: string;
  /** What each is to do next, in turn; then they answer. */
  plan(faults: { readonly [target in Target]?: readonly Fault[] }): void;
  client(maxMs?: number): OpenAI;
  close(): Promise<void>;
}

const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Everything but the process: its own data, a port, a first key. */
async function startApp(t: TestContext, config: GatewayConfig) {
  const dataDir = await createTempDir(t);
  const app = await assemble({
    ...{ config, dataDir, environment: {}, log: SILENT, inProcess: new Map() },
    identity: { name: 'portcullis', version: '0.0.0' },
    // No pauses but those that providers ask for.
    random: () => 0,
  });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await app[Symbol.asyncDispose]();
    isOpen = false;
  };
  t.after(close);
  const apiKey = (await app.createFirstKey()) ?? '';
  const { url } = await app.listen('127.0.0.1', 0);
  return { apiKey, url, dataDir, close };
}

async function startBench(t: TestContext): Promise<Bench> {
  const asked: Target[] = [];
  const queues: { [target in Target]: Fault[] } = { a: [], b: [], c: [] };
  const start = (target: Target): Promise<MockProvider> =>
    startMockProvider({
      answer(request: MockRequest) {
        asked.push(target);
        const isStream = (request.json as { stream?: boolean } | undefined)?.stream === true;
        return replyOf(target, queues[target].shift() ?? 'ok', isStream);
      },
      renderFailure: (status) => JSON.stringify({ error: { message: `status ${status}` } }),
    });
  const mocks = { a: await start('a'), b: await start('b'), c: await start('c') };
  for (const mock of Object.values(mocks)) t.after(() => mock[Symbol.asyncDispose]());
  const provider = (target: Target) => ({
    type: 'openai',
    baseUrl: `${mocks[target].origin}/v1`,
    ...{ firstByteTimeoutMs: TIMEOUT_MS, idleTimeoutMs: TIMEOUT_MS, maxRetries: 1 },
    circuitBreaker: { failures: 1_000 },
  });
  const parsed = parseConfig(
    JSON.stringify({
      providers: { a: provider('a'), b: provider('b'), c: provider('c') },
      models: {
        aliases: { chain: { targets: ['a/m'], fallbacks: ['b/m', 'c/m'] } },
        prices: { '*': { inputUsdPerMillion: 1, outputUsdPerMillion: 1 } },
      },
    }),
    { file: 'portcullis.json', env: {} },
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const { apiKey, url, dataDir, close } = await startApp(t, parsed.config);
  return {
    ...{ mocks, asked, dataDir, close },
    plan(faults) {
      for (const target of TARGETS) queues[target] = [...(faults[target] ?? [])];
      asked.length = 0;
    },
    client: (maxMs = 30_000) => new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0, timeout: maxMs }),
  };
}

interface Seen {
  readonly text: string;
  /** Code of the error, where there was one: before the answer, or in the middle of it. */
  readonly error: string | undefined;
  readonly attempts: number | undefined;
  /** Providers of the attempts that an error lists. */
  readonly told?: readonly Target[] | undefined;
}

const MESSAGES = [{ role: 'user' as const, content: 'hello' }];

async function ask(client: OpenAI, isStream: boolean): Promise<Seen> {
  let text = '';
  let attempts: number | undefined;
  try {
    if (isStream) {
      const { data, response } = await client.chat.completions
        .create({ model: 'chain', messages: MESSAGES, stream: true })
        .withResponse();
      attempts = Number(response.headers.get('x-portcullis-attempts') ?? 1);
      for await (const chunk of data) text += chunk.choices[0]?.delta?.content ?? '';
    } else {
      const { data, response } = await client.chat.completions
        .create({ model: 'chain', messages: MESSAGES })
        .withResponse();
      attempts = Number(response.headers.get('x-portcullis-attempts') ?? 1);
      text = data.choices[0]?.message.content ?? '';
    }
    return { text, error: undefined, attempts };
  } catch (error) {
    assert.ok(error instanceof OpenAI.APIError, String(error));
    const told = error.error as { gateway_code?: string; attempts?: { provider: Target }[] } | undefined;
    return { text, error: String(told?.gateway_code), attempts, told: told?.attempts?.map(({ provider }) => provider) };
  }
}

function check(seen: Seen, asked: readonly Target[], expected: Expected): void {
  assert.deepEqual(asked, expected.asked);
  const { end } = expected;
  if (end.type === 'refused') {
    assert.deepEqual([seen.text, seen.error], ['', end.code]);
    assert.deepEqual(seen.told, asked);
    return;
  }
  assert.equal(seen.attempts, expected.asked.length);
  const whole = wordsOf(end.by).join('');
  if (end.type === 'answer') assert.deepEqual([seen.text, seen.error], [whole, undefined]);
  else {
    assert.ok(seen.text !== '' && whole.startsWith(seen.text) && seen.text !== whole, seen.text);
    assert.match(String(seen.error), /^provider_(failed|timeout)$/);
    assert.deepEqual(seen.told, asked);
  }
}

const none: readonly Fault[] = [];

for (const isStream of [false, true])
  test(`each fault alone, ${isStream ? 'streamed' : 'whole'}: the documented failover, one answer`, async (t) => {
    const bench = await startBench(t);
    for (const fault of FAULTS) {
      const faults = { a: [fault, fault], b: none, c: none };
      bench.plan(faults);
      const seen = await ask(bench.client(), isStream);
      assert.doesNotThrow(() => check(seen, bench.asked, expect(faults, isStream)), fault);
    }
  });

test('any faults in any order at three providers: the documented failover, one answer, one record, one price', async (t) => {
  const bench = await startBench(t);
  const outcomes: { readonly isStream: boolean; readonly expected: Expected }[] = [];
  // Silence takes its time, so it is rarer.
  const fault = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...FAULTS.filter((each) => !each.startsWith('hang'))) },
    { weight: 1, arbitrary: fc.constantFrom<Fault>('hang-head', 'hang-stream') },
  );
  const script = fc.array(fault, { minLength: 1, maxLength: 2 });
  await fc.assert(
    fc.asyncProperty(fc.record({ a: script, b: script, c: script }), fc.boolean(), async (faults, isStream) => {
      bench.plan(faults);
      const expected = expect(faults, isStream);
      outcomes.push({ isStream, expected });
      check(await ask(bench.client(), isStream), bench.asked, expected);
    }),
    { numRuns: 60, endOnFailure: true },
  );
  await bench.close();
  const rows = (await readTrail(bench.dataDir)).filter(({ kind }) => kind === 'chat');
  assert.equal(rows.length, outcomes.length);
  for (const [i, { expected }] of outcomes.entries()) {
    const row = rows[i];
    const { end } = expected;
    if (end.type !== 'answer') assert.notEqual(row?.result, 'ok');
    else {
      assert.deepEqual([row?.result, row?.serverId, row?.target], ['ok', end.by, 'm']);
      // A dollar a million for 1,000 tokens in and 10 out, however many were asked.
      assert.equal(row?.priceMicroUsd, 1_010);
    }
  }
  const spend = openSpendStore({ dataDir: bench.dataDir, speaksOf: () => true });
  t.after(() => spend[Symbol.dispose]());
  const booked = rows.reduce((sum, { priceMicroUsd }) => sum + (priceMicroUsd ?? 0), 0);
  assert.equal(
    spend.spent({ level: { type: 'key', id: rows[0]?.keyId ?? '', name: '' }, on: undefined }, 0),
    booked,
    'what the key is charged is the sum of its records',
  );
});

test('a client that goes away ends what is under way, and nobody else is asked', async (t) => {
  const bench = await startBench(t);
  for (const [i, fault] of (['hang-head', 'hang-stream'] as const).entries()) {
    bench.plan({ a: [fault] });
    const abort = new AbortController();
    const stream = bench
      .client()
      .chat.completions.create({ model: 'chain', messages: MESSAGES, stream: true }, { signal: abort.signal });
    if (fault === 'hang-stream') {
      for await (const _ of await stream) {
        abort.abort();
        break;
      }
    } else {
      const failed = assert.rejects(stream);
      while (bench.asked.length === 0) await new Promise(setImmediate);
      abort.abort();
      await failed;
    }
    await bench.mocks.a.waitForAborts(i + 1);
    assert.deepEqual(bench.asked, ['a']);
  }
});

test('several keys, each limited, refused, used up or good: each is tried once, until a good one is found', async (t) => {
  const SAYS = { good: 200, limited: 429, refused: 401, 'used-up': 402 } as const;
  type Word = keyof typeof SAYS;
  const words = new Map<string, Word>();
  const tried: Word[] = [];
  const mock = await startMockProvider({
    answer({ headers }) {
      const word = words.get(String(headers.authorization).replace('Bearer ', '')) ?? 'refused';
      tried.push(word);
      const pieces = piecesOf('a', false).join('');
      const echo = JSON.stringify({ error: { message: `the key ${headers.authorization} is ${word}` } });
      return { status: SAYS[word], body: word === 'good' ? pieces : echo };
    },
    renderFailure: () => '',
  });
  t.after(() => mock[Symbol.asyncDispose]());
  const secrets = ['sk-one-0123456789', 'sk-two-0123456789', 'sk-three-0123456789'];
  const keys = secrets.map((value, i) => ({ name: `k${i}`, value, weight: i + 1 }));
  const parsed = parseConfig(
    JSON.stringify({
      providers: {
        many: {
          type: 'openai',
          baseUrl: `${mock.origin}/v1`,
          keys,
          maxRetries: 1,
          circuitBreaker: { failures: 1_000 },
        },
      },
    }),
    { file: 'portcullis.json', env: {} },
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const { apiKey, url } = await startApp(t, parsed.config);
  const client = new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
  const word = fc.constantFrom<Word>('good', 'limited', 'refused', 'used-up');
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.tuple(word, word, word), async (says) => {
      for (const [i, secret] of secrets.entries()) words.set(secret, says[i] ?? 'good');
      tried.length = 0;
      // Keys are left alone for a model: each run has its own.
      const answered = await client.chat.completions
        .create({ model: `many/m${run++}`, messages: MESSAGES })
        .then(() => undefined)
        .catch((error: unknown) => error);
      if (says.includes('good')) {
        assert.equal(answered, undefined);
        assert.equal(tried.indexOf('good'), tried.length - 1);
        assert.ok(tried.length <= 3);
        return;
      }
      assert.ok(answered instanceof OpenAI.APIError);
      assert.doesNotMatch(JSON.stringify([answered.message, answered.error]), /sk-/);
      assert.deepEqual(tried.slice(0, 3).toSorted(), says.toSorted(), 'each key once, before any a second time');
      // Only where all there is to do is wait is one of them asked again.
      assert.ok(
        tried.slice(3).every((each) => each === 'limited'),
        tried.join(),
      );
    }),
    { numRuns: 40, endOnFailure: true },
  );
});
