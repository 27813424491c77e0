import assert from 'node:assert/strict';
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { CallSignal } from '../../contracts/call-signal.ts';
import type { Credential } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import type { Route, SseStream } from './exchange.ts';
import { createHealthRoutes } from './health-routes.ts';
import { createHttpServer, type HttpServer } from './http-server.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

interface Open extends AsyncDisposable {
  readonly url: string;
  readonly server: HttpServer;
}

async function open(routes: readonly Route[], log: Log = silent): Promise<Open> {
  const allowed = () => ({ hosts: ['gw.example.com'], origins: ['https://app.example.com'] });
  const server = createHttpServer({ routes, log, limits: { maxBodyBytes: 1000 }, allowed });
  const { url } = await server.listen('127.0.0.1', 0);
  return { url, server, [Symbol.asyncDispose]: () => server.close(0) };
}

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function get(
  url: string,
  options: { method?: string; headers?: object; path?: string; body?: string } = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, path } = options;
    const sent = httpRequest(url, {
      method,
      headers: { ...headers },
      agent: false,
      ...(path === undefined ? {} : { path }),
    });
    sent.on('error', reject).on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.end(options.body);
  });
}

const echo: Route = (exchange) => {
  exchange.sendJson(200, JSON.stringify({ segments: exchange.segments, a: exchange.query.get('a') }));
  return true;
};

test('a Host or Origin that is not ours is refused before any route sees the request', async (t) => {
  let seen = 0;
  const http = await open([
    (exchange) => {
      seen++;
      return echo(exchange);
    },
  ]);
  t.after(() => http[Symbol.asyncDispose]());
  const foreignHost = await get(http.url, { headers: { host: 'evil.example.com' } });
  assert.deepEqual([foreignHost.status, JSON.parse(foreignHost.text).error.code], [403, 'forbidden_host']);
  const foreignOrigin = await get(http.url, { headers: { origin: 'https://evil.example.com' } });
  assert.deepEqual([foreignOrigin.status, JSON.parse(foreignOrigin.text).error.code], [403, 'forbidden_origin']);
  assert.equal(foreignOrigin.headers['access-control-allow-origin'], undefined);
  const preflight = { origin: 'https://evil.example.com', 'access-control-request-method': 'POST' };
  assert.equal((await get(http.url, { method: 'OPTIONS', headers: preflight })).status, 403);
  assert.equal(seen, 0);
  assert.equal((await get(http.url, { headers: { host: 'gw.example.com:1' } })).status, 200);
  assert.equal((await get(http.url, { headers: { origin: 'https://app.example.com' } })).status, 200);
  assert.equal(seen, 2);
});

test('two Host headers are refused', async (t) => {
  const http = await open([echo]);
  t.after(() => http[Symbol.asyncDispose]());
  const { port } = new URL(http.url);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n'),
    );
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.on('end', () => resolve(text)).on('error', reject);
  });
  assert.match(answer, /^HTTP\/1\.1 (400|403) /);
});

test('an allowed page may ask, with the headers it needs, and read the session id', async (t) => {
  const http = await open([echo]);
  t.after(() => http[Symbol.asyncDispose]());
  const origin = 'http://localhost:6274';
  const preflight = await get(http.url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, mcp-param-x, bad header',
    },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers['access-control-allow-origin'], origin);
  assert.equal(preflight.headers['access-control-allow-headers'], 'authorization, mcp-param-x');
  assert.equal(preflight.headers['access-control-allow-credentials'], undefined);
  const answer = await get(http.url, { headers: { origin } });
  assert.equal(answer.headers['access-control-allow-origin'], origin);
  assert.equal(answer.headers['access-control-expose-headers'], 'Mcp-Session-Id, WWW-Authenticate');
});

test('paths are split before they are decoded', async (t) => {
  const http = await open([echo]);
  t.after(() => http[Symbol.asyncDispose]());
  const at = async (path: string) => JSON.parse((await get(http.url, { path })).text);
  assert.deepEqual(await at('/mcp/a%2Fb/?a=%20x'), { segments: ['mcp', 'a/b'], a: ' x' });
  assert.deepEqual(await at('/'), { segments: [], a: null });
  assert.equal((await at('/%E0%A4%A')).error.code, 'invalid_request');
  assert.equal((await at('http://evil.example.com/mcp')).error.code, 'invalid_request');
});

test('what a route throws is answered with its status, and what is unexpected without detail', async (t) => {
  const logged: unknown[] = [];
  const log: Log = { ...silent, error: (_message, fields) => logged.push(fields) };
  const http = await open(
    [
      (exchange) => {
        if (exchange.segments[0] === 'nowhere') return false;
        if (exchange.segments[0] === 'known') throw new GatewayError('unauthenticated');
        throw new TypeError('secret detail');
      },
    ],
    log,
  );
  t.after(() => http[Symbol.asyncDispose]());
  const known = await get(`${http.url}/known`);
  assert.equal(known.status, 401);
  assert.equal(known.headers['www-authenticate'], 'Bearer');
  assert.deepEqual(JSON.parse(known.text), { error: { code: 'unauthenticated', message: 'A valid key is required' } });
  const unknown = await get(`${http.url}/boom`);
  assert.equal(unknown.status, 500);
  assert.doesNotMatch(unknown.text, /secret/);
  assert.equal(logged.length, 1);
  assert.equal((await get(`${http.url}/nowhere`)).status, 404);
});

test('a body over the bound is refused although its length was never announced, and the connection stays usable', async (t) => {
  const http = await open([
    async (exchange) => {
      exchange.sendJson(200, await exchange.body());
      return true;
    },
  ]);
  t.after(() => http[Symbol.asyncDispose]());
  const headers = { 'content-type': 'application/json; charset=UTF-8' };
  const big = `"${'x'.repeat(500_000)}"`;
  const chunked = await get(http.url, {
    method: 'POST',
    headers: { ...headers, 'transfer-encoding': 'chunked' },
    body: big,
  });
  assert.equal(chunked.status, 413);
  const announced = await get(http.url, { method: 'POST', headers, body: big });
  assert.equal(announced.status, 413);
  const fine = await get(http.url, { method: 'POST', headers, body: '"ä"' });
  assert.deepEqual([fine.status, fine.text], [200, '"ä"']);
});

test('too many headers are refused rather than dropped', async (t) => {
  const http = await open([echo]);
  t.after(() => http[Symbol.asyncDispose]());
  const headers = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x-h-${i}`, '1']));
  assert.equal((await get(http.url, { headers })).status, 400);
});

test('the signal of an exchange fires when the client leaves before its answer, not after it', async (t) => {
  const aborted = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const signals: CallSignal[] = [];
  const http = await open([
    (exchange) => {
      signals.push(exchange.signal);
      if (exchange.segments[0] === 'hang') {
        exchange.signal.addEventListener('abort', () => aborted.resolve());
        arrived.resolve();
      } else exchange.sendEmpty(204);
      return true;
    },
  ]);
  t.after(() => http[Symbol.asyncDispose]());
  await get(`${http.url}/quick`);
  const hanging = httpRequest(`${http.url}/hang`, { agent: false });
  hanging.on('error', () => {}).end();
  await arrived.promise;
  hanging.destroy();
  await aborted.promise;
  assert.deepEqual(
    signals.map((signal) => signal.aborted),
    [false, true],
  );
});

test('a key is one object for as long as its connection presents no other', async (t) => {
  const seen: (Credential | undefined)[] = [];
  const http = await open([
    (exchange) => {
      seen.push(exchange.credential);
      return echo(exchange);
    },
  ]);
  t.after(() => http[Symbol.asyncDispose]());
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const keys = ['Bearer a', 'Bearer a', 'Bearer b', undefined, 'Bearer a'];
  for (const key of keys) {
    const headers = key === undefined ? {} : { authorization: key };
    await new Promise<void>((resolve, reject) => {
      httpRequest(http.url, { agent, headers }, (response) => response.resume().on('end', resolve))
        .on('error', reject)
        .end();
    });
  }
  assert.deepEqual(
    seen.map((credential) => credential?.token),
    ['a', 'a', 'b', undefined, 'a'],
  );
  assert.equal(seen[0], seen[1]);
  const elsewhere = await get(http.url, { headers: { 'x-api-key': 'a' } });
  assert.equal(elsewhere.status, 200);
  assert.deepEqual(seen.at(-1), { source: 'x-api-key', token: 'a' });
});

test('a reader that does not read is dropped before it fills our memory', async (t) => {
  const opened = Promise.withResolvers<SseStream>();
  const http = await open([
    (exchange) => {
      opened.resolve(exchange.openSse());
      return true;
    },
  ]);
  t.after(() => http[Symbol.asyncDispose]());
  const reader = httpRequest(http.url, { agent: false });
  reader.on('error', () => {}).on('response', (response) => response.pause().on('error', () => {}));
  reader.end();
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

test('closing lets an answer under way finish, and ends what does not within the grace', async () => {
  const started = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const http = await open([
    async (exchange) => {
      if (exchange.segments[0] === 'stream') exchange.openSse();
      else {
        started.resolve();
        await finish.promise;
        exchange.sendJson(200, '"done"');
      }
      return true;
    },
  ]);
  const endless = httpRequest(`${http.url}/stream`, { agent: false });
  const cut = new Promise<void>((resolve) =>
    endless.on('response', (response) =>
      response
        .on('error', () => {})
        .on('close', resolve)
        .resume(),
    ),
  );
  endless.on('error', () => {}).end();
  const answer = get(`${http.url}/slow`);
  await started.promise;
  const closed = http.server.close(300);
  finish.resolve();
  assert.equal((await answer).text, '"done"');
  await cut;
  await closed;
  await assert.rejects(get(http.url));
});

test('/health says that we live, /ready what the gateway says', async (t) => {
  let ready = false;
  const http = await open(createHealthRoutes({ isReady: () => ready, describe: () => ({ servers: [] }) }));
  t.after(() => http[Symbol.asyncDispose]());
  const health = await get(`${http.url}/health`);
  assert.deepEqual([health.status, health.text], [200, '{"status":"ok"}']);
  assert.equal((await get(`${http.url}/ready`)).status, 503);
  ready = true;
  const answer = await get(`${http.url}/ready`);
  assert.deepEqual([answer.status, answer.text], [200, '{"servers":[]}']);
  const post = await get(`${http.url}/health`, { method: 'POST' });
  assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
});

test('a body in ready pieces arrives whole, with its length and our headers, each time', async (t) => {
  const pieces = [Buffer.from('{"a":"é",'), Buffer.from(`"b":"${'x'.repeat(100_000)}"`), Buffer.from('}')];
  const ready: Route = (exchange) => {
    exchange.sendJsonBytes(200, pieces, { 'X-Own': '1' });
    return true;
  };
  const opened = await open([ready]);
  t.after(() => opened[Symbol.asyncDispose]());
  const whole = Buffer.concat(pieces);
  const json = { 'content-type': 'application/json' };
  for (const options of [{}, {}, { method: 'POST', headers: json, body: '{}' }]) {
    const got = await get(opened.url, options);
    assert.equal(got.text, whole.toString());
    assert.equal(got.headers['content-length'], String(whole.length));
    assert.equal(got.headers['content-type'], 'application/json');
    assert.equal(got.headers['x-own'], '1');
  }
});

/** On the fast lane, and on node:http, which gets what has no length beforehand. */
const LANES = [
  ['fast lane', { 'content-length': '4' }],
  ['node:http', { 'transfer-encoding': 'chunked' }],
] as const;

for (const [lane, framing] of LANES) {
  test(`a body of any type is read as bytes, and a body too large is refused: ${lane}`, async (t) => {
    const http = await open([
      async (exchange) => {
        const bytes = await exchange.bytes();
        exchange.sendText(200, 'text/plain', bytes.toString('hex'));
      },
    ]);
    t.after(() => http[Symbol.asyncDispose]());
    const headers = { 'content-type': 'audio/mpeg', ...framing };
    const body = '\x00\x01ab';
    assert.equal((await get(http.url, { method: 'POST', headers, body })).text, '00016162');
    const large = { 'content-type': 'audio/mpeg', ...(lane === 'fast lane' ? { 'content-length': '1001' } : framing) };
    assert.equal((await get(http.url, { method: 'POST', headers: large, body: 'x'.repeat(1001) })).status, 413);
  });

  test(`an answer of bytes goes out piece by piece, with its own status and headers: ${lane}`, async (t) => {
    const http = await open([
      async (exchange) => {
        await exchange.bytes();
        const sink = exchange.openBytes(206, { 'Content-Type': 'application/x-thing', 'X-More': '1' });
        sink.write(Buffer.from([0x61, 0xc3]));
        await new Promise(setImmediate);
        sink.write(Buffer.from([0xa4]));
        sink.write('');
        sink.write('ö');
        sink.end();
        sink.write('too late');
      },
    ]);
    t.after(() => http[Symbol.asyncDispose]());
    const answer = await get(http.url, { method: 'POST', headers: framing, body: '1234' });
    assert.deepEqual([answer.status, answer.text], [206, 'aäö']);
    assert.equal(answer.headers['content-type'], 'application/x-thing');
    assert.equal(answer.headers['x-more'], '1');
    assert.equal(answer.headers['content-length'], undefined);
  });

  test(`a reader that does not keep up is waited for, and one that goes away ends the waiting: ${lane}`, async (t) => {
    const piece = Buffer.alloc(65_536, 'x');
    const closed = Promise.withResolvers<number>();
    const http = await open([
      async (exchange) => {
        await exchange.bytes();
        const sink = exchange.openBytes(200, {});
        let waits = 0;
        sink.onClose(() => closed.resolve(waits));
        while (!sink.closed) {
          if (sink.write(piece)) continue;
          waits++;
          await sink.drained();
        }
      },
    ]);
    t.after(() => http[Symbol.asyncDispose]());
    const sent = httpRequest(http.url, { method: 'POST', headers: framing, agent: false });
    sent.on('error', () => {});
    const bytes = await new Promise<number>((resolve) => {
      sent.on('response', (response) => {
        let count = 0;
        response.on('error', () => {});
        response.on('data', (chunk: Buffer) => {
          count += chunk.length;
          if (count < 8 * 1024 * 1024) return;
          response.destroy();
          resolve(count);
        });
      });
      sent.end('1234');
    });
    assert.ok(bytes >= 8 * 1024 * 1024);
    assert.ok((await closed.promise) > 0);
  });
}
