import assert from 'node:assert/strict';
import { type IncomingMessage, request } from 'node:http';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BadResponseError, type ResponseHead } from './response-head.ts';
import { MAX_HEAD_BYTES, ResponseReader } from './response-reader.ts';

interface Answer {
  readonly status: number;
  readonly headers: { readonly [name: string]: unknown };
  readonly body: string;
}

interface Read {
  /** Undefined: refused, or not complete. */
  readonly answer: Answer | undefined;
  readonly isRefused: boolean;
  /** Bytes that belong to the answer. */
  readonly used: number;
}

/** What our reader makes of these bytes and the end of the connection behind them. */
function readOurs(chunks: readonly Buffer[]): Read {
  let head: ResponseHead | undefined;
  const body: Buffer[] = [];
  let used = 0;
  const reader = new ResponseReader(
    {
      onHead(read) {
        head = read;
      },
      onData: (chunk) => body.push(Buffer.from(chunk)),
    },
    { text: '', head: undefined },
  );
  try {
    for (const chunk of chunks) {
      used += reader.push(chunk);
      if (reader.isDone) break;
    }
  } catch (error) {
    assert.ok(error instanceof BadResponseError, String(error));
    return { answer: undefined, isRefused: true, used };
  }
  const isComplete = reader.isDone || reader.end();
  const answer =
    isComplete && head !== undefined
      ? { status: head.status, headers: { ...head.headers }, body: Buffer.concat(body).toString('latin1') }
      : undefined;
  return { answer, isRefused: false, used };
}

/** What node:http's client (llhttp) makes of them; undefined if it fails. */
function readNodes(chunks: readonly Buffer[]): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const rest = [...chunks];
    const wire = new Duplex({
      write: (_chunk, _encoding, done) => done(),
      read() {
        this.push(rest.shift() ?? null);
      },
    });
    const sent = request({ method: 'POST', createConnection: () => wire as never, agent: undefined });
    sent.on('error', () => resolve(undefined));
    sent.on('upgrade', () => resolve(undefined));
    sent.on('response', (response: IncomingMessage) => {
      const body: Buffer[] = [];
      response.on('data', (chunk: Buffer) => body.push(chunk));
      response.on('error', () => resolve(undefined));
      response.on('close', () => resolve(undefined));
      response.on('end', () => {
        if (!response.complete) return resolve(undefined);
        const headers: { [name: string]: string | string[] } = Object.create(null);
        for (let i = 0; i < response.rawHeaders.length; i += 2) {
          const name = (response.rawHeaders[i] ?? '').toLowerCase();
          const value = response.rawHeaders[i + 1] ?? '';
          const before = headers[name];
          if (before === undefined) headers[name] = name === 'set-cookie' ? [value] : value;
          else headers[name] = [before, value].flat();
        }
        resolve({
          status: response.statusCode ?? 0,
          headers: { ...headers },
          body: Buffer.concat(body).toString('latin1'),
        });
      });
    });
    sent.end();
  });
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).flatMap((end, index) => (end === at[index] ? [] : [bytes.subarray(at[index], end)]));
}

const text = fc.string({ unit: fc.constantFrom(...'abc \t\x80\xff{}":,'), maxLength: 12 });
const content = fc.string({ unit: fc.constantFrom(...'ab0\r\n:; HTP/1.\x00\xff'), maxLength: 40 });
const name = fc.constantFrom('Content-Type', 'x-a', 'X-B', 'Set-Cookie', 'Mcp-Session-Id', 'Connection', 'Keep-Alive');
const header = fc.tuple(name, text).map(([key, value]) => `${key}: ${value}`);

const chunk = fc
  .tuple(content, fc.constantFrom('', '', ';a=b', ';a', ' ;a', ';a="b"', ';='), fc.boolean())
  .map(([data, extension, isUpper]) => {
    const size = data.length.toString(16);
    return data === '' ? '' : `${isUpper ? size.toUpperCase() : `0${size}`}${extension}\r\n${data}\r\n`;
  });
const trailers = fc.constantFrom('', '', 'x-t: 1\r\n', 'content-length: 3\r\n', 'bad\r\n');
const chunked = fc
  .tuple(fc.array(chunk, { maxLength: 4 }), trailers)
  .map(([chunks, after]) => `${chunks.join('')}0\r\n${after}\r\n`);
const framings = fc.oneof(
  content.map((body) => ({ lines: [`Content-Length: ${body.length}`], body })),
  chunked.map((body) => ({ lines: ['Transfer-Encoding: chunked'], body })),
  content.map((body) => ({ lines: [], body })),
  fc
    .tuple(content, fc.constantFrom('+1', '0x1', '1, 1', '-1', '1 1', '', '007', '99999999999999999999'))
    .map(([body, length]) => ({ lines: [`content-length: ${length}`], body })),
  chunked.map((body) => ({ lines: ['Content-Length: 3', 'Transfer-Encoding: chunked'], body })),
  chunked.map((body) => ({ lines: ['Transfer-Encoding: gzip, chunked'], body })),
  content.map((body) => ({ lines: ['Content-Length: 2', 'content-length: 2'], body })),
);
const statusLine = fc.constantFrom(
  ...['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'HTTP/1.1 200', 'HTTP/1.1 404 ', 'HTTP/1.1 204 No', 'HTTP/1.1 304 Same'],
  ...['HTTP/1.0 200 OK', 'HTTP/2.0 200 OK', 'HTTP/1.1  200 OK', 'HTTP/1.1 2000 OK', 'http/1.1 200 OK', 'HTTP/1.1 99 X'],
);
const interim = fc.constantFrom(
  ...['', '', '', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Hints\r\nlink: </a>\r\n\r\n'],
  ...[
    'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    'HTTP/1.1 102 P\r\ncontent-length: 1\r\n\r\n',
  ],
);
const answer = fc
  .tuple(interim, statusLine, fc.array(header, { maxLength: 4 }), framings)
  .map(([before, line, headers, { lines, body }]) => {
    return `${before}${[line, ...headers, ...lines].join('\r\n')}\r\n\r\n${body}`;
  });
const insert = fc.constantFrom(
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  '\0',
  ':',
  ';',
  '0',
  'f',
  '\x0b',
  '\x7f',
  'HTTP/1.1 200 OK\r\n',
);
const change = fc.record({ place: fc.nat(), drop: fc.nat(2), insert: fc.oneof(fc.constant(''), insert) });
const places = fc.array(fc.nat(), { maxLength: 5 });

function mutate(original: string, changes: readonly { place: number; drop: number; insert: string }[]): Buffer {
  let out = original;
  for (const { place, drop, insert: added } of changes) {
    const at = place % (out.length + 1);
    out = out.slice(0, at) + added + out.slice(at + drop);
  }
  return Buffer.from(out, 'latin1');
}

describe('the reader of answers', { timeout: 120_000 }, () => {
  it('never delivers what node:http would not, or would deliver differently', async () => {
    let delivered = 0;
    await fc.assert(
      fc.asyncProperty(answer, fc.array(change, { maxLength: 2 }), places, async (original, changes, cuts) => {
        const chunks = cut(mutate(original, changes), cuts);
        const ours = readOurs(chunks);
        if (ours.answer === undefined) return;
        delivered++;
        const taken = Buffer.concat(chunks).subarray(0, ours.used);
        assert.deepEqual(ours.answer, await readNodes(cut(taken, cuts)));
      }),
      { numRuns: 4_000 },
    );
    assert.ok(delivered > 100, `only ${delivered} answers were read at all`);
  });

  it('reads the same wherever the network cuts the bytes', () => {
    fc.assert(
      fc.property(answer, fc.array(change, { maxLength: 1 }), places, (original, changes, cuts) => {
        const bytes = mutate(original, changes);
        const whole = readOurs([bytes]);
        const pieces = readOurs(cut(bytes, cuts));
        assert.deepEqual([pieces.answer, pieces.isRefused], [whole.answer, whole.isRefused]);
        if (whole.answer !== undefined) assert.equal(pieces.used, whole.used);
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses what two readers could understand differently', () => {
    const ok = 'HTTP/1.1 200 OK\r\n';
    for (const bytes of [
      `${ok}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      `${ok}content-length: 1\r\ncontent-length: 1\r\n\r\nx`,
      `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\nxx`,
      `${ok}content-length: 1, 1\r\n\r\nx`,
      `${ok}content-length: +1\r\n\r\nx`,
      `${ok}transfer-encoding: gzip\r\n\r\n`,
      `${ok}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      `HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      `HTTP/1.1 204 No\r\ncontent-length: 1\r\n\r\nx`,
      `${ok}content-length : 1\r\n\r\nx`,
      `${ok}x: a\r\n b\r\ncontent-length: 0\r\n\r\n`,
      `${ok}x: a\nb: c\r\ncontent-length: 0\r\n\r\n`,
      `${ok}x: a\0b\r\ncontent-length: 0\r\n\r\n`,
      `${ok}transfer-encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n`,
      `${ok}transfer-encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n`,
      `${ok}transfer-encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n`,
      `${ok}transfer-encoding: chunked\r\n\r\n-1\r\n\r\n`,
      `${ok}transfer-encoding: chunked\r\n\r\n0\r\ncontent-length: 5\r\n\r\n`,
      'HTTP/1.1 101 Switching Protocols\r\n\r\n',
      '\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
      'SSH-2.0-OpenSSH\r\n',
    ])
      assert.equal(readOurs([Buffer.from(bytes, 'latin1')]).isRefused, true, bytes);
  });

  it('ends an answer exactly where it ends, and says what stands behind it', () => {
    const first = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab';
    const { used, answer: read } = readOurs([Buffer.from(`${first}HTTP/1.1 200 OK\r\n`)]);
    assert.deepEqual([used, read?.body], [first.length, 'ab']);
  });

  it('bounds heads, chunk lines, trailers and informational answers', () => {
    const ok = 'HTTP/1.1 200 OK\r\n';
    const long = 'x'.repeat(MAX_HEAD_BYTES);
    for (const bytes of [
      `${ok}a: ${long}\r\n\r\n`,
      `${ok}a: ${long}`,
      `${ok}transfer-encoding: chunked\r\n\r\n1;${'a'.repeat(1_100)}`,
      `${ok}transfer-encoding: chunked\r\n\r\n0\r\na: ${long}\r\n`,
      `${ok}transfer-encoding: chunked\r\n\r\n0\r\n${'a: bbbbbbbbbbbb\r\n'.repeat(1_200)}\r\n`,
      'HTTP/1.1 100 Continue\r\n\r\n'.repeat(33),
    ]) {
      const buffer = Buffer.from(bytes);
      assert.equal(readOurs([buffer]).isRefused, true, bytes.slice(0, 80));
      assert.equal(readOurs(cut(buffer, [50, 900, 5_000, 12_000])).isRefused, true, bytes.slice(0, 80));
    }
  });
});
