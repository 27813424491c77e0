import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onEnd, type StreamEnd } from './on-end.ts';

const BYTES = [Buffer.from('ab'), Buffer.from('cde')];

function outcomeOf(stream: AsyncIterable<Uint8Array>) {
  return { type: 'chat-stream', contentType: 'text/event-stream', stream: { lane: 'pass', value: stream } } as const;
}

async function* pieces(error?: Error): AsyncGenerator<Uint8Array> {
  yield* BYTES;
  if (error !== undefined) throw error;
}

function watched(stream: AsyncIterable<Uint8Array>): { ends: StreamEnd[]; iterator: AsyncIterator<Uint8Array> } {
  const ends: StreamEnd[] = [];
  const { stream: lane } = onEnd(outcomeOf(stream), (end) => ends.push(end));
  if (lane.lane !== 'pass') throw new Error('another lane');
  return { ends, iterator: lane.value[Symbol.asyncIterator]() };
}

test('a stream that is read to its end is over once, with all its bytes', async () => {
  const { ends, iterator } = watched(pieces());
  const read: Uint8Array[] = [];
  for (let item = await iterator.next(); item.done !== true; item = await iterator.next()) read.push(item.value);
  await iterator.next();
  await iterator.return?.();
  assert.deepEqual(read, BYTES);
  assert.deepEqual(ends, [{ type: 'complete', bytes: 5 }]);
});

test('a stream that breaks tells its error, and throws it on', async () => {
  const error = new Error('broken');
  const { ends, iterator } = watched(pieces(error));
  await iterator.next();
  await iterator.next();
  await assert.rejects(iterator.next(), error);
  assert.deepEqual(ends, [{ type: 'failed', bytes: 5, error }]);
});

test('a stream that is left in the middle says so, and lets go of what it reads from', async () => {
  let isLeft = false;
  const inner: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: false, value: Buffer.from('abc') }),
      return: () => {
        isLeft = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  const { ends, iterator } = watched(inner);
  await iterator.next();
  await iterator.return?.();
  assert.deepEqual(ends, [{ type: 'left', bytes: 3 }]);
  assert.ok(isLeft);
});

test('a stream that nobody began to read, and then left, is over too', async () => {
  const { ends, iterator } = watched(pieces());
  await iterator.return?.();
  assert.deepEqual(ends, [{ type: 'left', bytes: 0 }]);
});

test('two who wait for the end of one stream both hear of it', async () => {
  const ends: string[] = [];
  const inner = onEnd(outcomeOf(pieces()), () => ends.push('inner'));
  const outer = onEnd(inner, () => ends.push('outer'));
  if (outer.stream.lane !== 'pass') throw new Error('another lane');
  for await (const _ of outer.stream.value);
  assert.deepEqual(ends, ['inner', 'outer']);
});

test('all who asked hear of one end, in their order, also where one of them stumbles', async () => {
  const heard: [string, StreamEnd['type']][] = [];
  const first = onEnd(outcomeOf(pieces()), (end) => heard.push(['first', end.type]));
  const second = onEnd(first, (end) => {
    heard.push(['second', end.type]);
    throw new Error('stumbled');
  });
  const third = onEnd(second, (end) => heard.push(['third', end.type]));
  assert.equal(third, first, 'one iterator does for all of them');
  if (third.stream.lane !== 'pass') throw new Error('another lane');
  const iterator = third.stream.value[Symbol.asyncIterator]();
  await iterator.next();
  await iterator.next();
  await assert.rejects(iterator.next(), /stumbled/);
  assert.deepEqual(heard, [
    ['first', 'complete'],
    ['second', 'complete'],
    ['third', 'failed'],
  ]);
});

test('what somebody made of a watched stream is watched by itself, and both hear', async () => {
  const heard: string[] = [];
  const first = onEnd(outcomeOf(pieces()), () => heard.push('first'));
  if (first.stream.lane !== 'pass') throw new Error('another lane');
  const begun = first.stream.value[Symbol.asyncIterator]();
  const again = onEnd(outcomeOf({ [Symbol.asyncIterator]: () => begun }), () => heard.push('second'));
  if (again.stream.lane !== 'pass') throw new Error('another lane');
  for await (const _ of again.stream.value);
  assert.deepEqual(heard, ['first', 'second']);
});
