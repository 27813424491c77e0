/** One connection to a plain `http:` origin: a request at a time, its answer read to the exact end before the next. */

import { connect, type Socket } from 'node:net';
import type { HttpExchange, HttpListener } from './exchange.ts';
import type { ResponseHead } from './response-head.ts';
import { type HeadMemo, ResponseReader, type ResponseSink } from './response-reader.ts';

/** How long an idle connection is kept: short, because a request written to one that the server is just closing may be lost. */
const IDLE_MS = 4_000;
/** Servers that announce how long they keep connections are believed, but for this margin and up to a minute. */
const IDLE_MARGIN_MS = 2_000;
const MAX_IDLE_MS = 60_000;
const TCP_KEEP_ALIVE_MS = 60_000;

/** One request and whoever waits for its answer. */
export class PlainExchange implements HttpExchange {
  readonly listener: HttpListener;
  /** The whole request, to be written at once. */
  bytes: string | Buffer | readonly Buffer[] = '';
  /** Asks for a head alone: whatever length the answer states, no body follows. */
  isHead = false;
  connection: Connection | undefined;
  isOver = false;

  constructor(listener: HttpListener) {
    this.listener = listener;
  }

  abort(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.connection?.abandon();
  }

  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.listener.onEnd();
  }

  fail(sent: boolean, error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.listener.onFailure({ sent, error });
  }
}

export interface ConnectionOptions {
  readonly hostname: string;
  readonly port: number;
  readonly connectTimeoutMs: number;
  /** Where bytes are read to; may be shared by all connections, since each read is used up before the next. */
  readonly buffer: Buffer;
  readonly memo: HeadMemo;
  /** It may carry another request, until `idleUntilMs`. */
  readonly onIdle: (connection: Connection) => void;
  readonly onGone: (connection: Connection) => void;
}

/**
 * Whatever comes while nobody waits for an answer (bytes, an end, an error) ends the connection: such bytes would be
 * taken for the answer to the next request (GHSA-35p6-xmwp-9g52).
 */
export class Connection implements ResponseSink {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #reader: ResponseReader;
  readonly #connectTimer: NodeJS.Timeout;
  #exchange: PlainExchange | undefined;
  #head: ResponseHead | undefined;
  #isConnected = false;
  /** A byte of the exchange's request may have left. */
  #isSent = false;
  #isGone = false;
  /** As `performance.now()`; meaningful while idle. */
  idleUntilMs = 0;

  constructor(options: ConnectionOptions, exchange: PlainExchange) {
    this.#options = options;
    this.#reader = new ResponseReader(this, options.memo);
    this.#exchange = exchange;
    exchange.connection = this;
    const { hostname: host, port, buffer, connectTimeoutMs } = options;
    const callback = (bytes: number): boolean => this.#take(bytes);
    this.#socket = connect({
      ...{ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEP_ALIVE_MS },
      onread: { buffer, callback },
    });
    this.#socket
      .once('connect', () => this.#onConnect())
      .once('end', () => this.#onEnd())
      .on('error', (error) => this.#fail(error))
      .once('close', () => this.#fail(new Error('the server closed the connection before its answer was complete')));
    const late = (): void => this.#fail(new Error(`no connection within ${connectTimeoutMs} ms`));
    this.#connectTimer = setTimeout(late, connectTimeoutMs);
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Only on an idle connection. */
  start(exchange: PlainExchange): void {
    this.#exchange = exchange;
    exchange.connection = this;
    this.#socket.ref();
    this.#write(exchange);
  }

  /** Nobody waits for the answer any more. A connection that is only just being made remains useful. */
  abandon(): void {
    this.#exchange = undefined;
    if (this.#isSent) this.destroy();
  }

  destroy(error = new Error('the client was closed')): void {
    this.#fail(error);
  }

  onHead(head: ResponseHead): void {
    this.#head = head;
    const exchange = this.#exchange;
    if (exchange !== undefined) exchange.listener.onHead(head.status, head.headers);
  }

  onData(chunk: Buffer): void {
    // Read again for each part: the listener may have aborted in between.
    const listener = this.#exchange?.listener;
    if (listener !== undefined) listener.onData(listener.borrowsData === true ? chunk : Buffer.from(chunk));
  }

  #onConnect(): void {
    clearTimeout(this.#connectTimer);
    if (this.#isGone) return;
    this.#isConnected = true;
    if (this.#exchange !== undefined) this.#write(this.#exchange);
    else this.#rest(IDLE_MS);
  }

  #write(exchange: PlainExchange): void {
    this.#isSent = true;
    const { bytes } = exchange;
    exchange.bytes = '';
    this.#reader.reset(exchange.isHead);
    if (typeof bytes === 'string' || Buffer.isBuffer(bytes)) this.#socket.write(bytes, 'latin1');
    else {
      // All of them in one system call.
      this.#socket.cork();
      for (const piece of bytes) this.#socket.write(piece);
      this.#socket.uncork();
    }
  }

  /** False stops reading, which only a destroyed socket wants. */
  #take(bytes: number): boolean {
    if (this.#exchange === undefined) {
      this.destroy(new Error('the server sent something unasked'));
      return false;
    }
    const { buffer } = this.#options;
    let used: number;
    try {
      used = this.#reader.push(buffer.subarray(0, bytes));
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
    if (this.#reader.isDone) this.#finish(used === bytes);
    return !this.#isGone;
  }

  /** `isClean`: nothing followed the answer. */
  #finish(isClean: boolean): void {
    const exchange = this.#exchange;
    const head = this.#head;
    this.#exchange = undefined;
    this.#head = undefined;
    const announced = head?.keepAliveMs;
    const idleMs = announced === undefined ? IDLE_MS : Math.min(announced - IDLE_MARGIN_MS, MAX_IDLE_MS);
    // An answer before the whole request was written leaves its rest on the way.
    if (isClean && head?.isPersistent === true && idleMs > 0 && this.#socket.writableLength === 0) this.#rest(idleMs);
    else this.destroy();
    exchange?.end();
  }

  #rest(idleMs: number): void {
    if (this.#isGone) return;
    this.#isSent = false;
    this.idleUntilMs = performance.now() + idleMs;
    this.#socket.unref();
    this.#options.onIdle(this);
  }

  #onEnd(): void {
    if (!this.#isGone && this.#exchange !== undefined && this.#reader.end()) this.#finish(false);
    else this.#fail(new Error('the server closed the connection before its answer was complete'));
  }

  /** The connection is over; so is the exchange on it, if there is one. */
  #fail(error: Error): void {
    if (this.#isGone) return;
    this.#isGone = true;
    clearTimeout(this.#connectTimer);
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#socket.destroy();
    this.#options.onGone(this);
    exchange?.fail(this.#isConnected && this.#isSent, error);
  }
}
