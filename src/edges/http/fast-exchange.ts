/** The Exchange of a request on the fast lane: collects its body, and writes its answer straight to the connection. */

import type { CallSignal } from '../../contracts/call-signal.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import { Cancellation } from './cancellation.ts';
import type { AnswerHeaders, ByteSink, SseStream } from './exchange.ts';
import { type OpenBytesAnswer, openBytes } from './open-bytes.ts';
import { openSse, SSE_HEADERS } from './open-sse.ts';
import { checkEncoding, checkMediaType, checkUtf8, joinBody, tooLarge } from './read-body.ts';
import type { RequestHead } from './read-head.ts';
import type { Target } from './read-target.ts';
import { type Presented, RequestExchange } from './request-exchange.ts';
import { headerLines } from './write-head.ts';

/** What an exchange may do to its connection. */
export interface Wire extends Presented {
  readonly remoteAddress: string | undefined;
  /** Nothing can be written any more. */
  readonly gone: boolean;
  readonly unwrittenBytes: number;
  readonly maxBodyBytes: number;
  /** The head of an answer, with these header lines. */
  head(status: number, lines: string): string;
  write(text: string, encoding: 'latin1' | 'utf8'): void;
  writePiece(piece: Uint8Array): void;
  /** All of it in one system call. */
  writePieces(head: string, pieces: readonly Uint8Array[]): void;
  /** The answer is complete; the connection is free for the next request. */
  finish(): void;
  destroy(): void;
}

const LINE_END = Buffer.from('\r\n');
/** A piece this long or shorter is copied between what frames it: that costs less than three writes at once. */
const COPIED_BYTES = 4_096;
const FRAME_BYTES = 16;

/** A chunk of a chunked body. */
function framed(piece: Uint8Array): Buffer {
  const size = `${piece.byteLength.toString(16)}\r\n`;
  const chunk = Buffer.allocUnsafe(piece.byteLength + FRAME_BYTES);
  const start = chunk.write(size, 'latin1');
  chunk.set(piece, start);
  const end = start + piece.byteLength;
  chunk[end] = 0x0d;
  chunk[end + 1] = 0x0a;
  return chunk.subarray(0, end + 2);
}

const JSON_TYPE = 'Content-Type: application/json\r\n';

function bodyLines(bytes: number): string {
  return `Content-Length: ${bytes}\r\nX-Content-Type-Options: nosniff\r\n`;
}

function wentAway(): GatewayError {
  return new GatewayError('cancelled', 'the client went away while sending');
}

export class FastExchange extends RequestExchange {
  readonly #wire: Wire;
  readonly #common: AnswerHeaders | undefined;
  readonly #bodyBytes: number;
  /** What came of the body; undefined when nobody will ask for it (any more). */
  #chunks: Buffer[] | undefined;
  #isWhole = false;
  #waiting: { resolve(body: Buffer): void; reject(error: unknown): void } | undefined = undefined;
  #bodyWasAsked = false;
  #cancellation: Cancellation | undefined = undefined;
  #closeListeners: (() => void)[] | undefined = undefined;
  #drainListener: (() => void) | undefined = undefined;
  #answered = false;
  #ended = false;
  #lost = false;

  constructor(wire: Wire, head: RequestHead, target: Target, common: AnswerHeaders | undefined) {
    super('POST', target, head.headers, wire);
    this.#wire = wire;
    this.#common = common;
    this.#bodyBytes = head.bodyBytes;
    this.#chunks = head.bodyBytes > wire.maxBodyBytes ? undefined : [];
  }

  get signal(): CallSignal {
    if (this.#cancellation === undefined) {
      this.#cancellation = new Cancellation();
      if (this.gone) this.#cancel();
    }
    return this.#cancellation;
  }

  get remoteAddress(): string | undefined {
    return this.#wire.remoteAddress;
  }

  get answered(): boolean {
    return this.#answered;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get gone(): boolean {
    return !this.#ended && (this.#lost || this.#wire.gone);
  }

  /** The next part of the body, and whether it is the last one. */
  takeBody(chunk: Buffer, isLast: boolean): void {
    if (this.#chunks === undefined) return;
    this.#chunks.push(chunk);
    this.#isWhole = isLast;
    if (isLast) this.#waiting?.resolve(this.#takeWhole());
  }

  /** What was written has left. */
  drain(): void {
    this.#drainListener?.();
  }

  /** The connection is closed. */
  lose(): void {
    if (this.#lost) return;
    this.#lost = true;
    if (!this.#isWhole) {
      this.#chunks = undefined;
      this.#waiting?.reject(wentAway());
    }
    if (!this.#ended) this.#cancel();
    for (const listener of this.#closeListeners?.splice(0) ?? []) listener();
  }

  async body(): Promise<string> {
    const bytes = this.jsonBytes();
    return (bytes instanceof Promise ? await bytes : bytes).toString('utf8');
  }

  jsonBytes(): Buffer | Promise<Buffer> {
    this.#claimBody();
    checkMediaType(this.headers);
    if (this.#isWhole && this.#bodyBytes <= this.#wire.maxBodyBytes) return checkUtf8(this.#takeWhole());
    return this.#awaitBody().then(checkUtf8);
  }

  async bytes(): Promise<Buffer> {
    this.#claimBody();
    checkEncoding(this.headers);
    return this.#awaitBody();
  }

  sendJson(status: number, body: JsonText, extra?: AnswerHeaders): void {
    this.#send(status, JSON_TYPE, body, extra);
  }

  sendText(status: number, contentType: string, body: string, extra?: AnswerHeaders): void {
    this.#send(status, headerLines({ 'Content-Type': contentType }), body, extra);
  }

  sendJsonBytes(status: number, pieces: readonly Uint8Array[], extra?: AnswerHeaders): void {
    this.#claimAnswer();
    if (this.#wire.gone) return;
    let bytes = 0;
    for (const piece of pieces) bytes += piece.byteLength;
    const head = this.#head(status, JSON_TYPE + bodyLines(bytes), extra);
    this.#answered = true;
    this.#wire.writePieces(head, pieces);
    this.#finish();
  }

  sendEmpty(status: number, extra?: AnswerHeaders): void {
    this.#claimAnswer();
    if (this.#wire.gone) return;
    this.#end(this.#head(status, status === 204 ? '' : 'Content-Length: 0\r\n', extra), 'latin1');
  }

  openBytes(status: number, headers: AnswerHeaders): ByteSink {
    this.#claimAnswer();
    const lines = `X-Content-Type-Options: nosniff\r\nTransfer-Encoding: chunked\r\n`;
    const head = this.#head(status, lines, headers);
    this.#answered = true;
    this.#wire.write(head, 'latin1');
    return openBytes(this.#openAnswer());
  }

  openSse(extra?: AnswerHeaders): SseStream {
    this.#claimAnswer();
    const head = this.#head(200, `${headerLines(SSE_HEADERS)}Transfer-Encoding: chunked\r\n`, extra);
    this.#answered = true;
    this.#wire.write(head, 'latin1');
    return openSse(this.#openAnswer());
  }

  destroy(): void {
    this.#wire.destroy();
  }

  #send(status: number, type: string, body: string, extra: AnswerHeaders | undefined): void {
    this.#claimAnswer();
    if (this.#wire.gone) return;
    const bytes = Buffer.byteLength(body);
    // As many bytes as characters means ASCII, which every encoding writes the same, and this one the fastest.
    this.#end(this.#head(status, type + bodyLines(bytes), extra) + body, bytes === body.length ? 'latin1' : 'utf8');
  }

  #head(status: number, lines: string, extra: AnswerHeaders | undefined): string {
    return this.#wire.head(status, lines + headerLines(this.#common) + headerLines(extra));
  }

  #end(text: string, encoding: 'latin1' | 'utf8'): void {
    this.#answered = true;
    this.#wire.write(text, encoding);
    this.#finish();
  }

  #finish(): void {
    this.#ended = true;
    if (!this.#isWhole) {
      // What is still to come of the body is read and thrown away, so that the connection stays usable.
      this.#chunks = undefined;
      this.#waiting?.reject(wentAway());
    }
    this.#wire.finish();
  }

  /** The chunked body of an event stream. */
  #openAnswer(): OpenBytesAnswer {
    const wire = this.#wire;
    const isGone = (): boolean => this.#lost || wire.gone;
    return {
      get destroyed() {
        return isGone();
      },
      get writableLength() {
        return wire.unwrittenBytes;
      },
      write: (text) => {
        if (text === '' || this.#ended || isGone()) return;
        if (typeof text === 'string') wire.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`, 'utf8');
        else if (text.byteLength > COPIED_BYTES)
          wire.writePieces(`${text.byteLength.toString(16)}\r\n`, [text, LINE_END]);
        else wire.writePiece(framed(text));
      },
      end: () => {
        if (this.#ended || isGone()) return;
        wire.write('0\r\n\r\n', 'latin1');
        this.#finish();
      },
      destroy: () => wire.destroy(),
      on: (event, listener) => {
        if (event === 'drain') this.#drainListener = listener;
        if (event !== 'close') return;
        this.#closeListeners ??= [];
        this.#closeListeners.push(listener);
      },
    };
  }

  #claimBody(): void {
    if (this.#bodyWasAsked) throw new Error('the body was read already');
    this.#bodyWasAsked = true;
  }

  #awaitBody(): Promise<Buffer> {
    if (this.#bodyBytes > this.#wire.maxBodyBytes) throw tooLarge(this.#wire.maxBodyBytes);
    if (this.#isWhole) return Promise.resolve(this.#takeWhole());
    if (this.#lost || this.#ended) throw wentAway();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #takeWhole(): Buffer {
    const chunks = this.#chunks ?? [];
    this.#chunks = undefined;
    return joinBody(chunks);
  }

  #cancel(): void {
    this.#cancellation?.abort(new GatewayError('cancelled', 'the client closed the connection'));
  }

  #claimAnswer(): void {
    if (this.#answered) throw new Error('the exchange is answered already');
  }
}
