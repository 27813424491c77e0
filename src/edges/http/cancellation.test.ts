import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import { Cancellation } from './cancellation.ts';

test('a cancellation tells each listener once, and only those it still has', () => {
  const cancellation = new Cancellation();
  const heard: string[] = [];
  const first = (): void => void heard.push('first');
  const second = (): void => void heard.push('second');
  cancellation.addEventListener('abort', first);
  cancellation.addEventListener('abort', first);
  cancellation.addEventListener('abort', second);
  cancellation.addEventListener('abort', () => heard.push('third'));
  cancellation.removeEventListener('abort', second);
  assert.equal(cancellation.aborted, false);

  cancellation.abort(new GatewayError('cancelled', 'why'));
  cancellation.abort(new GatewayError('unknown_session'));
  cancellation.addEventListener('abort', second);
  assert.deepEqual(heard, ['first', 'third']);
  assert.equal(cancellation.aborted, true);
  assert.equal(cancellation.reason?.code, 'cancelled');
});

test('a listener that another one removes while all are told is not called any more', () => {
  const cancellation = new Cancellation();
  const heard: string[] = [];
  const removed = (): void => void heard.push('removed');
  cancellation.addEventListener('abort', () => cancellation.removeEventListener('abort', removed));
  cancellation.addEventListener('abort', removed);
  cancellation.addEventListener('abort', () => heard.push('last'));
  cancellation.abort(new GatewayError('cancelled'));
  assert.deepEqual(heard, ['last']);
});
