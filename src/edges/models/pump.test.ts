import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ByteSink } from '../http/exchange.ts';
import { pump } from './pump.ts';

function createSink(): { readonly sink: ByteSink; readonly written: string[]; close(): void } {
  const written: string[] = [];
  const listeners: (() => void)[] = [];
  let closed = false;
  const close = (): void => {
    closed = true;
    for (const listener of listeners.splice(0)) listener();
  };
  const sink: ByteSink = {
    get closed() {
      return closed;
    },
    write: (chunk) => {
      written.push(String(chunk));
      return true;
    },
    drained: () => Promise.resolve(),
    onClose: (listener) => void listeners.push(listener),
    end: close,
    destroy: close,
  };
  return { sink, written, close };
}

/** Never ends by itself; waits at `undefined`. */
function createStream(items: readonly (string | undefined)[]): {
  readonly stream: AsyncIterable<string>;
  leaves(): number;
} {
  let leaves = 0;
  let at = 0;
  const left = Promise.withResolvers<IteratorResult<string>>();
  const iterator: AsyncIterator<string> = {
    next: () => {
      const item = items[at++];
      return item === undefined ? left.promise : Promise.resolve({ done: false, value: item });
    },
    return: () => {
      leaves++;
      left.resolve({ done: true, value: undefined });
      return Promise.resolve({ done: true, value: undefined });
    },
  };
  return { stream: { [Symbol.asyncIterator]: () => iterator }, leaves: () => leaves };
}

test('a stream that cannot be encoded is left, so that its provider stops and its call ends', async () => {
  const { sink, written } = createSink();
  const { stream, leaves } = createStream(['one', 'two', 'three']);
  const encode = (item: string): string => {
    if (item === 'two') throw new Error('too much waits');
    return item;
  };
  await pump(sink, stream, {
    encode,
    finish: () => 'end',
    onBroken: (error) => {
      sink.write(`broken: ${(error as Error).message}`);
      sink.end();
    },
  });
  assert.deepEqual(written, ['one', 'broken: too much waits']);
  assert.equal(leaves(), 1);
});

test('a reader that goes away ends the stream in the middle of a wait, and is told nothing more', async () => {
  const { sink, written, close } = createSink();
  const { stream, leaves } = createStream(['one', undefined]);
  const pumped = pump(sink, stream, { encode: (item) => item, finish: () => 'end', onBroken: assert.fail });
  await new Promise(setImmediate);
  close();
  await pumped;
  assert.deepEqual(written, ['one']);
  assert.equal(leaves(), 1);
});
