import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EmbedRequest } from '../../../contracts/embed.ts';
import {
  type EmbedModelRequest,
  type ModelReport,
  type ProviderCall,
  ProviderFailure,
} from '../../../contracts/models.ts';
import type { ProviderConfig, ProviderQuirks } from '../../../contracts/models-config.ts';
import { Secret } from '../../../contracts/secret.ts';
import type { HttpClient, HttpRequest } from '../../http/client.ts';
import { createEmbed, decodeEmbedAnswer, encodeEmbed } from './create-embed.ts';

const newReport = (): ModelReport => ({ attempts: [], dropped: [], outputChars: 0 });

function start(status: number, answer: string, quirks: Partial<ProviderQuirks> = {}) {
  const sent: HttpRequest[] = [];
  const http: HttpClient = {
    send(request, listener) {
      sent.push(request);
      setImmediate(() => {
        listener.onHead(status, {});
        listener.onData(Buffer.from(answer));
        listener.onEnd();
      });
      return { abort() {} };
    },
    async [Symbol.asyncDispose]() {},
  };
  const config = {
    ...{ id: 'v', type: 'openai', baseUrl: 'http://v.test/v1', headers: { 'x-own': new Secret('own-header-secret') } },
    quirks: { refuses: [], renames: {}, streamUsage: true, has: ['embeddings'], ...quirks },
    maxAnswerBytes: 1_000_000,
  } as unknown as ProviderConfig;
  const embed = createEmbed({ http, now: () => 0, randomHex: () => '' }, config);
  const report = newReport();
  const run = (neutral: EmbedRequest, text = '{}') => {
    const call: ProviderCall<EmbedModelRequest> = {
      request: {
        ...{ operation: 'embed', dialect: neutral.dialect, embed: () => neutral, headers: new Map() },
        wishes: { fallbacks: undefined, timeoutMs: undefined, toolMode: undefined, namesTools: false },
      },
      ...{ body: { text, value: JSON.parse(text) }, model: 'e-1', injected: undefined, traceparent: undefined, report },
      key: { name: 'k', value: new Secret('sk-the-providers-key'), weight: 1, models: ['*'] },
      ...{ signal: new AbortController().signal, firstByteTimeoutMs: 1_000, idleTimeoutMs: 1_000 },
    };
    return embed(call);
  };
  return { sent, run, report };
}

const ANSWER =
  '{"object":"list","data":[{"index":1,"embedding":[3]},{"index":0,"embedding":"AACAPwAAAEA="}],"model":"e-1","usage":{"prompt_tokens":4}}';
const gemini: EmbedRequest = { dialect: 'gemini', inputs: ['a', 'b'], single: false };

test('a client of another dialect has its request written and its vectors read, in the order of the inputs', async () => {
  const { run, sent, report } = start(200, ANSWER);
  const request = { ...gemini, dimensions: 2, taskType: 'RETRIEVAL_QUERY', title: 't', extra: { autoTruncate: true } };
  const { answer } = await run(request);
  assert.deepEqual(JSON.parse(String(sent[0]?.body)), {
    ...{ model: 'e-1', input: ['a', 'b'], encoding_format: 'float', dimensions: 2 },
  });
  assert.deepEqual(report.dropped, ['taskType', 'title', 'autoTruncate']);
  assert.deepEqual(answer, { lane: 'neutral', value: { model: 'e-1', vectors: [[1, 2], [3]], inputTokens: 4 } });
  assert.deepEqual(report.usage, { inputTokens: 4, outputTokens: 0 });
});

test('a client of the same dialect gets what came, and its own request goes out but for what the vendor refuses', async () => {
  const { run, sent, report } = start(200, ANSWER, { refuses: ['user'], renames: { dimensions: 'output_dimension' } });
  const own: EmbedRequest = { dialect: 'openai', inputs: ['a'], single: true };
  const { answer } = await run(own, '{"input":"a","model":"v/e","user":"u","dimensions":1e1}');
  assert.equal(sent[0]?.body, '{"input":"a","model":"e-1","output_dimension":1e1}');
  assert.deepEqual(answer, { lane: 'pass', value: ANSWER });
  assert.deepEqual([report.dropped, report.usage?.inputTokens], [['user'], 4]);
});

test('an answer without vectors is a failure and not an empty success, in both lanes', async () => {
  const odd = [
    '',
    'null',
    '[]',
    '{}',
    '{"data":{}}',
    '{"data":[',
    '{"data":[]',
    '{"data":"[]"}',
    '{"data":1,"data":2}',
  ];
  for (const text of odd)
    for (const dialect of ['openai', 'gemini'] as const) {
      const { run } = start(200, text);
      await assert.rejects(run({ ...gemini, dialect }, '{"model":"x"}'), { kind: 'malformed' }, `${dialect} ${text}`);
    }
  for (const entry of ['1', '{}', '{"embedding":[null]}', '{"embedding":"AAA="}', '{"index":7,"embedding":[1]}'])
    assert.throws(() => decodeEmbedAnswer(`{"data":[${entry}]}`, newReport()), { kind: 'malformed' });
  const twice = '{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[2]}]}';
  assert.throws(() => decodeEmbedAnswer(twice, newReport()), { kind: 'malformed' });
});

test("a refusal says what it means, and keeps the provider's secrets to itself", async () => {
  const says = (message: string, code?: string) => JSON.stringify({ error: { message, code } });
  const cases = [
    [429, says('slow down'), 'rate-limited'],
    [429, says('pay', 'insufficient_quota'), 'quota-exceeded'],
    [400, says('long', 'context_length_exceeded'), 'context-too-long'],
    [500, '<html>', 'server-error'],
    [401, says('no'), 'unauthorized'],
  ] as const;
  for (const [status, text, kind] of cases) await assert.rejects(start(status, text).run(gemini), { kind, status });
  const quoting = start(400, says('the key sk-the-providers-key and own-header-secret'));
  await assert.rejects(quoting.run(gemini), (error: unknown) => {
    assert.ok(error instanceof ProviderFailure);
    assert.equal(error.publicText, 'the key [redacted] and [redacted]');
    return true;
  });
});

test('a request of our own dialect is written again without loss', () => {
  const tokens = fc.array(fc.nat(), { minLength: 1 });
  const inputs = fc.array(fc.oneof(fc.string(), tokens), { minLength: 1 });
  fc.assert(
    fc.property(inputs, fc.option(fc.integer({ min: 1 })), fc.option(fc.string()), (list, dimensions, user) => {
      const report = newReport();
      const request: EmbedRequest = {
        ...{ dialect: 'openai', inputs: list, single: false, extra: { future: [1] } },
        ...{ dimensions: dimensions ?? undefined, user: user ?? undefined },
      };
      assert.deepEqual(JSON.parse(encodeEmbed(request, 'm', report)), {
        ...{ model: 'm', input: list, encoding_format: 'float', future: [1] },
        ...(dimensions !== null && { dimensions }),
        ...(user !== null && { user }),
      });
      assert.deepEqual(report.dropped, []);
    }),
  );
});
