import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { HttpClient } from '../http/client.ts';
import { type ExchangeEnd, exchangeMessages } from './http-exchange.ts';

const REQUEST = { method: 'POST', origin: 'http://localhost', path: '/', headers: [], body: '{}' } as const;

/** What an exchange makes of an answer that comes in these chunks. */
function receive(chunks: readonly Buffer[], type: string, maxBytes = 10_000) {
  const events: string[] = [];
  let end: ExchangeEnd | undefined;
  let aborted = false;
  const http: HttpClient = {
    send(_request, listener) {
      queueMicrotask(() => {
        listener.onHead(200, { 'content-type': type });
        for (const chunk of chunks) listener.onData(chunk);
        if (!aborted) listener.onEnd();
      });
      return {
        abort() {
          aborted = true;
        },
      };
    },
    async [Symbol.asyncDispose]() {},
  };
  const { promise, resolve } = Promise.withResolvers<{ events: string[]; end: ExchangeEnd; aborted: boolean }>();
  exchangeMessages(http, { ...REQUEST, headers: [] }, maxBytes, {
    onEvent: (event) => events.push(event.data),
    onEnd(how) {
      assert.equal(end, undefined, 'it ends once');
      end = how;
      resolve({ events, end: how, aborted });
    },
  });
  return promise;
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

describe('an exchange of messages', () => {
  it('reads a body or an event wherever the network cuts it, also within a character', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.array(fc.nat(), { maxLength: 5 }), async (content, places) => {
        const text = JSON.stringify({ content });
        const body = await receive(cut(Buffer.from(text), places), 'application/json');
        assert.deepEqual(body.end, { type: 'body', status: 200, text: Buffer.from(text).toString('utf8') });
        const stream = await receive(cut(Buffer.from(`data: ${text}\n\n`), places), 'text/event-stream; charset=utf-8');
        assert.deepEqual(stream.events, [Buffer.from(text).toString('utf8')]);
        assert.deepEqual(stream.end, { type: 'stream', error: undefined });
      }),
    );
  });

  it('ends as soon as a body outgrows the bound, in whatever pieces it comes', async () => {
    for (const size of [1, 40, 101]) {
      const chunks = Array.from({ length: Math.ceil(101 / size) }, () => Buffer.alloc(size, 'x'));
      const { end, aborted } = await receive(chunks, 'application/json', 100);
      assert.deepEqual([end.type, aborted], ['too-large', true]);
    }
    const { end } = await receive([Buffer.alloc(50, 'x'), Buffer.alloc(50, 'x')], 'application/json', 100);
    assert.equal(end.type, 'body');
  });

  it('has an empty text where there is no body', async () => {
    assert.deepEqual((await receive([], 'application/json')).end, { type: 'body', status: 200, text: '' });
  });
});
