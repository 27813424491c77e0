/**
 * One connection on the fast lane: cuts it into requests of the plain shape, and hands it on at the first other one.
 * Long because its stages share their state: what has come, what is being answered, and until when.
 */

import type { Socket } from 'node:net';
import type { Credential } from '../../contracts/caller.ts';
import type { AnswerHeaders } from './exchange.ts';
import { FastExchange, type Wire } from './fast-exchange.ts';
import type { HeaderList } from './headers.ts';
import { mayBePlain, type RequestHead, readHead } from './read-head.ts';
import type { Target } from './read-target.ts';
import { type Arrival, MAX_HEADERS } from './serve-request.ts';
import { renderHead } from './write-head.ts';

/** Milliseconds each. */
export interface LaneTimeouts {
  /** From the first byte of a request (or from the opening of the connection) to the end of its head. */
  readonly headMs: number;
  /** From the first byte of a request to the end of its body; answers and event streams have no such limit. */
  readonly requestMs: number;
  /** Without any request after an answer. */
  readonly keepAliveMs: number;
}

/** What all connections of the lane share. */
export interface Lane {
  readonly maxBodyBytes: number;
  readonly maxHeadBytes: number;
  readonly timeouts: LaneTimeouts;
  isClosing(): boolean;
  serve(arrival: Arrival): void;
  /** Leaves the connection, without anything of the next request read off it, to node:http. */
  handOver(socket: Socket): void;
  forget(connection: FastConnection): void;
  monotonicMs(): number;
  date(): string;
}

/** What a client may send ahead while its request is being answered; more stays in the operating system's buffers. */
const MAX_AHEAD_BYTES = 64 * 1024;

const HEAD_END = '\r\n\r\n';
const NEVER = Number.POSITIVE_INFINITY;
const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';
const TIMED_OUT = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n';

const EMPTY = Buffer.alloc(0);

const ignore = (): void => {};

/**
 * Created with a socket nobody else listens to. It takes one request at a time and looks at the next when that is answered:
 * `reading` a head, `answering` a request (whose body may still be coming), `draining` an answer the client is slow to take,
 * and `over` once the socket is closed or not ours any more.
 */
export class FastConnection implements Wire, Arrival {
  readonly method = 'POST';
  credential: Credential | undefined = undefined;
  /** When the sweep ends it, in monotonic milliseconds. */
  deadlineMs: number;
  readonly #lane: Lane;
  readonly #socket: Socket;
  #stage: 'reading' | 'answering' | 'draining' | 'over' = 'reading';
  /** Came in and is no part of a request yet. */
  #ahead: Buffer | undefined = undefined;
  #head: RequestHead | undefined = undefined;
  #exchange: FastExchange | undefined = undefined;
  /** What came of the body together with the head. */
  #firstPart: Buffer = EMPTY;
  #bodyLeft = 0;
  /** Of the request that is being read; 0: none has begun. */
  #startMs = 0;
  #isFresh = true;
  #isAdvancing = false;
  #keepAlive = true;

  constructor(lane: Lane, socket: Socket) {
    this.#lane = lane;
    this.#socket = socket;
    this.deadlineMs = lane.monotonicMs() + lane.timeouts.headMs;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
    socket.on('drain', this.#onDrain);
    // Without a listener a reset connection would be an uncaught error; 'close' follows.
    socket.on('error', ignore);
  }

  /** Answered something, and nothing of another request has come. */
  get idle(): boolean {
    return this.#stage === 'reading' && !this.#isFresh && this.#ahead === undefined;
  }

  /** The deadline has passed. */
  expire(): void {
    if (this.idle) this.#socket.destroy();
    else this.#refuse(TIMED_OUT);
  }

  get url(): string {
    return this.#head?.target ?? '';
  }

  get headers(): HeaderList {
    return this.#head?.headers ?? [];
  }

  get localAddress(): string | undefined {
    return this.#socket.localAddress;
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  open(target: Target, common: AnswerHeaders | undefined): FastExchange {
    if (this.#head === undefined) throw new Error('no request has arrived');
    const exchange = new FastExchange(this, this.#head, target, common);
    this.#exchange = exchange;
    exchange.takeBody(this.#firstPart, this.#bodyLeft === 0);
    this.#firstPart = EMPTY;
    return exchange;
  }

  get gone(): boolean {
    return !this.#socket.writable;
  }

  get unwrittenBytes(): number {
    return this.#socket.writableLength;
  }

  get maxBodyBytes(): number {
    return this.#lane.maxBodyBytes;
  }

  head(status: number, lines: string): string {
    if (this.#lane.isClosing()) this.#keepAlive = false;
    return renderHead(status, lines, this.#lane.date(), this.#lane.timeouts.keepAliveMs, this.#keepAlive);
  }

  write(text: string, encoding: 'latin1' | 'utf8'): void {
    if (this.#socket.writable) this.#socket.write(text, encoding);
  }

  writePiece(piece: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(piece);
  }

  writePieces(head: string, pieces: readonly Uint8Array[]): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    socket.cork();
    socket.write(head, 'latin1');
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
  }

  finish(): void {
    if (this.#bodyLeft === 0) this.#endRequest();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#stage === 'over') return;
    const part = this.#bodyLeft > 0 ? this.#takeBody(chunk) : 0;
    if (part === chunk.length) return;
    const rest = part === 0 ? chunk : chunk.subarray(part);
    this.#ahead = this.#ahead === undefined ? rest : Buffer.concat([this.#ahead, rest]);
    if (this.#stage === 'reading') this.#advance();
    else if (this.#ahead.length > MAX_AHEAD_BYTES) this.#socket.pause();
  };

  /** Node answers nothing any more to a client that has said all it will say, and so do we. */
  readonly #onEnd = (): void => {
    const isCut = this.#bodyLeft > 0 || (this.#stage === 'reading' && this.#ahead !== undefined);
    if (isCut) this.#refuse(BAD_REQUEST);
    else this.#socket.end();
  };

  readonly #onClose = (): void => {
    this.#stage = 'over';
    this.#ahead = undefined;
    this.#lane.forget(this);
    this.#exchange?.lose();
    this.#exchange = undefined;
  };

  readonly #onDrain = (): void => {
    if (this.#stage === 'answering') this.#exchange?.drain();
    if (this.#stage !== 'draining') return;
    this.#socket.setTimeout(0, this.#onStalled);
    this.#readNext();
  };

  readonly #onStalled = (): void => void this.#socket.destroy();

  /** Gives the request its part of the chunk; returns how many bytes that was. */
  #takeBody(chunk: Buffer): number {
    const part = Math.min(chunk.length, this.#bodyLeft);
    this.#bodyLeft -= part;
    const isLast = this.#bodyLeft === 0;
    if (isLast) this.deadlineMs = NEVER;
    const exchange = this.#exchange;
    exchange?.takeBody(part === chunk.length ? chunk : chunk.subarray(0, part), isLast);
    if (isLast && exchange?.ended === true) this.#endRequest();
    return part;
  }

  /** Serves what has come, until a request takes its time, or more must come, or the connection is handed on. */
  #advance(): void {
    // An answer given at once comes back here; the loop below goes on with what is next.
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    while (this.#stage === 'reading' && this.#ahead !== undefined && this.#beginRequest(this.#ahead));
    this.#isAdvancing = false;
  }

  /** False if there is no whole head yet, or one that is not for us. */
  #beginRequest(bytes: Buffer): boolean {
    const { maxHeadBytes, timeouts } = this.#lane;
    const end = bytes.indexOf(HEAD_END, 0, 'latin1');
    if (end === -1 && bytes.length <= maxHeadBytes && mayBePlain(bytes)) {
      if (this.#startMs === 0) this.#startClock();
      return false;
    }
    const head = end === -1 || end > maxHeadBytes ? undefined : readHead(bytes, end, MAX_HEADERS);
    if (head === undefined) {
      this.#handOver(bytes);
      return false;
    }
    const bodyStart = end + HEAD_END.length;
    const bodyEnd = Math.min(bytes.length, bodyStart + head.bodyBytes);
    this.#bodyLeft = bodyStart + head.bodyBytes - bodyEnd;
    this.#firstPart = bytes.subarray(bodyStart, bodyEnd);
    this.#ahead = bodyEnd === bytes.length ? undefined : bytes.subarray(bodyEnd);
    this.#head = head;
    this.#keepAlive = head.keepAlive;
    this.#isFresh = false;
    this.#stage = 'answering';
    if (this.#bodyLeft === 0) this.deadlineMs = NEVER;
    else {
      if (this.#startMs === 0) this.#startClock();
      this.deadlineMs = this.#startMs + timeouts.requestMs;
    }
    this.#lane.serve(this);
    return true;
  }

  #startClock(): void {
    this.#startMs = this.#lane.monotonicMs();
    this.deadlineMs = this.#startMs + this.#lane.timeouts.headMs;
  }

  /** The answer is complete, and the body has come in whole. */
  #endRequest(): void {
    this.#exchange = undefined;
    this.#head = undefined;
    this.#startMs = 0;
    if (this.#keepAlive && this.#socket.writableNeedDrain) {
      this.#stage = 'draining';
      this.#requireProgress();
    } else this.#readNext();
  }

  /**
   * A client may take its time with a large answer, but not stop taking it: until then it is in our memory. Node's own
   * timeout of a socket looks whether anything has left.
   */
  #requireProgress(): void {
    this.#socket.setTimeout(this.#lane.timeouts.requestMs, this.#onStalled);
  }

  /** The answer has left: next request, or the end. */
  #readNext(): void {
    if (!this.#keepAlive || this.#lane.isClosing()) {
      this.#stage = 'over';
      this.#ahead = undefined;
      this.#requireProgress();
      this.#socket.destroySoon();
      return;
    }
    this.#stage = 'reading';
    this.deadlineMs = this.#lane.monotonicMs() + this.#lane.timeouts.keepAliveMs;
    if (this.#ahead === undefined) return;
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#advance();
  }

  /** From here on the connection is node:http's, which reads the same bytes from the same request boundary. */
  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    this.#stage = 'over';
    this.#ahead = undefined;
    this.#lane.forget(this);
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onClose);
    socket.off('drain', this.#onDrain);
    socket.off('error', ignore);
    socket.pause();
    socket.unshift(bytes);
    this.#lane.handOver(socket);
    socket.resume();
  }

  /** Ends the connection, with these words unless an answer has begun. */
  #refuse(answer: string): void {
    if (this.#stage !== 'over' && this.#exchange?.answered !== true && this.#socket.writable)
      this.#socket.write(answer, 'latin1');
    this.#socket.destroy();
  }
}
