import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import type { Exchange, Route, SseStream } from './exchange.ts';
import type { LaneTimeouts } from './fast-connection.ts';
import { FastExchange } from './fast-exchange.ts';
import { createFastLane } from './fast-lane.ts';
import { createHttpServer } from './http-server.ts';
import { createServeRequest } from './serve-request.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const MAX_BODY_BYTES = 100_000;

/** The whole server; `port` to talk to. */
async function open(t: TestContext, route: Route) {
  const server = createHttpServer({
    routes: [route],
    log: silent,
    limits: { maxBodyBytes: MAX_BODY_BYTES },
    allowed: () => ({ hosts: [], origins: [] }),
  });
  const { url } = await server.listen('127.0.0.1', 0);
  t.after(() => server.close(0));
  return { server, port: Number(new URL(url).port) };
}

const echo: Route = async (exchange) => {
  assert.ok(exchange instanceof FastExchange, 'it was not read by the fast lane');
  exchange.sendJson(200, await exchange.body());
};

interface Client {
  readonly socket: Socket;
  /** Everything that came so far. */
  text(): string;
  /** Waits until that matches. */
  until(pattern: RegExp): Promise<RegExpMatchArray>;
  readonly closed: Promise<unknown>;
}

async function call(t: TestContext, port: number): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  let text = '';
  let heard = Promise.withResolvers<void>();
  const wake = (): void => {
    heard.resolve();
    heard = Promise.withResolvers();
  };
  socket.setEncoding('utf8');
  socket.on('error', () => {}).on('close', wake);
  socket.on('data', (chunk: string) => {
    text += chunk;
    wake();
  });
  return {
    socket,
    text: () => text,
    closed: once(socket, 'close'),
    async until(pattern) {
      for (;;) {
        const match = text.match(pattern);
        if (match !== null) return match;
        if (socket.destroyed) throw new Error(`closed after ${JSON.stringify(text)}`);
        await heard.promise;
      }
    },
  };
}

const post = (body: string, more = '', path = '/x'): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

test('an answer has the head node:http would give it, and leaves the connection open', async (t) => {
  const { port } = await open(t, echo);
  const client = await call(t, port);
  client.socket.write(post('"ä"'));
  const [head] = await client.until(/^HTTP[\s\S]*?\r\n\r\n"ä"$/);
  assert.match(
    head,
    /^HTTP\/1\.1 200 OK\r\nContent-Type: application\/json\r\nContent-Length: 4\r\nX-Content-Type-Options: nosniff\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=65\r\n\r\n/,
  );
  client.socket.write(post('"b"', 'Connection: close\r\n'));
  await client.closed;
  assert.match(client.text(), /\r\nConnection: close\r\n\r\n"b"$/);
});

test('a request may be cut anywhere', async (t) => {
  const { port } = await open(t, echo);
  const client = await call(t, port);
  const request = post('{"t":"äöü"}', 'Authorization: Bearer abc\r\n');
  const bytes = Buffer.from(request);
  for (let cut = 1; cut < bytes.length; cut++) {
    client.socket.write(bytes.subarray(0, cut));
    // Long enough for the server to see the first part alone, mostly; it must not matter when it does not.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    client.socket.write(bytes.subarray(cut));
    await client.until(new RegExp(`^(?:HTTP[^{]*\\{"t":"äöü"\\}){${cut}}$`));
  }
});

test('requests sent ahead are answered one after the other, in order', async (t) => {
  const running: string[] = [];
  let most = 0;
  const { port } = await open(t, async (exchange) => {
    const body = await exchange.body();
    running.push(body);
    most = Math.max(most, running.length);
    for (let i = 0; i < 3; i++) await new Promise(setImmediate);
    running.pop();
    exchange.sendJson(200, body);
  });
  const client = await call(t, port);
  // Several times more than what is taken ahead.
  const padding = 'x'.repeat(20_000);
  const bodies = Array.from({ length: 20 }, (_, i) => `{"n":${i},"p":"${padding}"}`);
  client.socket.write(bodies.map((body) => post(body)).join(''));
  await client.until(/"n":19,"p":"x{20000}"\}$/);
  assert.deepEqual(
    [...client.text().matchAll(/"n":(\d+)/g)].map((match) => Number(match[1])),
    bodies.map((_, i) => i),
  );
  assert.equal(most, 1);
});

test('thousands of answers given at once to requests in one write need no stack', async (t) => {
  const { port } = await open(t, (exchange) => {
    exchange.sendEmpty(202);
    return true;
  });
  const client = await call(t, port);
  client.socket.write(post('').repeat(5000));
  client.socket.write(post('', 'Connection: close\r\n'));
  await client.closed;
  assert.equal(client.text().match(/HTTP\/1\.1 202 Accepted\r\n/g)?.length, 5001);
});

test('what is not plain goes to node:http, in mid-connection and with everything that was sent behind it', async (t) => {
  const read: string[] = [];
  const { port } = await open(t, async (exchange) => {
    read.push(`${exchange instanceof FastExchange ? 'fast' : 'node'} ${exchange.method}`);
    const body = exchange.method === 'POST' ? await exchange.body() : '""';
    exchange.sendJson(200, body);
  });
  const chunked =
    'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n"2"\r\n0\r\n\r\n';
  const get = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const client = await call(t, port);
  client.socket.write(`${post('"1"')}${chunked}${get}${post('"4"').slice(0, 30)}`);
  await new Promise(setImmediate);
  client.socket.write(post('"4"').slice(30));
  await client.until(/"4"$/);
  client.socket.write(post('"5"', 'Connection: close\r\n'));
  await client.closed;
  assert.deepEqual(read, ['fast POST', 'node POST', 'node GET', 'node POST', 'node POST']);
  assert.equal(client.text().match(/HTTP\/1\.1 200 OK/g)?.length, 5);
});

test('what is not plain may be cut anywhere, too', async (t) => {
  const { port } = await open(t, async (exchange) => {
    exchange.sendJson(200, JSON.stringify([exchange instanceof FastExchange, await exchange.body()]));
  });
  const bytes = Buffer.from(
    post('x').replace(/Content-Length[\s\S]*$/, 'Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n'),
  );
  for (let cut = 1; cut < bytes.length; cut++) {
    const client = await call(t, port);
    client.socket.write(Buffer.concat([Buffer.from(post('"first"')), bytes.subarray(0, cut)]));
    await client.until(/"first/);
    client.socket.write(bytes.subarray(cut));
    await client.until(/\[false,"x"\]$/);
    client.socket.destroy();
  }
});

test('a body over the bound is refused before it is there, thrown away, and the connection stays usable', async (t) => {
  const { port } = await open(t, echo);
  const client = await call(t, port);
  const [head, body] = post('x'.repeat(MAX_BODY_BYTES + 1)).split('\r\n\r\n');
  client.socket.write(`${head}\r\n\r\n`);
  await client.until(/^HTTP\/1\.1 413 [\s\S]*body_too_large/);
  client.socket.write(body ?? '');
  client.socket.write(post('"next"'));
  await client.until(/"next"$/);
});

test('a head over the bound is node:http’s to refuse', async (t) => {
  const { port } = await open(t, echo);
  const client = await call(t, port);
  client.socket.write(post('""', `X-Large: ${'x'.repeat(40_000)}\r\n`));
  await client.closed;
  assert.match(client.text(), /^HTTP\/1\.1 431 /);
});

test('bodies that are not JSON by type, or not UTF-8, are refused as ever', async (t) => {
  const { port } = await open(t, echo);
  const client = await call(t, port);
  client.socket.write(post('""').replace('application/json', 'text/plain'));
  await client.until(/HTTP\/1\.1 415 [\s\S]*unsupported_media_type/);
  client.socket.write(Buffer.from(post('"x"').replace('"x"', '"\xff"'), 'latin1'));
  await client.until(/HTTP\/1\.1 400 [\s\S]*parse_error/);
  client.socket.write(post('"ok"'));
  await client.until(/"ok"$/);
});

test('a client that leaves in mid-body, or in mid-call, cancels what it asked for', async (t) => {
  const failed = Promise.withResolvers<unknown>();
  const hanging = Promise.withResolvers<Exchange>();
  const aborted = Promise.withResolvers<void>();
  const { port } = await open(t, async (exchange) => {
    if (exchange.segments[0] === 'body') await exchange.body().catch(failed.resolve);
    else {
      exchange.signal.addEventListener('abort', () => aborted.resolve());
      hanging.resolve(exchange);
    }
  });
  const inBody = await call(t, port);
  inBody.socket.write(post('"abc"', '', '/body').slice(0, -2));
  await new Promise(setImmediate);
  inBody.socket.destroy();
  const error = await failed.promise;
  assert.ok(error instanceof GatewayError && error.code === 'cancelled');

  const inCall = await call(t, port);
  inCall.socket.write(post('""'));
  const exchange = await hanging.promise;
  assert.deepEqual([exchange.gone, exchange.signal.aborted], [false, false]);
  inCall.socket.destroy();
  await aborted.promise;
  assert.deepEqual([exchange.gone, exchange.answered], [true, false]);
  // Too late, and nobody is harmed.
  exchange.sendJson(200, '""');
});

test('a header nobody may set ends in a 500, not in two headers', async (t) => {
  const { port } = await open(t, (exchange) => {
    exchange.sendJson(200, '""', { 'X-Evil': 'a\r\nSet-Cookie: b=c' });
    return true;
  });
  const client = await call(t, port);
  client.socket.write(post('""'));
  await client.until(/^HTTP\/1\.1 500 [\s\S]*internal/);
  assert.doesNotMatch(client.text(), /Set-Cookie/);
});

test('an event stream runs chunked over the fast lane, and the connection goes on after its end', async (t) => {
  const { port } = await open(t, (exchange) => {
    const stream = exchange.openSse({ 'Mcp-Session-Id': 's' });
    stream.send('ä', { id: '1' });
    setImmediate(() => {
      stream.send('b');
      stream.end();
      stream.send('too late');
    });
    return true;
  });
  const client = await call(t, port);
  client.socket.write(post('""').repeat(2));
  await client.until(/(?:0\r\n\r\n[\s\S]*){2}$/);
  const answer =
    /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/event-stream\r\n[\s\S]*?Transfer-Encoding: chunked\r\nMcp-Session-Id: s\r\n[\s\S]*?Connection: keep-alive\r\n[\s\S]*?\r\n\r\n10\r\nid: 1\ndata: ä\n\n\r\n9\r\ndata: b\n\n\r\n0\r\n\r\n/;
  assert.match(client.text(), answer);
  assert.match(client.text().replace(answer, ''), answer);
  assert.doesNotMatch(client.text(), /too late/);
});

test('a reader of a stream that does not read is dropped before it fills our memory', async (t) => {
  const opened = Promise.withResolvers<SseStream>();
  const { port } = await open(t, (exchange) => {
    assert.ok(exchange instanceof FastExchange);
    opened.resolve(exchange.openSse());
    return true;
  });
  const client = await call(t, port);
  client.socket.pause();
  client.socket.write(post('""'));
  const stream = await opened.promise;
  const closed = new Promise<void>((resolve) => stream.onClose(resolve));
  const megabyte = 'x'.repeat(1_000_000);
  let sent = 0;
  while (!stream.closed && sent < 100) {
    stream.send(megabyte);
    sent++;
    await new Promise(setImmediate);
  }
  await closed;
  assert.ok(sent < 100, `${sent} MB were taken`);
});

test('a client that does not read its answers is not answered further', async (t) => {
  let answered = 0;
  const { port } = await open(t, (exchange) => {
    answered++;
    exchange.sendJson(200, `"${'x'.repeat(1_000_000)}"`);
    return true;
  });
  const client = await call(t, port);
  client.socket.pause();
  client.socket.write(post('""').repeat(50) + post('""', 'Connection: close\r\n'));
  for (let i = 0; i < 500; i++) await new Promise(setImmediate);
  assert.ok(answered > 0 && answered < 40, `${answered} MB wait in our memory`);
  client.socket.resume();
  await client.closed;
  assert.equal(answered, 51);
  assert.equal(client.text().length - client.text().replaceAll('HTTP/1.1 200 OK', '').length, 51 * 15);
});

test('stopping: idle connections close at once, an answer under way says that it is the last', async (t) => {
  const started = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const { server, port } = await open(t, async (exchange) => {
    if (exchange.segments[0] === 'slow') {
      started.resolve();
      await finish.promise;
    }
    exchange.sendJson(200, '"done"');
  });
  const idle = await call(t, port);
  idle.socket.write(post('""'));
  await idle.until(/"done"$/);
  const busy = await call(t, port);
  busy.socket.write(post('""', '', '/slow') + post('""'));
  await started.promise;
  const closed = server.close(60_000);
  await idle.closed;
  finish.resolve();
  await busy.closed;
  assert.match(busy.text(), /^HTTP\/1\.1 200 OK\r\n[^"]*Connection: close\r\n\r\n"done"$/);
  await closed;
});

test('stopping: an answer the client is slow to take is the last one, too', { timeout: 30_000 }, async (t) => {
  const { server, port } = await open(t, (exchange) => {
    exchange.sendJson(200, `"${'x'.repeat(20_000_000)}"`);
    return true;
  });
  const client = await call(t, port);
  client.socket.pause();
  client.socket.write(post('""'));
  await once(client.socket, 'readable');
  const closed = server.close(60_000);
  client.socket.resume();
  await closed;
  await client.closed;
  assert.ok(client.text().length > 20_000_000);
});

test('stopping: what is not done within the grace is cut off', async (t) => {
  const started = Promise.withResolvers<void>();
  const { server, port } = await open(t, () => {
    started.resolve();
    return new Promise(() => {});
  });
  const client = await call(t, port);
  client.socket.write(post('""'));
  await started.promise;
  await server.close(1);
  await client.closed;
  assert.equal(client.text(), '');
});

/** The lane alone, with deadlines short enough to wait for. */
async function openImpatient(
  t: TestContext,
  timeouts: Partial<LaneTimeouts>,
  route: Route,
  onSocket: (socket: Socket) => void = () => {},
) {
  const lane = createFastLane({
    serve: createServeRequest({ routes: [route], log: silent, allowed: () => ({ hosts: [], origins: [] }) }),
    handOver: (socket) => socket.destroy(),
    maxBodyBytes: 1000,
    maxHeadBytes: 1000,
    timeouts: { headMs: 60_000, requestMs: 60_000, keepAliveMs: 60_000, ...timeouts },
    sweepMs: 5,
    isClosing: () => false,
  });
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    onSocket(socket);
    lane.accept(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    lane.closeAll();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('whoever says nothing, or a head or a body too slowly, is told so and closed', async (t) => {
  const timedOut = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n';
  const slowHead = await openImpatient(t, { headMs: 200 }, echo);
  const silentOne = await call(t, slowHead);
  const slowOne = await call(t, slowHead);
  // It stops in time: bytes that meet a closed socket would have the answer thrown away on their way back.
  let drops = 0;
  const dripping = setInterval(() => {
    if (++drops === 8) clearInterval(dripping);
    slowOne.socket.write('x');
  }, 2);
  t.after(() => clearInterval(dripping));
  slowOne.socket.write('POST /');
  await Promise.all([silentOne.closed, slowOne.closed]);
  assert.deepEqual([silentOne.text(), slowOne.text()], [timedOut, timedOut]);

  const slowBody = await openImpatient(t, { requestMs: 30 }, echo);
  const client = await call(t, slowBody);
  client.socket.write(post('"abc"').slice(0, -1));
  await client.closed;
  assert.equal(client.text(), timedOut);
});

test('a client that takes nothing of a large answer is not waited for for ever', async (t) => {
  const cut = [Promise.withResolvers<unknown>(), Promise.withResolvers<unknown>()];
  let served = 0;
  const port = await openImpatient(
    t,
    { requestMs: 20 },
    (exchange) => {
      exchange.sendJson(200, `"${'x'.repeat(40_000_000)}"`);
      return true;
    },
    (socket) => socket.on('close', cut[served++]?.resolve ?? (() => {})),
  );
  for (const [at, more] of ['', 'Connection: close\r\n'].entries()) {
    const client = await call(t, port);
    const ended = once(client.socket, 'close');
    client.socket.pause();
    client.socket.write(post('""', more));
    await cut[at]?.promise;
    client.socket.resume();
    await ended;
    assert.ok(client.text().length < 40_000_000, `${client.text().length} characters came after all`);
  }
});

test('a quiet connection is closed without a word, one that waits for its answer is not', async (t) => {
  const finish = Promise.withResolvers<void>();
  const port = await openImpatient(t, { headMs: 20, requestMs: 20, keepAliveMs: 20 }, async (exchange) => {
    if (exchange.segments[0] === 'slow') await finish.promise;
    exchange.sendJson(200, '"done"');
  });
  const waiting = await call(t, port);
  waiting.socket.write(post('""', '', '/slow'));
  const quiet = await call(t, port);
  quiet.socket.write(post('""'));
  await quiet.closed;
  assert.match(quiet.text(), /"done"$/);
  finish.resolve();
  await waiting.until(/"done"$/);
});

test('a client that ends its half in mid-request is told that this is no request', async (t) => {
  const { port } = await open(t, echo);
  for (const part of [post('"abc"').slice(0, -1), post('"abc"').slice(0, 40)]) {
    const client = await call(t, port);
    client.socket.end(part);
    await client.closed;
    assert.equal(client.text(), 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  }
});
