import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Approval, ApprovalStore } from '../../contracts/approvals.ts';
import type { Call } from '../../contracts/call.ts';
import type { ChatEvent, ToolCallPart } from '../../contracts/chat.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { LiveRun } from './live-run.ts';
import { runTools } from './run-tools.ts';

const PART: ToolCallPart = { type: 'tool-call', id: 'c1', name: 'files__write', arguments: '{"a":1}' };

/** A tool that asks for an approval; `decide` says what becomes of it. */
function setUp(waitMs = 60_000) {
  let approval = { id: 'apr_1', state: 'pending', votes: [] } as unknown as Approval;
  const listeners = new Set<(id: string) => void>();
  const approvals = {
    find: async () => approval,
    onChange(listener: (id: string) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as unknown as ApprovalStore;
  const controller = new AbortController();
  const told: unknown[] = [];
  const awaited = Promise.withResolvers<void>();
  const push = async (events: readonly ChatEvent[]): Promise<void> => {
    for (const event of events) {
      if (event.type !== 'portcullis') continue;
      told.push(event.value.type);
      if (event.value.type === 'approval.awaited') awaited.resolve();
    }
  };
  const run = {
    parent: { runId: 'run-1', signal: controller.signal, call: { id: 'run-1', facts: {} } },
    voice: { push, pushIfIdle() {}, hasBegun: true, parts: 0 },
  } as unknown as LiveRun;
  const calls: Call[] = [];
  const enter = {
    call(call: Call) {
      calls.push(call);
      if (approval.state === 'approved') return { type: 'result' as const, text: '{"content":[]}', isError: false };
      throw new GatewayError('approval_required', 'rule "r"', { data: { approvalId: 'apr_1', suggestionId: 'sug_1' } });
    },
  };
  const clocks = { now: () => 0, monotonicMs: () => 0, newId: () => `id-${calls.length}` };
  const ran = runTools({ ...clocks, enter, approvals, approvalWaitMs: waitMs }, run, [PART], () => undefined);
  return {
    ...{ ran, calls, told, controller, listeners, awaited: awaited.promise },
    decide(change: Partial<Approval>) {
      approval = { ...approval, ...change };
      for (const listener of listeners) listener('apr_1');
    },
  };
}

test('a call that asks for an approval waits for it, and is made again as what was approved', async () => {
  const { ran, calls, told, awaited, decide, listeners } = setUp();
  await awaited;
  decide({ state: 'approved' });
  assert.deepEqual(
    (await ran).map(({ type }) => type),
    ['answered'],
  );
  assert.deepEqual(
    calls.map(({ execution }) => execution),
    [undefined, { type: 'id', id: 'sug_1' }],
  );
  assert.deepEqual(told, ['tool.started', 'approval.awaited', 'approval.decided', 'tool.finished']);
  assert.equal(listeners.size, 0);
});

test('a rejection is told to the model, with its reason', async () => {
  const { ran, calls, awaited, decide } = setUp();
  await awaited;
  decide({ state: 'rejected', votes: [{ reason: 'not today' }] as never });
  const [end] = await ran;
  assert.equal(end?.type, 'answered');
  assert.deepEqual(end?.type === 'answered' && end.result, {
    ...{ text: 'A person did not approve this call: not today', isError: true },
  });
  assert.equal(calls.length, 1);
});

test('where nobody decides in time the call is left over, with its approval', async () => {
  const { ran, listeners } = setUp(1);
  assert.deepEqual(
    (await ran).map((end) => end.type === 'pending' && end.approvalId),
    ['apr_1'],
  );
  assert.equal(listeners.size, 0);
});

test('the wait ends with the run', async () => {
  const { ran, awaited, controller, listeners } = setUp();
  await awaited;
  controller.abort();
  await assert.rejects(ran);
  assert.equal(listeners.size, 0);
});
