import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { createHttpClient, type HttpRequest } from './client.ts';

interface Ended {
  readonly status: number | undefined;
  readonly body: string;
  readonly failure: { readonly sent: boolean; readonly error: Error } | undefined;
}

async function start(listener: RequestListener): Promise<{ origin: string } & AsyncDisposable> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function send(
  client: ReturnType<typeof createHttpClient>,
  origin: string,
  changes: Partial<HttpRequest> = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    let status: number | undefined;
    let body = '';
    client.send(
      { method: 'POST', origin, path: '/', headers: [], body: 'x', ...changes },
      {
        onHead: (code) => {
          status = code;
        },
        onData: (chunk) => {
          body += chunk.toString();
        },
        onEnd: () => resolve({ status, body, failure: undefined }),
        onFailure: (failure) => resolve({ status, body, failure }),
      },
    );
  });
}

describe('the outbound client', { timeout: 60_000 }, () => {
  it('hands on status and body, and does not follow redirects', async (t) => {
    const client = createHttpClient();
    t.after(() => client[Symbol.asyncDispose]());
    const server = await start((req, res) => res.writeHead(302, { location: '/away' }).end(req.method));
    t.after(() => server[Symbol.asyncDispose]());
    assert.deepEqual(await send(client, server.origin), { status: 302, body: 'POST', failure: undefined });
  });

  it('waits for no body after a head alone, and goes on using the connection', async (t) => {
    const client = createHttpClient();
    t.after(() => client[Symbol.asyncDispose]());
    const ports = new Set<number | undefined>();
    const server = await start((req, res) => {
      ports.add(req.socket.remotePort);
      res.writeHead(200, { 'content-length': '5' }).end(req.method === 'HEAD' ? undefined : 'whole');
    });
    t.after(() => server[Symbol.asyncDispose]());
    const head = await send(client, server.origin, { method: 'HEAD', body: undefined });
    assert.deepEqual(head, { status: 200, body: '', failure: undefined });
    const get = await send(client, server.origin, { method: 'GET', body: undefined });
    assert.deepEqual(get, { status: 200, body: 'whole', failure: undefined });
    assert.equal(ports.size, 1);
  });

  it('sends bytes as they are, with every method that may have a body', async (t) => {
    const client = createHttpClient();
    t.after(() => client[Symbol.asyncDispose]());
    const server = await start(async (req, res) => {
      const parts: Buffer[] = [];
      for await (const part of req) parts.push(part as Buffer);
      res.end(`${req.method} ${req.headers['content-length']} ${Buffer.concat(parts).toString('hex')}`);
    });
    t.after(() => server[Symbol.asyncDispose]());
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      const { body } = await send(client, server.origin, { method, body: Buffer.from([0, 0xff, 0x0d, 0x0a, 0xc3]) });
      assert.equal(body, `${method} 5 00ff0d0ac3`);
    }
    assert.equal((await send(client, server.origin, { method: 'PUT', body: undefined })).body, 'PUT 0 ');
  });

  it('does not report an informational answer as the answer', async (t) => {
    const client = createHttpClient();
    t.after(() => client[Symbol.asyncDispose]());
    const server = await start((_req, res) => {
      res.writeEarlyHints({ link: '</a>; rel=preload' });
      res.writeHead(200).end('real');
    });
    t.after(() => server[Symbol.asyncDispose]());
    assert.equal((await send(client, server.origin)).status, 200);
  });

  it('says that nothing was sent when there is no connection or the request is impossible', async (t) => {
    const client = createHttpClient();
    t.after(() => client[Symbol.asyncDispose]());
    const server = await start(() => {});
    await server[Symbol.asyncDispose]();
    assert.equal((await send(client, server.origin)).failure?.sent, false);
    const impossible = await send(client, server.origin, { headers: ['x-bad', 'a\nb'] });
    assert.equal(impossible.failure?.sent, false);
  });

  it('says that something was sent when the connection breaks afterwards', async (t) => {
    const client = createHttpClient();
    t.after(() => client[Symbol.asyncDispose]());
    const server = await start((req) => req.socket.destroy());
    t.after(() => server[Symbol.asyncDispose]());
    assert.equal((await send(client, server.origin)).failure?.sent, true);
  });

  it('calls nobody after abort, before or after the connection stands', async (t) => {
    const client = createHttpClient();
    t.after(() => client[Symbol.asyncDispose]());
    const closed = Promise.withResolvers<void>();
    const server = await start((req, res) => {
      res.writeHead(200);
      res.write('begin');
      req.socket.once('close', closed.resolve);
    });
    t.after(() => server[Symbol.asyncDispose]());
    let calls = 0;
    const listener = { onHead() {}, onData: () => arrived.resolve(), onEnd: () => calls++, onFailure: () => calls++ };
    const arrived = Promise.withResolvers<void>();
    const request: HttpRequest = { method: 'GET', origin: server.origin, path: '/', headers: [], body: undefined };
    client.send(request, { ...listener, onData: () => calls++ }).abort();
    const exchange = client.send(request, listener);
    await arrived.promise;
    exchange.abort();
    await closed.promise;
    assert.equal(calls, 0);
  });
});
