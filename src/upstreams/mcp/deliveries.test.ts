import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpClient, HttpListener, HttpRequest } from '../http/client.ts';
import { createDeliveries } from './deliveries.ts';
import type { ExchangeEnd } from './http-exchange.ts';

const REQUEST: HttpRequest = { method: 'POST', origin: 'http://x', path: '/', headers: [], body: '{}' };

function openDeliveries() {
  const open: HttpListener[] = [];
  let most = 0;
  let aborted = 0;
  const http: HttpClient = {
    send(_request, listener) {
      open.push(listener);
      most = Math.max(most, open.length);
      return { abort: () => void aborted++ };
    },
    async [Symbol.asyncDispose]() {},
  };
  const ends: ExchangeEnd[] = [];
  const deliveries = createDeliveries(http);
  return {
    ends,
    most: () => most,
    aborted: () => aborted,
    close: () => deliveries.close(),
    send: () => deliveries.send(REQUEST, (end) => ends.push(end)),
    accept() {
      const listener = open.shift();
      listener?.onHead(202, {});
      listener?.onEnd();
      return listener !== undefined;
    },
  };
}

describe('messages to which no answer belongs', () => {
  it('take few connections however many there are, and all leave that may wait', () => {
    const { ends, most, send, accept } = openDeliveries();
    for (let n = 0; n < 500; n++) send();
    assert.deepEqual([most(), ends.length], [32, 0]);
    while (accept());
    assert.deepEqual([most(), ends.length], [32, 500]);
    assert.ok(ends.every(({ type }) => type === 'body'));
  });

  it('are dropped beyond that, and whoever sent them is told at once', () => {
    const { ends, send } = openDeliveries();
    for (let n = 0; n < 32 + 1024; n++) send();
    assert.equal(ends.length, 0);
    send();
    assert.deepEqual(
      ends.map((end) => [end.type, 'sent' in end && end.sent]),
      [['failed', false]],
    );
  });
  it('are broken off when all is over', () => {
    const { aborted, close, ends, most, send } = openDeliveries();
    for (let n = 0; n < 100; n++) send();
    close();
    send();
    assert.deepEqual([aborted(), most(), ends.length], [32, 32, 0]);
  });
});
