/** Reads the answers on one connection, byte for byte: heads, bodies by length, chunked or until the end. No I/O. */

import { BadResponseError, type ResponseHead, readHeaderLine, readResponseHead } from './response-head.ts';

/** Longer heads and trailers are refused. */
export const MAX_HEAD_BYTES = 16_384;
const MAX_CHUNK_LINE_BYTES = 1_024;
const MAX_INTERIM_ANSWERS = 32;

const HEAD_END = Buffer.from('\r\n\r\n');
/** Of a size that is read without making a text of it. */
const MAX_PLAIN_DIGITS = 7;
const NO_DIGIT = 255;
const HEX_DIGITS: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /^[0-9a-fA-F]$/.test(character) ? Number.parseInt(character, 16) : NO_DIGIT;
});
const CHUNK_LINE = /^([0-9a-fA-F]{1,8})(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?)*$/;
const START = 'HTTP/1.';
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The head last read from an origin: servers write nearly the same one each time, and reading it again would say the same. */
export interface HeadMemo {
  text: string;
  head: ResponseHead | undefined;
}

export interface ResponseSink {
  /** Once per answer; informational answers are skipped. */
  onHead(head: ResponseHead): void;
  /** A part of the body, in the memory it was read into. */
  onData(chunk: Buffer): void;
}

type State = 'head' | 'length' | 'chunk-line' | 'chunk' | 'chunk-end' | 'trailers' | 'until-close' | 'done';

export class ResponseReader {
  readonly #sink: ResponseSink;
  readonly #memo: HeadMemo;
  #state: State = 'head';
  /** What has come of a head or line that is not complete. */
  #partial = '';
  /** Bytes of the body or chunk still to come. */
  #left = 0;
  #trailerBytes = 0;
  #interim = 0;
  #isHead = false;

  constructor(sink: ResponseSink, memo: HeadMemo) {
    this.#sink = sink;
    this.#memo = memo;
  }

  /** The answer was read to its end. */
  get isDone(): boolean {
    return this.#state === 'done';
  }

  /** For the answer to the next request; to one for a head alone no body comes, whatever its head says. */
  reset(isHead: boolean): void {
    this.#state = 'head';
    this.#isHead = isHead;
    this.#interim = 0;
  }

  /** Returns how many bytes belong to this answer: all, unless it is done. Throws BadResponseError. */
  push(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length && this.#state !== 'done') at = this.#step(chunk, at);
    return at;
  }

  /** The server sends no more. True if that is the end of the answer. */
  end(): boolean {
    if (this.#state !== 'until-close') return false;
    this.#state = 'done';
    return true;
  }

  #step(chunk: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#takeHead(chunk, at);
      case 'length':
      case 'chunk': {
        const end = Math.min(chunk.length, at + this.#left);
        this.#left -= end - at;
        if (this.#left === 0) this.#state = this.#state === 'length' ? 'done' : 'chunk-end';
        this.#sink.onData(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
        return end;
      }
      case 'until-close':
        this.#sink.onData(at === 0 ? chunk : chunk.subarray(at));
        return chunk.length;
      default:
        return this.#takeFrame(chunk, at) ?? this.#takeLine(chunk, at);
    }
  }

  /** Undefined: it is no size in plain digits and no empty line, or not all of it is there; then it is read as text. */
  #takeFrame(chunk: Buffer, at: number): number | undefined {
    if (this.#partial !== '') return undefined;
    let i = at;
    if (this.#state === 'chunk-line') {
      let size = 0;
      for (; i < at + MAX_PLAIN_DIGITS; i++) {
        const digit = HEX_DIGITS[chunk[i] ?? 0] ?? NO_DIGIT;
        if (digit === NO_DIGIT) break;
        size = size * 16 + digit;
      }
      if (i === at || size === 0 || chunk[i] !== CARRIAGE_RETURN || chunk[i + 1] !== LINE_FEED) return undefined;
      this.#left = size;
      this.#trailerBytes = 0;
      this.#state = 'chunk';
      return i + 2;
    }
    if (this.#state !== 'chunk-end' || chunk[i] !== CARRIAGE_RETURN || chunk[i + 1] !== LINE_FEED) return undefined;
    this.#state = 'chunk-line';
    return i + 2;
  }

  #takeHead(chunk: Buffer, at: number): number {
    const known = this.#partial.length;
    const found = known === 0 ? chunk.indexOf(HEAD_END, at) : -1;
    if (found !== -1) {
      if (found - at > MAX_HEAD_BYTES) throw new BadResponseError('the head of the answer is too large');
      this.#beginBody(chunk.toString('latin1', at, found));
      return found + HEAD_END.length;
    }
    // A head in pieces is rare. One byte more than allowed is enough to see that it is too large.
    const upTo = Math.min(chunk.length, at + MAX_HEAD_BYTES + HEAD_END.length + 1 - known);
    const text = this.#partial + chunk.toString('latin1', at, upTo);
    if (text.slice(0, START.length) !== START.slice(0, text.length))
      throw new BadResponseError('the answer does not begin with a status line of HTTP/1.1');
    const end = text.indexOf('\r\n\r\n', Math.max(0, known - HEAD_END.length));
    if (end === -1 || end > MAX_HEAD_BYTES) {
      if (text.length > MAX_HEAD_BYTES + HEAD_END.length)
        throw new BadResponseError('the head of the answer is too large');
      this.#partial = text;
      return upTo;
    }
    this.#partial = '';
    this.#beginBody(text.slice(0, end));
    return at + end + HEAD_END.length - known;
  }

  #beginBody(text: string): void {
    const memo = this.#memo;
    if (memo.head === undefined || memo.text !== text) {
      memo.head = readResponseHead(text);
      memo.text = text;
    }
    const { head } = memo;
    if (head.status < 200) {
      // We never ask to switch protocols.
      if (head.status === 101 || ++this.#interim > MAX_INTERIM_ANSWERS)
        throw new BadResponseError('the server did not get to its answer');
      return;
    }
    this.#left = head.bodyBytes;
    this.#state = this.#isHead || head.body === 'none' ? 'done' : head.body === 'chunked' ? 'chunk-line' : head.body;
    this.#sink.onHead(head);
  }

  /** The line before a chunk, the empty one after it, or a trailer. */
  #takeLine(chunk: Buffer, at: number): number {
    const feed = chunk.indexOf(LINE_FEED, at);
    const end = feed === -1 ? chunk.length : feed;
    const bound = this.#state === 'trailers' ? MAX_HEAD_BYTES : MAX_CHUNK_LINE_BYTES;
    if (this.#partial.length + end - at > bound) throw new BadResponseError('a line of the answer is too long');
    const text = this.#partial + chunk.toString('latin1', at, end);
    if (feed === -1) {
      this.#partial = text;
      return end;
    }
    this.#partial = '';
    if (text.charCodeAt(text.length - 1) !== CARRIAGE_RETURN)
      throw new BadResponseError('a line of the answer does not end with CRLF');
    this.#endLine(text.slice(0, -1));
    return feed + 1;
  }

  #endLine(line: string): void {
    if (this.#state === 'chunk-line') {
      const size = CHUNK_LINE.exec(line)?.[1];
      if (size === undefined) throw new BadResponseError('a chunk of the answer has no valid size');
      this.#left = Number.parseInt(size, 16);
      this.#trailerBytes = 0;
      this.#state = this.#left === 0 ? 'trailers' : 'chunk';
    } else if (this.#state === 'chunk-end') {
      if (line !== '') throw new BadResponseError('a chunk of the answer is longer than it said');
      this.#state = 'chunk-line';
    } else if (line === '') this.#state = 'done';
    else {
      const { name } = readHeaderLine(line);
      this.#trailerBytes += line.length;
      if (this.#trailerBytes > MAX_HEAD_BYTES) throw new BadResponseError('the trailers of the answer are too large');
      if (name === 'content-length' || name === 'transfer-encoding')
        throw new BadResponseError('a trailer of the answer is about its length');
    }
  }
}
