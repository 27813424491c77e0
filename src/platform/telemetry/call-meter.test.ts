import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, CallFacts, CallKind } from '../../contracts/call.ts';
import type { Era } from '../../contracts/peer.ts';
import type { CallFinish, ResultClass } from '../../contracts/trail.ts';
import { type CallMeter, createCallMeter, RESULT_CLASSES } from './call-meter.ts';

interface Made {
  readonly kind?: CallKind;
  readonly era?: Era;
  readonly server?: string;
  readonly tool?: string;
  readonly result?: ResultClass;
  readonly totalMs?: number;
  readonly upstreamMs?: number;
}

function make(meter: CallMeter, made: Made = {}): Call {
  const { kind = 'tools.call', era = 'modern', totalMs = 3, upstreamMs } = made;
  const facts: CallFacts = { totalMs };
  if (made.server !== undefined) facts.serverId = made.server;
  if (made.tool !== undefined) facts.target = made.tool;
  if (upstreamMs !== undefined) facts.upstreamMs = upstreamMs;
  const call = { kind, name: 'x', params: { text: '{"ä":1}', value: {} }, peer: { era }, facts, startedMs: 0 };
  const finish: CallFinish = {
    id: '1',
    result: made.result ?? 'ok',
    error: undefined,
    resultBytes: 10,
    totalMs,
    upstreamMs: upstreamMs ?? 0,
  };
  meter.begin();
  meter.end(call as unknown as Call, finish);
  return call as unknown as Call;
}

const toolsOf = (meter: CallMeter): string[] =>
  meter.read().groups.flatMap(({ server, counts }) => counts.map(({ tool }) => `${server}/${tool}`));

test('each call is counted once, under how it ended', () => {
  const meter = createCallMeter({ maxTools: 10, maxServers: 10 });
  for (const result of RESULT_CLASSES) make(meter, { server: 's', tool: 't', result });
  make(meter, { server: 's', tool: 't' });
  const [group] = meter.read().groups;
  assert.deepEqual(group?.counts, [{ tool: 't', calls: [2, 1, 1, 1, 1, 1, 1] }]);
  assert.equal(group?.requestBytes, 8 * 8);
  assert.equal(group?.resultBytes, 8 * 10);
});

test('gateway and upstream sum to the operation', () => {
  const meter = createCallMeter({ maxTools: 10, maxServers: 10 });
  for (let i = 0; i < 50; i++) make(meter, { server: 's', tool: 't', totalMs: i * 3, upstreamMs: i * 2 });
  const durations = meter.read().groups[0]?.durations;
  assert.equal(durations?.gateway.sum, 25 * 49);
  assert.equal(durations?.operation.sum, durations.gateway.sum + durations.upstream.sum);
  for (const phase of ['operation', 'gateway', 'upstream'] as const)
    assert.equal(
      durations[phase].counts.reduce((sum, count) => sum + count, 0),
      50,
    );
});

test('a value lies in the bucket whose bound it does not exceed, and beyond the last in one of its own', () => {
  const meter = createCallMeter({ maxTools: 10, maxServers: 10 });
  const { boundsMs } = meter.read();
  for (const bound of [...boundsMs, 1e9]) make(meter, { totalMs: bound });
  assert.deepEqual(meter.read().groups[0]?.durations.operation.counts, [...boundsMs.map(() => 1), 1]);
});

test('beyond the cap tools are counted together, and one that is really called so joins them', () => {
  const meter = createCallMeter({ maxTools: 2, maxServers: 10 });
  for (const tool of ['a', 'b', 'c', 'd', 'other', 'a']) make(meter, { server: 's', tool });
  assert.deepEqual(toolsOf(meter), ['s/a', 's/b', 's/other']);
  assert.deepEqual(
    meter.read().groups[0]?.counts.map(({ calls }) => calls[0]),
    [2, 1, 3],
  );
});

test('beyond the cap servers are counted together', () => {
  const meter = createCallMeter({ maxTools: 100, maxServers: 2 });
  for (const server of ['a', 'b', 'c', 'd', 'other', 'a']) make(meter, { server, tool: 't' });
  assert.deepEqual(toolsOf(meter), ['a/t', 'b/t', 'other/t']);
});

test('what a client only names makes no series', () => {
  const meter = createCallMeter({ maxTools: 100, maxServers: 100 });
  for (let i = 0; i < 50; i++) make(meter, { result: 'refused' });
  make(meter, { kind: 'prompts.get', server: 's', tool: 'a prompt is no tool' });
  assert.deepEqual(toolsOf(meter), ['/', 's/']);
});

test('many series keep their own figures when the tables grow', () => {
  const meter = createCallMeter({ maxTools: 1_000, maxServers: 1_000 });
  for (let i = 0; i < 300; i++)
    for (let n = 0; n <= i; n++)
      make(meter, { server: `s${i}`, tool: `t${i}`, era: i % 2 ? 'legacy' : 'modern', totalMs: i });
  for (const [i, group] of meter.read().groups.entries()) {
    assert.deepEqual(group.counts, [{ tool: `t${i}`, calls: [i + 1, 0, 0, 0, 0, 0, 0] }]);
    assert.equal(group.durations.operation.sum, i * (i + 1));
  }
});

test('the answer is timed from the end of the call, and only once that is known', () => {
  const meter = createCallMeter({ maxTools: 10, maxServers: 10 });
  const call = make(meter, { server: 's', tool: 't', totalMs: 0 });
  meter.sent(call);
  delete call.facts.totalMs;
  meter.sent(call);
  const answer = meter.read().groups[0]?.durations.answer;
  assert.equal(
    answer?.counts.reduce((sum, count) => sum + count, 0),
    1,
  );
  assert.ok(answer.sum > 0);
});

test('calls in flight are those that have begun and not ended', () => {
  const meter = createCallMeter({ maxTools: 10, maxServers: 10 });
  meter.begin();
  make(meter);
  assert.equal(meter.read().inFlight, 1);
});
