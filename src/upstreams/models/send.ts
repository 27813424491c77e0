/** One request to a provider: resolves with the head of its answer, whose body is then read whole or piece by piece. */

import type { IncomingHttpHeaders } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { CallSignal } from '../../contracts/call-signal.ts';
import { ProviderFailure } from '../../contracts/models.ts';
import type { HttpClient, HttpRequest } from '../http/client.ts';

export interface SendRequest {
  readonly method: HttpRequest['method'];
  /** Absolute. */
  readonly url: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: HttpRequest['body'];
}

export interface SendBounds {
  readonly signal: CallSignal;
  /** Until the head of the answer. */
  readonly firstByteTimeoutMs: number;
  /** Between the head and the body, and between two pieces of it. */
  readonly idleTimeoutMs: number;
  /** Of a whole body, and of what of a streamed one may wait to be read. */
  readonly maxBytes: number;
}

export interface ProviderResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The whole body. Either this or `pieces` is used, and once. Throws ProviderFailure. */
  bytes(): Promise<Buffer>;
  text(): Promise<string>;
  /** As it comes; leaving it ends the exchange. Throws ProviderFailure, also for an end before its time. */
  pieces(): AsyncIterable<Buffer>;
  /** Nobody wants the body. */
  cancel(): void;
}

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
]);

/** Throws ProviderFailure `unreachable`, `connection-lost`, `timeout`, `cancelled`; a status of any kind is an answer. */
export function sendToProvider(http: HttpClient, request: SendRequest, bounds: SendBounds): Promise<ProviderResponse> {
  return new Promise((resolve, reject) => {
    const { origin, pathname, search } = new URL(request.url);
    const body = new Body(bounds, () => exchange.abort());
    let isHeadIn = false;
    const fail = (failure: ProviderFailure): void => {
      body.fail(failure);
      if (!isHeadIn) reject(failure);
    };
    const onAbort = (): void => {
      exchange.abort();
      fail(new ProviderFailure('cancelled', 'nobody waits for the answer any more'));
    };
    body.onOver = () => bounds.signal.removeEventListener('abort', onAbort);
    const exchange = http.send(
      {
        ...{ method: request.method, origin, path: pathname + search, body: request.body },
        headers: ['accept-encoding', 'identity', ...request.headers],
      },
      {
        onHead(status, headers) {
          isHeadIn = true;
          body.begin();
          resolve(respond(status, headers, body));
        },
        onData: (chunk) => body.push(chunk),
        onEnd: () => body.end(),
        onFailure({ sent, error }) {
          const kind = sent ? 'connection-lost' : 'unreachable';
          fail(new ProviderFailure(kind, `${origin}: ${error.message}`, { cause: error }));
        },
      },
    );
    body.await(bounds.firstByteTimeoutMs, () => {
      exchange.abort();
      fail(new ProviderFailure('timeout', `${origin}: no answer within ${bounds.firstByteTimeoutMs} ms`));
    });
    if (bounds.signal.aborted) onAbort();
    else bounds.signal.addEventListener('abort', onAbort);
  });
}

function respond(status: number, headers: IncomingHttpHeaders, body: Body): ProviderResponse {
  const encoding = String(headers['content-encoding'] ?? 'identity')
    .trim()
    .toLowerCase();
  const open = DECODERS.get(encoding);
  const pieces = (): AsyncIterable<Buffer> => (open === undefined ? body : decompress(body, open()));
  const bytes = (): Promise<Buffer> => (open === undefined ? body.whole() : collect(pieces(), body.maxBytes));
  return {
    ...{ status, headers, pieces, bytes },
    text: () => bytes().then((whole) => whole.toString('utf8')),
    cancel: () => body.leave(),
  };
}

const tooLarge = (maxBytes: number): ProviderFailure =>
  new ProviderFailure('malformed', `the answer is larger than ${maxBytes} bytes`);

async function collect(pieces: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of pieces) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Some servers compress whatever was asked for. No generator: leaving it must end the exchange even in the middle of a wait. */
function decompress(body: Body, decoder: Transform): AsyncIterable<Buffer> {
  const done: IteratorResult<Buffer> = { done: true, value: undefined };
  let source: AsyncIterator<Buffer> | undefined;
  let isOver = false;
  const leave = (): void => {
    isOver = true;
    body.leave();
    decoder.destroy();
  };
  const iterator: AsyncIterator<Buffer> = {
    async next() {
      if (isOver) return done;
      if (source === undefined) {
        source = (decoder as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
        void feed(body, decoder);
      }
      try {
        const piece = await source.next();
        if (piece.done === true) leave();
        return isOver ? done : piece;
      } catch (error) {
        if (isOver) return done;
        leave();
        if (error instanceof ProviderFailure) throw error;
        throw new ProviderFailure('malformed', 'the answer cannot be decompressed', { cause: error });
      }
    },
    return() {
      leave();
      return Promise.resolve(done);
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

/** Never rejects: what fails is told by the decoder, or by nobody where that is gone. */
async function feed(body: Body, decoder: Transform): Promise<void> {
  try {
    for await (const chunk of body) {
      if (decoder.destroyed) return;
      if (!decoder.write(chunk)) await new Promise((go) => decoder.once('drain', go));
    }
    decoder.end();
  } catch (error) {
    decoder.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

/** The body of an answer between the connection, which pushes, and its one reader, who pulls. */
class Body implements AsyncIterable<Buffer>, AsyncIterator<Buffer> {
  onOver: () => void = () => {};
  readonly maxBytes: number;
  readonly #idleTimeoutMs: number;
  readonly #abort: () => void;
  #chunks: Buffer[] = [];
  #unreadBytes = 0;
  #state: 'open' | 'ended' | 'left' = 'open';
  #failure: ProviderFailure | undefined = undefined;
  #reader: { resolve(result: IteratorResult<Buffer>): void; reject(error: unknown): void } | undefined = undefined;
  #whole: { resolve(body: Buffer): void; reject(error: unknown): void } | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(bounds: SendBounds, abort: () => void) {
    this.maxBytes = bounds.maxBytes;
    this.#idleTimeoutMs = bounds.idleTimeoutMs;
    this.#abort = abort;
  }

  await(timeoutMs: number, onLate: () => void): void {
    this.#timer = setTimeout(onLate, timeoutMs);
  }

  begin(): void {
    clearTimeout(this.#timer);
    this.await(this.#idleTimeoutMs, () => {
      this.#abort();
      this.fail(new ProviderFailure('timeout', `nothing came for ${this.#idleTimeoutMs} ms`));
    });
  }

  push(chunk: Buffer): void {
    if (this.#state !== 'open') return;
    this.#timer?.refresh();
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve({ done: false, value: chunk });
      return;
    }
    this.#chunks.push(chunk);
    this.#unreadBytes += chunk.length;
    if (this.#unreadBytes <= this.maxBytes) return;
    this.#abort();
    this.fail(
      this.#whole === undefined
        ? new ProviderFailure('malformed', `more than ${this.maxBytes} bytes wait to be read`)
        : tooLarge(this.maxBytes),
    );
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#over('ended');
    this.#whole?.resolve(this.#take());
    this.#reader?.resolve({ done: true, value: undefined });
    this.#reader = undefined;
  }

  fail(failure: ProviderFailure): void {
    if (this.#state !== 'open') return;
    this.#failure = failure;
    this.#over('ended');
    this.#whole?.reject(failure);
    this.#reader?.reject(failure);
    this.#reader = undefined;
  }

  leave(): void {
    if (this.#state === 'open') this.#abort();
    this.#over('left');
    this.#chunks = [];
    this.#whole?.resolve(this.#take());
    this.#reader?.resolve({ done: true, value: undefined });
    this.#reader = undefined;
  }

  /** All of it at once, for the one reader who wants no pieces: fewer turns than piece by piece. Empty once it was left. */
  whole(): Promise<Buffer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#state !== 'open') return Promise.resolve(this.#take());
    return new Promise((resolve, reject) => {
      this.#whole = { resolve, reject };
    });
  }

  next(): Promise<IteratorResult<Buffer>> {
    if (this.#chunks.length > 0) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#failure !== undefined && this.#state === 'ended') return Promise.reject(this.#failure);
    if (this.#state !== 'open') return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<Buffer>> {
    this.leave();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return this;
  }

  /** What waits to be read, as one. */
  #take(): Buffer {
    const waiting = this.#chunks;
    this.#chunks = [];
    this.#unreadBytes = 0;
    return waiting.length === 1 && waiting[0] !== undefined ? waiting[0] : Buffer.concat(waiting);
  }

  #over(state: 'ended' | 'left'): void {
    if (this.#state !== 'open') return;
    this.#state = state;
    clearTimeout(this.#timer);
    this.onOver();
  }
}
