import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Approval } from '../../contracts/approvals.ts';
import { readWaitMs, waitForDecision } from './wait-for-decision.ts';

/** An approval that can be decided, and who listens for it. */
function oneApproval() {
  const state: { now: Approval['state'] } = { now: 'pending' };
  const listeners = new Set<(id: string) => void>();
  return {
    listeners,
    decide(next: Approval['state']) {
      state.now = next;
      for (const listener of listeners) listener('apr_1');
    },
    find: async () => ({ id: 'apr_1', state: state.now }) as Approval,
    onChange(listener: (id: string) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

test('whoever waits hears of a decision, also of one made before, and nobody listens afterwards', async () => {
  const approvals = oneApproval();
  const waiting = waitForDecision(approvals, 'apr_1', 60_000, new AbortController().signal);
  approvals.decide('approved');
  await waiting;
  await waitForDecision(approvals, 'apr_1', 60_000, new AbortController().signal);
  assert.equal(approvals.listeners.size, 0);
});

test('nobody waits longer than was asked for, or for a client that is gone', async () => {
  const approvals = oneApproval();
  await waitForDecision(approvals, 'apr_1', 1, new AbortController().signal);
  const gone = new AbortController();
  const waiting = waitForDecision(approvals, 'apr_1', 60_000, gone.signal);
  gone.abort();
  await waiting;
  await waitForDecision(approvals, 'apr_1', 60_000, gone.signal);
  assert.equal(approvals.listeners.size, 0);
});

test('the time to wait is read of either header, and cut to what is allowed', () => {
  const read = (headers: { [name: string]: string }) => readWaitMs({ header: (name) => headers[name] }, 5_000);
  assert.equal(read({}), undefined);
  assert.equal(read({ prefer: 'wait=3' }), 3_000);
  assert.equal(read({ prefer: 'return=minimal, Wait = "3"' }), 3_000);
  assert.equal(read({ prefer: 'wait=999' }), 5_000);
  assert.equal(read({ prefer: 'handling=lenient; await=3' }), undefined);
  assert.equal(read({ 'x-portcullis-wait-ms': '250', prefer: 'wait=3' }), 250);
  assert.throws(() => read({ 'x-portcullis-wait-ms': 'soon' }), /x-portcullis-wait-ms/);
});
