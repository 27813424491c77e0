import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { HttpClient, HttpExchange, HttpRequest } from './exchange.ts';
import { createPlainClient } from './plain-client.ts';
import { createFixedHeaders } from './request-head.ts';

interface Ended {
  readonly status: number | undefined;
  readonly body: string;
  readonly failure: { readonly sent: boolean; readonly error: Error } | undefined;
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

async function listen<T extends Server>(server: T): Promise<{ origin: string; server: T } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** A server that hears whole requests (all without a body, or with one that ends in "}") and answers in raw bytes. */
function startRaw(answer: (socket: Socket, text: string, connection: number) => void) {
  let connections = 0;
  const server = createServer((socket) => {
    const number = ++connections;
    let text = '';
    socket.setEncoding('latin1').on('error', () => {});
    socket.on('data', (data: string) => {
      text += data;
      const isWhole = text.startsWith('GET') ? text.endsWith('\r\n\r\n') : text.endsWith('}');
      if (!isWhole) return;
      const whole = text;
      text = '';
      answer(socket, whole, number);
    });
  });
  return listen(server);
}

const GET = { method: 'GET', path: '/', headers: [], body: undefined } as const;
const POST = { method: 'POST', path: '/mcp', headers: [], body: '{"a":1}' } as const;

function send(client: HttpClient, request: Omit<HttpRequest, 'headers'> & { headers?: readonly string[] }) {
  return new Promise<Ended>((resolve) => {
    let status: number | undefined;
    const chunks: Buffer[] = [];
    const body = (): string => Buffer.concat(chunks).toString();
    client.send(
      { ...request, headers: [...(request.headers ?? [])] },
      {
        onHead: (code) => {
          status = code;
        },
        onData: (chunk) => void chunks.push(chunk),
        onEnd: () => resolve({ status, body: body(), failure: undefined }),
        onFailure: (failure) => resolve({ status, body: body(), failure }),
      },
    );
  });
}

describe('the client for http: origins', { timeout: 60_000 }, () => {
  it('writes what was asked, head and body in one piece', async (t) => {
    const client = createPlainClient({ connectTimeoutMs: 5_000 });
    t.after(() => client[Symbol.asyncDispose]());
    const seen: unknown[] = [];
    const server = await listen(
      createHttpServer((req, res) => {
        let body = '';
        req.setEncoding('utf8').on('data', (data: string) => {
          body += data;
        });
        req.on('end', () => {
          seen.push([req.method, req.url, req.headers['x-a'], req.headers.authorization, req.headers.host, body]);
          res.end('ok');
        });
      }),
    );
    t.after(() => server[Symbol.asyncDispose]());
    const { origin } = server;
    const fixedHeaders = createFixedHeaders(['authorization', 'Bearer \xe9']);
    const host = new URL(origin).host;
    for (const body of ['{"plain":1}', '{"wide":"\u{1f600}\u00e9"}', '', 'x'.repeat(3_000_000)]) {
      await send(client, { ...POST, origin, path: '/a?b=%20c', fixedHeaders, headers: ['X-A', 'v\xfc'], body });
      assert.deepEqual(seen.pop(), ['POST', '/a?b=%20c', 'v\xfc', 'Bearer \xe9', host, body]);
    }
    await send(client, { ...GET, origin, headers: ['host', 'other.example'] });
    assert.deepEqual(seen.pop(), ['GET', '/', undefined, undefined, 'other.example', '']);
  });

  it('uses a connection again after an answer was read to its end, and one connection per call at a time', async (t) => {
    const client = createPlainClient({ connectTimeoutMs: 5_000 });
    t.after(() => client[Symbol.asyncDispose]());
    const server = await startRaw((socket, _text, connection) => {
      socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n${connection}\r\n0\r\n\r\n`);
    });
    t.after(() => server[Symbol.asyncDispose]());
    const { origin } = server;
    assert.equal((await send(client, { ...POST, origin })).body, '1');
    assert.equal((await send(client, { ...POST, origin })).body, '1');
    const both = await Promise.all([send(client, { ...POST, origin }), send(client, { ...POST, origin })]);
    assert.deepEqual(both.map(({ body }) => body).sort(), ['1', '2']);
  });

  it('does not use a connection again that the server wants closed, or behind whose answer more came', async () => {
    const answers = [
      'HTTP/1.1 200 OK\r\nconnection: Close\r\ncontent-length: 2\r\n\r\nok',
      'HTTP/1.1 200 OK\r\nkeep-alive: timeout=2\r\ncontent-length: 2\r\n\r\nok',
      'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok',
      `${OK}HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\npoisoned`,
      `${OK}\r\n`,
    ];
    for (const answer of answers) {
      const client = createPlainClient({ connectTimeoutMs: 5_000 });
      const server = await startRaw((socket, _text, connection) => socket.write(connection === 1 ? answer : OK));
      const { origin } = server;
      assert.equal((await send(client, { ...POST, origin })).body, 'ok');
      assert.equal((await send(client, { ...POST, origin })).body, 'ok');
      assert.equal(await new Promise((resolve) => server.server.getConnections((_error, count) => resolve(count))), 1);
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    }
  });

  it('never takes for an answer what came on an idle connection', async (t) => {
    const client = createPlainClient({ connectTimeoutMs: 5_000 });
    t.after(() => client[Symbol.asyncDispose]());
    const closed = Promise.withResolvers<void>();
    const first = Promise.withResolvers<Socket>();
    const server = await startRaw((socket, _text, connection) => {
      if (connection === 1) {
        first.resolve(socket);
        socket.once('close', () => closed.resolve());
      }
      socket.write(OK);
    });
    t.after(() => server[Symbol.asyncDispose]());
    const { origin } = server;
    await send(client, { ...POST, origin });
    (await first.promise).write('HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\npoisoned');
    await closed.promise;
    assert.equal((await send(client, { ...POST, origin })).body, 'ok');
  });

  it('notices poison that had arrived before the request was sent', async (t) => {
    const client = createPlainClient({ connectTimeoutMs: 5_000 });
    t.after(() => client[Symbol.asyncDispose]());
    const first = Promise.withResolvers<Socket>();
    const server = await startRaw((socket, _text, connection) => {
      if (connection === 1) first.resolve(socket);
      socket.write(OK);
    });
    t.after(() => server[Symbol.asyncDispose]());
    const { origin } = server;
    await send(client, { ...POST, origin });
    const socket = await first.promise;
    // Written to the kernel before this turn ends; the client cannot have read it yet when it is asked.
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\npoisoned');
    assert.equal((await send(client, { ...POST, origin })).body, 'ok');
  });

  it('takes another connection when the server has closed the idle one', async (t) => {
    const client = createPlainClient({ connectTimeoutMs: 5_000 });
    t.after(() => client[Symbol.asyncDispose]());
    const server = await startRaw((socket, _text, connection) => {
      if (connection === 1) socket.end(OK);
      else socket.write(OK);
    });
    t.after(() => server[Symbol.asyncDispose]());
    for (let i = 0; i < 3; i++)
      assert.deepEqual(await send(client, { ...POST, origin: server.origin }), {
        status: 200,
        body: 'ok',
        failure: undefined,
      });
  });

  it('fails with the request sent when the server closes, half-closes or resets before the answer is complete', async (t) => {
    const parts = [
      '',
      'HTTP/1.1 20',
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcd',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      'garbage\r\n\r\n',
    ];
    const client = createPlainClient({ connectTimeoutMs: 5_000 });
    t.after(() => client[Symbol.asyncDispose]());
    const ends: ((socket: Socket) => void)[] = [
      (socket) => socket.destroy(),
      (socket) => void socket.end(),
      (socket) => socket.resetAndDestroy(),
    ];
    for (const part of parts)
      for (const end of ends) {
        const server = await startRaw((socket) => {
          if (part === '') end(socket);
          else socket.write(part, () => end(socket));
        });
        const { failure } = await send(client, { ...POST, origin: server.origin });
        assert.equal(failure?.sent, true, JSON.stringify(part));
        await server[Symbol.asyncDispose]();
      }
  });

  it('takes a body without a length up to the end, but not up to a reset', async (t) => {
    const client = createPlainClient({ connectTimeoutMs: 5_000 });
    t.after(() => client[Symbol.asyncDispose]());
    const clean = await startRaw((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it'));
    t.after(() => clean[Symbol.asyncDispose]());
    assert.deepEqual(await send(client, { ...POST, origin: clean.origin }), {
      status: 200,
      body: 'all of it',
      failure: undefined,
    });
    const arrived = Promise.withResolvers<void>();
    const broken = await startRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhalf');
      void arrived.promise.then(() => socket.resetAndDestroy());
    });
    t.after(() => broken[Symbol.asyncDispose]());
    const failed = Promise.withResolvers<boolean>();
    client.send(
      { ...POST, headers: [], origin: broken.origin },
      {
        onHead() {},
        onData: () => arrived.resolve(),
        onEnd: () => failed.resolve(false),
        onFailure: ({ sent }) => failed.resolve(sent),
      },
    );
    assert.equal(await failed.promise, true);
  });

  it('reads a head that comes byte by byte', async (t) => {
    const client = createPlainClient({ connectTimeoutMs: 5_000 });
    t.after(() => client[Symbol.asyncDispose]());
    const server = await startRaw((socket) => {
      socket.setNoDelay();
      const bytes = [...'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'];
      const next = (): void => {
        const byte = bytes.shift();
        if (byte !== undefined) socket.write(byte, () => setImmediate(next));
      };
      next();
    });
    t.after(() => server[Symbol.asyncDispose]());
    assert.equal((await send(client, { ...POST, origin: server.origin })).body, 'ok');
  });

  it('hands on large bodies of a real server whole, many at once, also to listeners that keep the chunks', async (t) => {
    const client = createPlainClient({ connectTimeoutMs: 5_000 });
    t.after(() => client[Symbol.asyncDispose]());
    const server = await listen(
      createHttpServer((req, res) => {
        const size = Number(req.url?.slice(1));
        const body = String.fromCharCode(97 + (size % 26)).repeat(size);
        // With a length, and in chunks.
        if (size % 2 === 0) res.end(body);
        else {
          res.write(body.slice(0, size / 3));
          res.end(body.slice(size / 3));
        }
      }),
    );
    t.after(() => server[Symbol.asyncDispose]());
    const sizes = Array.from({ length: 40 }, (_, i) => i * 17_041);
    const answers = await Promise.all(
      sizes.map((size) => send(client, { ...GET, origin: server.origin, path: `/${size}` })),
    );
    answers.forEach(({ body, failure }, index) => {
      const size = sizes[index] ?? 0;
      assert.equal(failure, undefined);
      assert.ok(body === String.fromCharCode(97 + (size % 26)).repeat(size), `body of ${size}`);
    });
  });

  it('refuses what could smuggle a header or a request, before a byte leaves', async (t) => {
    const client = createPlainClient({ connectTimeoutMs: 5_000 });
    t.after(() => client[Symbol.asyncDispose]());
    let requests = 0;
    const server = await startRaw((socket) => {
      requests++;
      socket.write(OK);
    });
    t.after(() => server[Symbol.asyncDispose]());
    const { origin } = server;
    const bad = fc.constantFrom('\r', '\n', '\0', '\r\n', '\x7f', '\u0100', '\u560a', '\ud800');
    const place = fc.tuple(fc.string(), bad, fc.string()).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(place, fc.constantFrom('name', 'value', 'fixed', 'path'), async (evil, where) => {
        const { failure } = await send(client, {
          ...POST,
          origin,
          path: where === 'path' ? `/${evil}` : '/',
          headers: where === 'name' ? [evil, 'x'] : where === 'value' ? ['x-a', evil] : [],
          ...(where === 'fixed' && { fixedHeaders: createFixedHeaders(['x-a', evil]) }),
        });
        assert.equal(failure?.sent, false);
        assert.ok(!failure.error.message.includes(evil), 'what may be a secret is not told');
      }),
      { numRuns: 200 },
    );
    for (const own of ['content-length', 'Transfer-Encoding', 'connection', 'Upgrade', 'expect'])
      assert.equal((await send(client, { ...POST, origin, headers: [own, '1'] })).failure?.sent, false);
    assert.equal(requests, 0);
  });

  it('gives up connecting after a while, with nothing sent', async (t) => {
    const client = createPlainClient({ connectTimeoutMs: 20 });
    t.after(() => client[Symbol.asyncDispose]());
    // TEST-NET-1 answers nothing; where there is no route at all, the failure comes sooner and says the same.
    const { failure } = await send(client, { ...POST, origin: 'http://192.0.2.1:9' });
    assert.equal(failure?.sent, false);
  });

  it('closes the connection of an aborted answer, and keeps one that was not used yet', async (t) => {
    const client = createPlainClient({ connectTimeoutMs: 5_000 });
    t.after(() => client[Symbol.asyncDispose]());
    const closed = Promise.withResolvers<void>();
    const server = await startRaw((socket, text) => {
      if (text.startsWith('GET /wait'))
        socket.once('close', () => closed.resolve()).write('HTTP/1.1 200 OK\r\n\r\nfirst');
      else socket.write(OK);
    });
    t.after(() => server[Symbol.asyncDispose]());
    const { origin } = server;
    const silent = { onHead: fail, onData: fail, onEnd: fail, onFailure: fail };
    function fail(): never {
      throw new Error('called after abort');
    }
    client.send({ ...GET, headers: [], origin }, silent).abort();
    let exchange: HttpExchange | undefined;
    const onData = (): void => exchange?.abort();
    exchange = client.send({ ...GET, headers: [], origin, path: '/wait' }, { ...silent, onHead() {}, onData });
    await closed.promise;
    assert.equal((await send(client, { ...GET, origin })).body, 'ok');
  });

  it('fails what is under way when it is closed, and everything afterwards', async (t) => {
    const client = createPlainClient({ connectTimeoutMs: 5_000 });
    const arrived = Promise.withResolvers<void>();
    const server = await startRaw(() => arrived.resolve());
    t.after(() => server[Symbol.asyncDispose]());
    const { origin } = server;
    const waiting = send(client, { ...POST, origin });
    await arrived.promise;
    const unsent = send(client, { ...POST, origin });
    await client[Symbol.asyncDispose]();
    assert.equal((await waiting).failure?.sent, true);
    assert.equal((await unsent).failure?.sent, false);
    assert.equal((await send(client, { ...POST, origin })).failure?.sent, false);
  });

  it('survives a listener that throws, and does not use its connection again', async (t) => {
    const client = createPlainClient({ connectTimeoutMs: 5_000 });
    t.after(() => client[Symbol.asyncDispose]());
    const server = await startRaw((socket, _text, connection) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${connection}`);
    });
    t.after(() => server[Symbol.asyncDispose]());
    const { origin } = server;
    const error = await new Promise((resolve) => {
      const onHead = (): void => {
        throw new Error('of the listener');
      };
      const onFailure = (failure: { error: Error }): void => resolve(failure.error.message);
      client.send({ ...POST, headers: [], origin }, { onHead, onData() {}, onEnd() {}, onFailure });
    });
    assert.equal(error, 'of the listener');
    assert.equal((await send(client, { ...POST, origin })).body, '2');
  });
});
