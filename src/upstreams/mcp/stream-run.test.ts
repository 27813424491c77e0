import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStreamRun, noteEvent } from './stream-run.ts';

test('an event id that no header can carry back leaves the stream without one', () => {
  const run = createStreamRun();
  const event = { event: 'message', data: 'x', retryMs: undefined };
  for (const [id, kept] of [
    ['e1', 'e1'],
    ['caf\u00e9', 'caf\u00e9'],
    ['', ''],
    ['\u2603', undefined],
    ['a\u0001', undefined],
    ['x'.repeat(4097), undefined],
  ] as const) {
    noteEvent(run, { ...event, id });
    assert.equal(run.lastEventId, kept, id.slice(0, 10));
  }
});
