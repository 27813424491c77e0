import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Approval } from '../../contracts/approvals.ts';
import type { Call } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { type ExecuteDeps, executeCall } from './execute-call.ts';
import type { AskedCall } from './read-calls.ts';

const ASKED: AskedCall = {
  ...{ type: 'tool-call', dialect: 'openai-chat', toolCallId: 'call_1', name: 'bank__pay', arguments: '{"n":1}' },
};

/** A gateway that holds the call back until it is approved. */
function heldBack() {
  const calls: Call[] = [];
  const state: { now: Approval['state'] } = { now: 'pending' };
  const listeners = new Set<(id: string) => void>();
  const deps: ExecuteDeps = {
    gateway: {
      call(call) {
        calls.push(call);
        if (state.now === 'approved') return { type: 'result', text: '{"content":[]}', isError: false };
        const data = { approvalId: 'apr_1', suggestionId: 'sug_1' };
        throw new GatewayError('approval_required', undefined, { data });
      },
      admit: () => assert.fail('somebody else did'),
      checkScope: () => assert.fail('somebody else did'),
      identify: () => assert.fail('somebody else did'),
      suggestion: () => assert.fail('none is named'),
    },
    approvals: {
      find: async () => ({ id: 'apr_1', state: state.now }) as Approval,
      onChange(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    now: () => 0,
    newId: () => `call-${calls.length}`,
  };
  const exchange = {
    ...{ header: () => undefined, credential: undefined, narrowing: { servers: undefined, tools: undefined } },
    ...{ receivedMs: 0, gone: false, signal: new AbortController().signal },
  } as unknown as Exchange;
  const decide = (next: Approval['state']): void => {
    state.now = next;
    for (const listener of listeners) listener('apr_1');
  };
  return { deps, exchange, calls, decide };
}

test('a client that waits for a person gets the answer once it is approved, of what stands in the ledger', async () => {
  const { deps, exchange, calls, decide } = heldBack();
  const waiting = executeCall(deps, exchange, ASKED, 60_000);
  await new Promise(setImmediate);
  decide('approved');
  const { end, call } = await waiting;
  assert.ok('outcome' in end);
  assert.equal(calls.length, 2);
  assert.equal(call, calls[1]);
  assert.deepEqual(
    calls.map(({ execution }) => execution),
    [
      { type: 'tool-call', toolCallId: 'call_1' },
      { type: 'id', id: 'sug_1' },
    ],
  );
});

test('a client that does not wait is told at once', async () => {
  const { deps, exchange, calls } = heldBack();
  const { end } = await executeCall(deps, exchange, ASKED, undefined);
  assert.ok('error' in end && end.error instanceof GatewayError && end.error.code === 'approval_required');
  assert.equal(calls.length, 1);
});
