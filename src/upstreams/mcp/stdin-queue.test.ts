import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { createStdinQueue } from './stdin-queue.ts';

/** A stdin whose writes end when the test says so; `isQuick` ones end at once, as a pipe with room does. */
function fakeStdin(isQuick = false) {
  const writes: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const stdin = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, callback) {
      writes.push(chunk);
      if (isQuick) callback();
      else ends.push(callback);
    },
  });
  stdin.on('error', () => {});
  return { stdin, writes, ends };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('lines of one turn leave in one write and in their order, also those that settled promises bring', async () => {
  const { stdin, writes } = fakeStdin(true);
  const queue = createStdinQueue(stdin, 1_000);
  const gate = Promise.resolve();
  for (const id of [1, 2, 3]) void gate.then(() => queue.push(`line ${id}`, id, undefined));
  await tick();
  assert.deepEqual(writes, ['line 1\nline 2\nline 3\n']);
  for (const id of [1, 2, 3]) assert.equal(queue.isUnsent(id), false);
});

test('of a batch that is stuck half-way no request counts as unsent, of what waits behind it each does', async () => {
  const { stdin, ends } = fakeStdin();
  const queue = createStdinQueue(stdin, 1_000);
  queue.push('a', 1, undefined);
  queue.push('b', 2, undefined);
  assert.equal(queue.isUnsent(1), true);
  await tick();
  queue.push('c', 3, undefined);
  await tick();
  assert.deepEqual(
    [1, 2, 3].map((id) => queue.isUnsent(id)),
    [false, false, true],
  );
  ends[0]?.(new Error('broken pipe'));
  await tick();
  assert.equal(queue.isUnsent(3), true);
});

test('a request alone in its write is unsent until the write is complete, and forgotten once it is over', async () => {
  const { stdin, writes, ends } = fakeStdin();
  const queue = createStdinQueue(stdin, 1_000);
  queue.push('a', 1, undefined);
  await tick();
  assert.equal(queue.isUnsent(1), true);
  let isDone = false;
  queue.push('b', undefined, () => {
    isDone = true;
  });
  queue.push('c', 2, undefined);
  ends[0]?.();
  await tick();
  assert.equal(queue.isUnsent(1), false);
  assert.deepEqual(writes, ['a\n', 'b\nc\n']);
  assert.equal(isDone, false);
  ends[1]?.();
  await tick();
  assert.equal(isDone, true);
});

test('what waits counts towards the bound, and is written before stdin is closed', async () => {
  const { stdin, writes, ends } = fakeStdin();
  const queue = createStdinQueue(stdin, 5);
  assert.equal(queue.push('aaaa', 1, undefined), true);
  assert.equal(queue.push('bb', 2, undefined), true);
  assert.equal(queue.push('c', 3, undefined), false);
  queue.end();
  ends[0]?.();
  await tick();
  assert.deepEqual(writes, ['aaaa\nbb\n']);
  assert.equal(stdin.writableEnded, true);
  assert.equal(queue.push('d', 4, undefined), false);
});

test('a large batch does not wait for the end of the turn', () => {
  const { stdin, writes } = fakeStdin(true);
  const queue = createStdinQueue(stdin, 1_000_000);
  queue.push('x'.repeat(70_000), 1, undefined);
  assert.equal(writes.length, 1);
});
