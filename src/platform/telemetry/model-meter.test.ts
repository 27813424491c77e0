import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, CallKind } from '../../contracts/call.ts';
import type { CallFinish } from '../../contracts/trail.ts';
import { createCallMeter } from './call-meter.ts';
import { createExposition } from './exposition.ts';
import { createModelMeter } from './model-meter.ts';
import { writeModels } from './render-model-metrics.ts';

function callOf(provider: string | undefined, model: string | undefined, kind: CallKind = 'chat'): Call {
  const facts = { ...(provider && { serverId: provider }), ...(model && { target: model }) };
  return {
    kind,
    surface: 'models',
    facts,
    params: { text: '{}', value: {} },
    peer: { era: 'modern' },
  } as unknown as Call;
}
function finishOf(fields: Partial<CallFinish> = {}): CallFinish {
  return { id: 'x', result: 'ok', error: undefined, resultBytes: 0, totalMs: 30, upstreamMs: 20, ...fields };
}
const attempt = (provider: string, failure: 'overloaded' | undefined) => ({
  ...{ provider, model: 'm', key: undefined, failure, status: undefined, durationMs: 1 },
});

function render(meter: ReturnType<typeof createModelMeter>): string {
  const out = createExposition('prometheus');
  writeModels(out, meter.read());
  return out.text();
}

test('calls, tries, tokens, cost and times are added up by provider and model', () => {
  const meter = createModelMeter({ maxModels: 10 });
  const usage = { inputTokens: 100, outputTokens: 10, cachedTokens: 60 };
  const attempts = [attempt('a', 'overloaded'), attempt('p', undefined)];
  meter.end(callOf('p', 'm'), finishOf({ priceMicroUsd: 1_500_000, model: { usage, attempts, firstByteMs: 12 } }));
  meter.end(callOf('p', 'm'), finishOf({ result: 'failed', model: { attempts: [attempt('p', 'overloaded')] } }));
  meter.end(callOf(undefined, undefined), finishOf({ result: 'refused' }));
  const text = render(meter);
  const labels = 'gen_ai_operation_name="chat",gen_ai_provider_name="p",gen_ai_request_model="m"';
  for (const line of [
    `portcullis_model_calls_total{${labels},outcome="ok"} 1`,
    `portcullis_model_calls_total{${labels},outcome="failed"} 1`,
    'portcullis_model_attempts_total{gen_ai_provider_name="a",gen_ai_request_model="m",failure="overloaded"} 1',
    'portcullis_model_attempts_total{gen_ai_provider_name="p",gen_ai_request_model="m",failure="none"} 1',
    `portcullis_model_tokens_total{${labels},gen_ai_token_type="cached"} 60`,
    `portcullis_model_cost_usd_total{${labels}} 1.5`,
    `gen_ai_server_request_duration_seconds_count{${labels}} 2`,
    `gen_ai_server_time_to_first_token_seconds_bucket{${labels},le="0.02"} 1`,
    `gen_ai_server_time_to_first_token_seconds_count{${labels}} 1`,
  ])
    assert.ok(text.includes(`${line}\n`), `${line}\n${text}`);
});

test('names without end become one row', () => {
  const meter = createModelMeter({ maxModels: 2 });
  for (let i = 0; i < 50; i++)
    meter.end(callOf('p', `m${i}`), finishOf({ model: { attempts: [attempt(`p${i}`, undefined)] } }));
  const { groups, attempts } = meter.read();
  assert.ok(groups.length <= 3 && attempts.length <= 3);
  const calls = groups.reduce((sum, group) => sum + (group.calls.get('ok') ?? 0), 0);
  assert.equal(calls, 50, 'and none is lost');
});

test('without a call of a model nothing is written, and none is counted among calls of servers', () => {
  assert.equal(render(createModelMeter({ maxModels: 2 })).trim(), '');
  const meter = createCallMeter({ maxTools: 10, maxServers: 10 });
  meter.begin();
  meter.end(callOf('p', 'm'), finishOf());
  meter.sent(callOf('p', 'm'));
  const { groups, models, inFlight } = meter.read();
  assert.deepEqual([groups.length, models.groups.length, inFlight], [0, 1, 0]);
});
