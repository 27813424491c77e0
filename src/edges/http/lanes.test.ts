import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Log } from '../../contracts/log.ts';
import type { Route } from './exchange.ts';
import { createFastLane } from './fast-lane.ts';
import { createNodeLane } from './node-lane.ts';
import { createServeRequest, type ServeDeps } from './serve-request.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** One request as a lane read it. */
interface Seen {
  readonly method: string;
  readonly url: string;
  /** Lower-case names and trimmed values, in turn. */
  readonly headers: readonly string[];
  /** What the route got to read; undefined if it was refused before, or cut off. */
  body: string | undefined;
}

interface Heard {
  readonly seen: readonly Seen[];
  /** All bytes the client got, but for the dates. */
  readonly answers: string;
  /** How many requests the fast lane read itself. */
  readonly fast: number;
  /** node:http came upon something it could not read. */
  readonly unreadable: boolean;
}

/** Both lanes in front of a route that says what it read; or node:http alone. */
function openLanes(withFastLane: boolean) {
  const seen: Seen[] = [];
  const echo: Route = async (exchange) => {
    const one = seen.at(-1);
    const text = await exchange.body();
    if (one !== undefined) one.body = text;
    exchange.sendJson(200, JSON.stringify({ at: exchange.segments, text }));
  };
  const deps: ServeDeps = { routes: [echo], log: silent, allowed: () => ({ hosts: [], origins: [] }) };
  const serve = createServeRequest(deps);
  const shared = {
    maxBodyBytes: 200,
    maxHeadBytes: 4096,
    timeouts: { headMs: 15_000, requestMs: 120_000, keepAliveMs: 65_000 },
    sweepMs: 5_000,
    isClosing: () => false,
    serve: (arrival: Parameters<typeof serve>[0]) => {
      const headers = arrival.headers.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text.trim()));
      seen.push({ method: arrival.method, url: arrival.url, headers, body: undefined });
      serve(arrival);
    },
  };
  const server = createNodeLane(shared);
  const toNode = server.listeners('connection');
  let fast = 0;
  const lane = createFastLane({
    ...shared,
    serve: (arrival) => {
      fast++;
      shared.serve(arrival);
    },
    handOver: (socket) => {
      for (const listener of toNode) Reflect.apply(listener, server, [socket]);
    },
  });
  if (withFastLane) server.removeAllListeners('connection').on('connection', lane.accept);
  return {
    server,
    heard: (answers: string, unreadable: boolean): Heard => ({
      seen,
      answers: answers.replace(/^Date: .*\r\n/gm, ''),
      fast,
      unreadable,
    }),
  };
}

/** Sends the chunks over a connection in memory, one by one, then says that there will be no more. */
async function play(chunks: readonly Buffer[], withFastLane: boolean): Promise<Heard> {
  const { server, heard } = openLanes(withFastLane);
  const [client, inner] = duplexPair();
  const asSocket = { localAddress: '127.0.0.1', destroySoon: () => inner.end(), setTimeout: () => inner };
  const socket = Object.assign(inner, asSocket);
  const closed = new Promise<void>((resolve) => inner.on('close', resolve));
  let answers = '';
  client
    .on('error', () => {})
    .on('data', (chunk: Buffer) => {
      answers += chunk.toString('latin1');
    });
  let unreadable = false;
  inner.on('error', (error: NodeJS.ErrnoException) => {
    unreadable = error.code?.startsWith('HPE_') === true;
  });
  server.emit('connection', socket);
  for (const chunk of chunks) {
    if (inner.destroyed || inner.writableEnded) break;
    client.write(chunk);
    await new Promise(setImmediate);
  }
  client.end();
  await closed;
  await new Promise(setImmediate);
  return heard(answers, unreadable);
}

const HEAD = 'Host: localhost\r\nContent-Type: application/json\r\n';
const plain = (path: string, body: string, more = ''): string =>
  `POST ${path} HTTP/1.1\r\n${HEAD}${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

const call = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"t":"ä"}}}';
const real = [
  plain('/mcp', call, 'mcp-method: tools/call\r\nmcp-name: echo\r\nauthorization: Bearer abc\r\n'),
  plain('/mcp/a%2Fb?x=1', '', 'accept: application/json, text/event-stream\r\nConnection: keep-alive\r\n'),
  plain('/sse', '"x"', 'Connection: close\r\n'),
  plain('/', `"${'y'.repeat(250)}"`, 'X-Empty:\r\nx-blank: \t \r\n'),
  'GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n',
  `POST /mcp HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\n"a"\r\n0\r\n\r\n`,
];

const odd = [
  '\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  '\0',
  ':',
  ',',
  ';',
  '#',
  '\\',
  '%',
  '+',
  '-',
  '0',
  '00',
  '1',
  '\x7f',
  '\x80',
  '\xff',
  '\r\n\r\n',
  '\r\n ',
  'Host: localhost\r\n',
  'Host: evil.example.com\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Content-Length : 3\r\n',
  'Content-Length: 3, 3\r\n',
  'Content-Length: +3\r\n',
  'Content-Length: 0x3\r\n',
  'Content-Length:\r\n',
  'Content-Length: 18446744073709551617\r\n',
  'content_length: 7\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'Transfer-Encoding : chunked\r\n',
  'TRANSFER-ENCODING:\tchunked\r\n',
  'Transfer-Encoding: chunked, identity\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive\r\n',
  'Connection: Keep-Alive , close\r\n',
  'Connection: upgrade\r\nUpgrade: h2c\r\n',
  'Proxy-Connection: close\r\n',
  'Keep-Alive: timeout=1\r\n',
  'Upgrade: websocket\r\n',
  'Expect: 100-continue\r\n',
  'Trailer: x\r\n',
  'TE: trailers\r\n',
  'Origin: null\r\n',
  'Origin: http://localhost:1\r\n',
  'Content-Encoding: gzip\r\n',
  ' HTTP/1.0\r\n',
  ' HTTP/1.1\r\n',
  'HTTP/2.0',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'POST ',
  'PUT ',
  'POST http://localhost/mcp HTTP/1.1\r\n',
  'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n',
  '0\r\n\r\n',
  '3\r\nabc\r\n',
];

/** Changes bytes, puts odd pieces in, takes parts away, doubles parts, and puts an odd line (or none) in a line's place. */
type Edit = { readonly at: number } & (
  | { readonly type: 'insert' | 'line'; readonly text: string }
  | { readonly type: 'replace'; readonly byte: number }
  | { readonly type: 'delete' | 'double'; readonly bytes: number }
);

const place = fc.nat(9999).map((part) => part / 10_000);
const oddLines = ['', ...odd.filter((text) => /^.+\r\n$/.test(text))];

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ type: fc.constant('insert' as const), at: place, text: fc.constantFrom(...odd) }),
  fc.record({ type: fc.constant('line' as const), at: place, text: fc.constantFrom(...oddLines) }),
  fc.record({ type: fc.constant('replace' as const), at: place, byte: fc.nat(255) }),
  fc.record({
    type: fc.constantFrom('delete' as const, 'double' as const),
    at: place,
    bytes: fc.integer({ min: 1, max: 40 }),
  }),
);

/** Odd pieces go to the beginnings of lines as often as anywhere else: that is where they mean most. */
function applyEdit(text: string, change: Edit): string {
  let at = Math.floor(change.at * text.length);
  if (change.type === 'insert' && change.text.endsWith('\r\n')) at = text.indexOf('\r\n', at) + 2;
  switch (change.type) {
    case 'insert':
      return text.slice(0, at) + change.text + text.slice(at);
    case 'line': {
      const start = text.lastIndexOf('\r\n', at);
      const end = text.indexOf('\r\n', start + 2);
      return start === -1 || end === -1 ? text : text.slice(0, start + 2) + change.text + text.slice(end + 2);
    }
    case 'replace':
      return text.slice(0, at) + String.fromCharCode(change.byte) + text.slice(at + 1);
    case 'delete':
      return text.slice(0, at) + text.slice(at + change.bytes);
    case 'double':
      return text.slice(0, at + change.bytes) + text.slice(at);
  }
}

/** One to three requests, edited, each in a write of its own or all of them in one, and cut in further places. */
const stream = fc
  .record({
    requests: fc.array(fc.tuple(fc.constantFrom(...real), fc.array(edit, { maxLength: 2 })), {
      minLength: 1,
      maxLength: 3,
    }),
    apart: fc.boolean(),
    cuts: fc.array(place, { maxLength: 3 }),
  })
  .map(({ requests, apart, cuts }) => {
    const texts = requests.map(([text, edits]) => edits.reduce(applyEdit, Buffer.from(text).toString('latin1')));
    return (apart ? texts : [texts.join('')]).flatMap((text) => {
      const bytes = Buffer.from(text, 'latin1');
      const places = [...cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b), bytes.length];
      return places.map((end, i) => bytes.subarray(places[i - 1] ?? 0, end)).filter((chunk) => chunk.length > 0);
    });
  });

const headsOf = ({ seen }: Heard) => seen.map(({ body: _, ...head }) => head);

const BARE_ERROR = /HTTP\/1\.1 4\d\d [^\r]*\r\nConnection: close\r\n\r\n$/;

/**
 * Both read the same requests. The answers differ only where node:http, seeing that what follows in the same write is no
 * request (or follows a last one), gives up the requests before it, which we have answered by then. Returns whether they
 * are the same.
 */
function compare(ours: Heard, nodes: Heard): boolean {
  assert.deepEqual(headsOf(ours), headsOf(nodes));
  const same = ours.answers === nodes.answers;
  if (!same) {
    assert.ok(nodes.unreadable, ours.answers);
    assert.ok(ours.answers.startsWith(nodes.answers.replace(BARE_ERROR, '')), ours.answers);
  }
  for (const [i, { body }] of nodes.seen.entries())
    if (same || body !== undefined) assert.equal(ours.seen[i]?.body, body);
  return same;
}

const RUNS = 2000;

test('whatever comes in, both lanes read what node:http alone reads, and answer the same', async () => {
  let fast = 0;
  let requests = 0;
  let same = 0;
  await fc.assert(
    fc.asyncProperty(stream, async (chunks) => {
      const [ours, nodes] = [await play(chunks, true), await play(chunks, false)];
      fast += ours.fast;
      requests += ours.seen.length;
      if (compare(ours, nodes)) same++;
    }),
    { numRuns: RUNS },
  );
  // Or the test would say nothing.
  assert.ok(fast > RUNS / 4 && fast < requests, `${fast} of ${requests} requests were read by the fast lane`);
  assert.ok(same > RUNS * 0.7, `${same} of ${RUNS} answers were the same`);
});
