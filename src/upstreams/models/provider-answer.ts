/** An answer of a provider between the connection, which pushes, and its one reader, who takes it whole or pulls pieces. */

import type { IncomingHttpHeaders } from 'node:http';
import type { CallSignal } from '../../contracts/call-signal.ts';
import { ProviderFailure } from '../../contracts/models.ts';
import type { HttpExchange, HttpFailure, HttpListener } from '../http/client.ts';
import { type Decode, decoderOf, decompress } from './decompress.ts';

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
  /** `bytes`, if all of them have come already, as they are; undefined: ask `bytes`. */
  bytesNow(): Buffer | undefined;
  /** As it comes; leaving it ends the exchange. Throws ProviderFailure, also for an end before its time. */
  pieces(): AsyncIterable<Buffer>;
  /** Nobody wants the body. */
  cancel(): void;
}

const NO_HEADERS: IncomingHttpHeaders = Object.freeze({});

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

type Ended<T> = { resolve(value: T): void; reject(error: unknown): void };

export class ProviderAnswer implements HttpListener, ProviderResponse, AsyncIterable<Buffer>, AsyncIterator<Buffer> {
  status = 0;
  headers: IncomingHttpHeaders = NO_HEADERS;
  readonly maxBytes: number;
  readonly #origin: string;
  readonly #bounds: SendBounds;
  readonly #resolve: (response: ProviderResponse) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onAbort = (): void => this.#cut(new ProviderFailure('cancelled', 'nobody waits for the answer any more'));
  #exchange: HttpExchange | undefined = undefined;
  #chunks: Buffer[] = [];
  #unreadBytes = 0;
  #state: 'asked' | 'open' | 'ended' | 'left' = 'asked';
  #failure: ProviderFailure | undefined = undefined;
  #reader: Ended<IteratorResult<Buffer>> | undefined = undefined;
  #whole: Ended<Buffer> | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  /** When something last came, monotonic milliseconds: one timer does for all that is waited for. */
  #lastMs = 0;

  constructor(
    origin: string,
    bounds: SendBounds,
    resolve: (response: ProviderResponse) => void,
    reject: (error: unknown) => void,
  ) {
    this.#origin = origin;
    this.#bounds = bounds;
    this.maxBytes = bounds.maxBytes;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(exchange: HttpExchange): void {
    this.#exchange = exchange;
    this.#lastMs = performance.now();
    const { signal, firstByteTimeoutMs, idleTimeoutMs } = this.#bounds;
    if (this.#state === 'asked' || this.#state === 'open')
      this.#timer = setTimeout(this.#look, Math.min(firstByteTimeoutMs, idleTimeoutMs));
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener('abort', this.#onAbort);
  }

  /** Is it too late? Else looks again when it might be. */
  readonly #look = (): void => {
    const { firstByteTimeoutMs, idleTimeoutMs } = this.#bounds;
    const isAsked = this.#state === 'asked';
    const limitMs = isAsked ? firstByteTimeoutMs : idleTimeoutMs;
    const leftMs = this.#lastMs + limitMs - performance.now();
    // Timers may be a fraction of a millisecond early.
    if (leftMs >= 1) this.#timer = setTimeout(this.#look, leftMs);
    else
      this.#cut(
        new ProviderFailure(
          'timeout',
          isAsked ? `${this.#origin}: no answer within ${limitMs} ms` : `nothing came for ${limitMs} ms`,
        ),
      );
  };

  onHead(status: number, headers: IncomingHttpHeaders): void {
    this.status = status;
    this.headers = headers;
    if (this.#state !== 'asked') return;
    this.#state = 'open';
    this.#lastMs = performance.now();
    this.#resolve(this);
  }

  onData(chunk: Buffer): void {
    if (this.#state !== 'open') return;
    this.#lastMs = performance.now();
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve({ done: false, value: chunk });
      return;
    }
    this.#chunks.push(chunk);
    this.#unreadBytes += chunk.length;
    if (this.#unreadBytes <= this.maxBytes) return;
    this.#cut(
      this.#whole === undefined
        ? new ProviderFailure('malformed', `more than ${this.maxBytes} bytes wait to be read`)
        : tooLarge(this.maxBytes),
    );
  }

  onEnd(): void {
    if (this.#state !== 'open') return;
    this.#over('ended');
    this.#whole?.resolve(this.#take());
    this.#reader?.resolve({ done: true, value: undefined });
    this.#reader = undefined;
  }

  onFailure({ sent, error }: HttpFailure): void {
    const kind = sent ? 'connection-lost' : 'unreachable';
    this.#fail(new ProviderFailure(kind, `${this.#origin}: ${error.message}`, { cause: error }));
  }

  bytes(): Promise<Buffer> {
    return this.#decoder() === undefined ? this.#wholeBody() : collect(this.pieces(), this.maxBytes);
  }

  text(): Promise<string> {
    return this.bytes().then((whole) => whole.toString('utf8'));
  }

  bytesNow(): Buffer | undefined {
    const isThere = this.#state === 'ended' && this.#failure === undefined && this.#decoder() === undefined;
    return isThere ? this.#take() : undefined;
  }

  pieces(): AsyncIterable<Buffer> {
    const open = this.#decoder();
    return open === undefined ? this : decompress(this, open());
  }

  cancel(): void {
    this.leave();
  }

  leave(): void {
    if (this.#state === 'open') this.#exchange?.abort();
    this.#over('left');
    this.#chunks = [];
    this.#whole?.resolve(this.#take());
    this.#reader?.resolve({ done: true, value: undefined });
    this.#reader = undefined;
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

  /** All of it at once, for the one reader who wants no pieces: fewer turns than piece by piece. Empty once it was left. */
  #wholeBody(): Promise<Buffer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#state !== 'open') return Promise.resolve(this.#take());
    return new Promise((resolve, reject) => {
      this.#whole = { resolve, reject };
    });
  }

  /** Undefined: the body is as it is. */
  #decoder(): Decode | undefined {
    return decoderOf(this.headers['content-encoding']);
  }

  /** What waits to be read, as one. */
  #take(): Buffer {
    const waiting = this.#chunks;
    this.#chunks = [];
    this.#unreadBytes = 0;
    return waiting.length === 1 && waiting[0] !== undefined ? waiting[0] : Buffer.concat(waiting);
  }

  /** Ends the exchange, too. */
  #cut(failure: ProviderFailure): void {
    this.#exchange?.abort();
    this.#fail(failure);
  }

  #fail(failure: ProviderFailure): void {
    const wasAsked = this.#state === 'asked';
    if (!wasAsked && this.#state !== 'open') return;
    this.#failure = failure;
    this.#over('ended');
    if (wasAsked) this.#reject(failure);
    this.#whole?.reject(failure);
    this.#reader?.reject(failure);
    this.#reader = undefined;
  }

  #over(state: 'ended' | 'left'): void {
    if (this.#state !== 'asked' && this.#state !== 'open') return;
    this.#state = state;
    clearTimeout(this.#timer);
    this.#bounds.signal.removeEventListener('abort', this.#onAbort);
  }
}
