import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallFacts, ModelCall } from '../../contracts/call.ts';
import type { ModelReport } from '../../contracts/models.ts';
import { answerHeaders } from './answer-headers.ts';

const USAGE = { inputTokens: 10, outputTokens: 2, cachedTokens: 4, estimated: true as const };
const REPORT: ModelReport = { attempts: [], dropped: [], outputChars: 0, provider: 'p', model: 'm', usage: USAGE };
const callOf = (facts: CallFacts): ModelCall => ({ id: 'c', facts }) as unknown as ModelCall;

test('a whole answer tells its tokens and cost, with what is known of them and no more', () => {
  const headers = answerHeaders(callOf({ model: REPORT, priceMicroUsd: 0 }), true);
  assert.deepEqual(headers, {
    ...{
      'x-request-id': 'c',
      'request-id': 'c',
      'x-portcullis-call-id': 'c',
      'x-portcullis-provider': 'p',
      'x-portcullis-model': 'm',
    },
    ...{ 'x-portcullis-input-tokens': '10', 'x-portcullis-output-tokens': '2', 'x-portcullis-cached-tokens': '4' },
    ...{ 'x-portcullis-usage-estimated': 'true', 'x-portcullis-cost-micro-usd': '0' },
  });
});

test('neither a stream that only begins nor a configuration that forbids it tells them', () => {
  const told = (facts: CallFacts, whole: boolean) =>
    Object.keys(answerHeaders(callOf(facts), whole)).filter((name) => /tokens|cost|estimated/.test(name));
  assert.deepEqual(told({ model: REPORT, priceMicroUsd: 7 }, false), []);
  assert.deepEqual(told({ model: REPORT, priceMicroUsd: 7, hidesUsage: true }, true), []);
});

test('what a provider or client named cannot end a header', () => {
  const report = { ...REPORT, model: 'm\r\nx-evil: 1', dropped: ['a\nb'] };
  for (const value of Object.values(answerHeaders(callOf({ model: report }), true)))
    assert.doesNotMatch(value, /[\r\n]/);
});

test('a run and what its model suggested are told, in streams too', () => {
  const suggestions = [
    { id: 'sug_1', toolCallId: 'call_1' },
    { id: 'sug_2', toolCallId: undefined },
  ];
  for (const whole of [true, false]) {
    const headers = answerHeaders(callOf({ runId: 'run-1', suggestions }), whole);
    assert.equal(headers['x-portcullis-run'], 'run-1');
    assert.equal(headers['x-portcullis-suggestions'], 'sug_1, sug_2');
  }
  assert.deepEqual(
    Object.keys(answerHeaders(callOf({}), true)).filter((name) => /run|suggestions/.test(name)),
    [],
  );
});
