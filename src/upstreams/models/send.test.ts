import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { brotliCompressSync, createGzip, gzipSync } from 'node:zlib';
import type { ProviderFailure, ProviderFailureKind } from '../../contracts/models.ts';
import { createHttpClient } from '../http/client.ts';
import { type SendBounds, sendToProvider } from './send.ts';

interface Provider {
  readonly url: string;
  send(bounds?: Partial<SendBounds>): ReturnType<typeof sendToProvider>;
  /** Resolves when a request was left by its client. */
  readonly left: Promise<void>;
}

async function start(t: TestContext, answer: RequestListener): Promise<Provider> {
  const left = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    response.on('close', () => {
      if (!response.writableFinished) left.resolve();
    });
    request.resume().on('end', () => answer(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const http = createHttpClient();
  t.after(async () => {
    await http[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/x?y=1`;
  const whole = {
    signal: new AbortController().signal,
    firstByteTimeoutMs: 5_000,
    idleTimeoutMs: 5_000,
    maxBytes: 1_000,
  };
  return {
    ...{ url, left: left.promise },
    send: (bounds) =>
      sendToProvider(
        http,
        { method: 'POST', url, headers: ['content-type', 'application/json'], body: '{}' },
        { ...whole, ...bounds },
      ),
  };
}

const failsAs =
  (kind: ProviderFailureKind) =>
  (error: unknown): boolean => {
    assert.equal((error as ProviderFailure).kind, kind);
    return true;
  };

test('an answer of any status is an answer, with its headers and its whole body', async (t) => {
  const provider = await start(t, (request, response) => {
    response.writeHead(418, { 'x-tea': 'yes' }).end(`${request.method} ${request.url}`);
  });
  const answer = await provider.send();
  assert.equal(answer.status, 418);
  assert.equal(answer.headers['x-tea'], 'yes');
  assert.equal(await answer.text(), 'POST /v1/x?y=1');
});

test('pieces come as they are sent, before the answer has ended', async (t) => {
  const second = Promise.withResolvers<void>();
  const provider = await start(t, (_, response) => {
    response.write('one');
    void second.promise.then(() => response.end('two'));
  });
  const pieces = (await provider.send()).pieces()[Symbol.asyncIterator]();
  assert.equal(String((await pieces.next()).value), 'one');
  second.resolve();
  assert.equal(String((await pieces.next()).value), 'two');
  assert.equal((await pieces.next()).done, true);
});

for (const [encoding, compress] of [
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
] as const)
  test(`an answer that was compressed although nobody asked is read all the same: ${encoding}`, async (t) => {
    const provider = await start(t, (_, response) => {
      response.writeHead(200, { 'content-encoding': encoding }).end(compress('plain'));
    });
    assert.equal(await (await provider.send()).text(), 'plain');
  });

test('an answer that only claims to be compressed is malformed', async (t) => {
  const provider = await start(t, (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('plain');
  });
  const answer = await provider.send();
  await assert.rejects(answer.text(), failsAs('malformed'));
});

test('no answer within the limit is a timeout, and the request is given up', async (t) => {
  const provider = await start(t, () => {});
  await assert.rejects(provider.send({ firstByteTimeoutMs: 20 }), failsAs('timeout'));
  await provider.left;
});

test('an answer that stops coming is a timeout', async (t) => {
  const provider = await start(t, (_, response) => void response.write('one'));
  const answer = await provider.send({ idleTimeoutMs: 20 });
  await assert.rejects(answer.text(), failsAs('timeout'));
  await provider.left;
});

test('a connection that is cut in the middle of an answer is lost, not its end', async (t) => {
  const provider = await start(t, (_, response) => {
    response.write('one');
    setImmediate(() => response.destroy());
  });
  const answer = await provider.send();
  await assert.rejects(answer.text(), failsAs('connection-lost'));
});

test('nobody there is unreachable', async (t) => {
  const provider = await start(t, () => {});
  const { port } = new URL(provider.url);
  const http = createHttpClient();
  t.after(() => http[Symbol.asyncDispose]());
  const bounds = { signal: new AbortController().signal, firstByteTimeoutMs: 5_000, idleTimeoutMs: 5_000, maxBytes: 9 };
  // Nothing listens on the port above the one that was just given out, or it is no HTTP server.
  const url = `http://127.0.0.2:${port}/`;
  await assert.rejects(
    sendToProvider(http, { method: 'GET', url, headers: [], body: undefined }, bounds),
    failsAs('unreachable'),
  );
});

test('more than the bound is malformed, in one piece or many', async (t) => {
  const provider = await start(t, (_, response) => void response.end('x'.repeat(2_000)));
  await assert.rejects(
    provider.send().then((answer) => answer.text()),
    failsAs('malformed'),
  );
});

test('a caller who gives up ends the exchange, before the answer and in the middle of it', async (t) => {
  const before = await start(t, () => {});
  const early = new AbortController();
  const sent = before.send({ signal: early.signal });
  setTimeout(() => early.abort(), 20);
  await assert.rejects(sent, failsAs('cancelled'));
  await before.left;

  const middle = await start(t, (_, response) => void response.write('one'));
  const late = new AbortController();
  const answer = await middle.send({ signal: late.signal });
  const read = answer.text();
  late.abort();
  await assert.rejects(read, failsAs('cancelled'));
  await middle.left;
});

test('leaving the pieces ends the exchange, also before the first was read', async (t) => {
  const provider = await start(t, (_, response) => void response.write('one'));
  const pieces = (await provider.send()).pieces()[Symbol.asyncIterator]();
  await pieces.return?.();
  await provider.left;
});

test('a compressed answer is left like any other: before its first piece was read, and in the middle of a wait', async (t) => {
  const compressed: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    const gzip = createGzip();
    gzip.pipe(response, { end: false });
    gzip.write('one');
    gzip.flush();
  };
  const before = await start(t, compressed);
  const unread = (await before.send()).pieces()[Symbol.asyncIterator]();
  await unread.return?.();
  await before.left;

  const middle = await start(t, compressed);
  const pieces = (await middle.send()).pieces()[Symbol.asyncIterator]();
  assert.equal(String((await pieces.next()).value), 'one');
  const waiting = pieces.next();
  await pieces.return?.();
  assert.equal((await waiting).done, true);
  await middle.left;
});
