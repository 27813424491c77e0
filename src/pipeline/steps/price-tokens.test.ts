import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ModelCall } from '../../contracts/call.ts';
import type { ChatEvent, ChatRequest, Usage } from '../../contracts/chat.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ModelCatalog } from '../../contracts/model-catalog.ts';
import type { ModelOutcome, ModelReport } from '../../contracts/models.ts';
import type { ModelPrice, ProviderConfig } from '../../contracts/models-config.ts';
import type { CallFinish, Trail } from '../../contracts/trail.ts';
import { createPriceOf } from '../models/price-of.ts';
import { createPriceTokens } from './price-tokens.ts';
import { createRecord } from './record.ts';

const PRICE: ModelPrice = { inputMicroUsdPerMillion: 1e6, outputMicroUsdPerMillion: 10e6 };
const CHAT: ChatRequest = {
  ...{ dialect: 'openai-chat', tools: [], stream: true },
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'x'.repeat(40) }] }],
};

interface Options {
  readonly kind?: 'chat' | 'models.pass';
  readonly price?: Partial<ModelPrice>;
  readonly usageHeaders?: boolean;
  readonly chat?: () => ChatRequest;
}

/** The steps around what a provider does, and what the trail is told in the end. */
function start(last: (report: ModelReport) => ModelOutcome | Promise<ModelOutcome>, options: Options = {}) {
  const finishes: CallFinish[] = [];
  const trail = { record: (_: unknown, finish: CallFinish) => finishes.push(finish) } as unknown as Trail;
  let clock = 0;
  const monotonicMs = () => ++clock;
  const record = createRecord({ trail, monotonicMs, describeIntent: () => ({}) as never });
  const prices = [{ source: 'p/*', price: { ...PRICE, ...options.price } }];
  const priceTokens = createPriceTokens({
    priceOf: createPriceOf({ catalog: undefined, providers: [] }, prices),
    ...{ now: () => 0, monotonicMs, tellsUsage: options.usageHeaders ?? true },
  });
  const report: ModelReport = { attempts: [], dropped: [], outputChars: 0, provider: 'p', model: 'm' };
  const call = {
    ...{ id: 'c', kind: options.kind ?? 'chat', startedMs: 0, params: { text: 'y'.repeat(400), value: {} } },
    facts: { model: report },
    model: { operation: options.kind === 'models.pass' ? 'pass' : 'chat', chat: options.chat ?? (() => CHAT) },
  } as unknown as ModelCall;
  const run = async (): Promise<ModelOutcome> =>
    record<ModelOutcome>(call, () => priceTokens(call, () => last(report)));
  return { run, finishes, call };
}

const whole = (usage?: Usage) => (report: ModelReport) => {
  if (usage !== undefined) report.usage = usage;
  return { type: 'chat', answer: { lane: 'pass', value: '{}' } } as const;
};

/** A stream of ten characters a piece, whose usage comes at its end. */
function streaming(pieces: number, options: { usage?: Usage; breaks?: boolean } = {}) {
  return (report: ModelReport): ModelOutcome => {
    async function* stream(): AsyncGenerator<readonly ChatEvent[]> {
      for (let i = 0; i < pieces; i++) {
        report.outputChars += 10;
        yield [];
      }
      if (options.breaks) throw new GatewayError('provider_failed');
      if (options.usage !== undefined) report.usage = options.usage;
    }
    return { type: 'chat-stream', stream: { lane: 'neutral', value: stream() }, contentType: 'text/event-stream' };
  };
}

async function read(outcome: ModelOutcome, pieces = Number.POSITIVE_INFINITY): Promise<void> {
  assert.ok(outcome.type === 'chat-stream');
  const iterator = outcome.stream.value[Symbol.asyncIterator]();
  for (let i = 0; i < pieces; i++) if ((await iterator.next()).done) return;
  await iterator.return?.();
}

test('what the provider tells of a whole answer is recorded and priced', async () => {
  const { run, finishes, call } = start(whole({ inputTokens: 100, outputTokens: 7 }));
  await run();
  assert.deepEqual(finishes[0]?.model?.usage, { inputTokens: 100, outputTokens: 7 });
  assert.equal(finishes[0]?.priceMicroUsd, 170);
  assert.equal(call.facts.priceMicroUsd, 170, 'known before the headers of the answer are written');
  assert.ok((finishes[0]?.model?.firstByteMs ?? 0) > 0);
});

test('a stream is priced at its end, before its record is written', async () => {
  const { run, finishes } = start(streaming(3, { usage: { inputTokens: 5, outputTokens: 8 } }));
  const outcome = await run();
  assert.equal(finishes.length, 0);
  await read(outcome);
  assert.deepEqual([finishes.length, finishes[0]?.result, finishes[0]?.priceMicroUsd], [1, 'ok', 85]);
  assert.equal(finishes[0]?.model?.usage?.estimated, undefined);
});

test('of a stream that was left or broke, what came is estimated, and marked', async () => {
  const left = start(streaming(100));
  await read(await left.run(), 4);
  const usage = { inputTokens: 10, outputTokens: 10, estimated: true };
  assert.deepEqual([left.finishes[0]?.result, left.finishes[0]?.model?.usage], ['cancelled', usage]);
  assert.equal(left.finishes[0]?.priceMicroUsd, 110);

  const broken = start(streaming(4, { breaks: true }));
  await assert.rejects(read(await broken.run()));
  assert.deepEqual([broken.finishes[0]?.result, broken.finishes[0]?.model?.usage], ['failed', usage]);
});

test('a stream that nobody began to read is over, too, with what was sent for it', async () => {
  const { run, finishes } = start(streaming(5));
  await read(await run(), 0);
  assert.deepEqual(finishes[0]?.model?.usage, { inputTokens: 10, outputTokens: 0, estimated: true });
});

test('what a provider told at the beginning of a stream counts for input; its output is at least what came', async () => {
  const { run, finishes } = start((report) => {
    report.usage = { inputTokens: 50, outputTokens: 1 };
    return streaming(100)(report);
  });
  await read(await run(), 4);
  assert.deepEqual(finishes[0]?.model?.usage, { inputTokens: 50, outputTokens: 10, estimated: true });
});

test('a provider that never tells is estimated; a request nobody can read, by its size', async () => {
  const silent = start(whole());
  await silent.run();
  assert.deepEqual(silent.finishes[0]?.model?.usage, { inputTokens: 10, outputTokens: 0, estimated: true });
  const unreadable = start(whole(), {
    chat: () => {
      throw new GatewayError('invalid_params');
    },
  });
  await unreadable.run();
  assert.equal(unreadable.finishes[0]?.model?.usage?.inputTokens, 100);
});

test('what failed costs nothing, unless its provider says that it took something', async () => {
  const failed = start(() => Promise.reject(new GatewayError('provider_failed')));
  await assert.rejects(failed.run());
  assert.deepEqual([failed.finishes[0]?.priceMicroUsd, failed.finishes[0]?.model?.usage], [undefined, undefined]);
  const told = start((report) => {
    report.usage = { inputTokens: 3, outputTokens: 0 };
    throw new GatewayError('content_filtered');
  });
  await assert.rejects(told.run());
  assert.equal(told.finishes[0]?.priceMicroUsd, 3);
});

test('a pass-through costs its call, where that has a price: its bytes are no tokens', async () => {
  const raw = (): ModelOutcome => ({ type: 'raw', status: 200, headers: {}, bytes: (async function* () {})() });
  for (const [price, cost] of [
    [{}, undefined],
    [{ perCallMicroUsd: 9 }, 9],
  ] as const) {
    const { run, finishes } = start(raw, { kind: 'models.pass', price });
    const outcome = await run();
    assert.ok(outcome.type === 'raw');
    for await (const _ of outcome.bytes);
    assert.deepEqual([finishes[0]?.priceMicroUsd, finishes[0]?.model?.usage], [cost, undefined]);
  }
});

test('the configuration goes before the catalogue, the first pattern that fits before the others', () => {
  const asked: string[] = [];
  const catalog: ModelCatalog = {
    pricesOf(_, model) {
      asked.push(model);
      return { input: { base: 5, tiers: [] } };
    },
    contextTokensOf: () => undefined,
  };
  const providers = [{ id: 'p' } as ProviderConfig];
  const priceOf = createPriceOf({ catalog, providers }, [
    { source: 'p/big', price: PRICE },
    { source: 'p/b*', price: { ...PRICE, inputMicroUsdPerMillion: 2 } },
  ]);
  assert.equal(priceOf('p', 'big', 0)?.input?.base, 1e6);
  assert.equal(priceOf('p', 'bit', 0)?.input?.base, 2);
  assert.equal(priceOf('p', 'other', 0)?.input?.base, 5);
  assert.equal(priceOf('gone', 'other', 0), undefined);
  assert.deepEqual(asked, ['other']);
});

test('headers are told nothing where the configuration says so; the record is', async () => {
  const { run, finishes, call } = start(whole({ inputTokens: 1, outputTokens: 1 }), { usageHeaders: false });
  await run();
  assert.equal(call.facts.hidesUsage, true);
  assert.equal(finishes[0]?.priceMicroUsd, 11);
});
