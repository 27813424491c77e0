/**
 * Looks over large JSON as bytes, without making a value or even a string of it: how it is built, where its outermost members
 * stand, and how much of it is prose. What stands inside of strings is passed over by searching for their ends, so that a long
 * prompt costs next to nothing. For whoever forwards a body and decides by a few of its members.
 */

import { isAscii } from 'node:buffer';

/** A member of the outermost object; offsets in bytes, ends exclusive. */
export interface ByteMember {
  readonly key: string;
  readonly keyStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

export interface ByteScan {
  readonly members: readonly ByteMember[];
  /** Bytes that are no part of media. */
  readonly proseBytes: number;
  /** Long strings of base64: pictures, sounds, documents. */
  readonly media: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const NINE = 0x39;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** So many bytes are looked at one by one, before a search is worth its call. */
const NEAR_BYTES = 64;
/** Shorter strings are taken for prose without a look. */
const MEDIUM_BYTES = 2_048;
const SAMPLE_BYTES = 256;
/** Each key is compared with all before it, so objects with more are left to a reader of all of it. */
const MAX_MEMBERS = 256;
/** Numbers and words: `skipPlain` reads no further. */
const MAX_PLAIN_BYTES = 64;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const WORDS: ReadonlySet<string> = new Set(['true', 'false', 'null']);

/**
 * Undefined: it is no JSON object, is nested deeper than `maxDepth`, or some object in it has a member twice; a reader of all
 * of it will say which. What it accepts has the structure that every reader of JSON sees, since that depends on nothing
 * within a string but quotes and backslashes; whether all escapes and characters in strings are allowed is not looked at.
 */
export function scanJsonBytes(bytes: Buffer, maxDepth: number): ByteScan | undefined {
  const scanner = new Scanner(bytes, maxDepth);
  return scanner.run() ? scanner : undefined;
}

const ARRAY = -1;

class Scanner implements ByteScan {
  readonly members: ByteMember[] = [];
  proseBytes: number;
  media = 0;
  readonly #bytes: Buffer;
  readonly #maxDepth: number;
  /** Each open container: where its keys begin in `#keys`, or ARRAY. */
  readonly #open: number[] = [];
  /** Start and end of each key of the open objects, without its quotes. */
  readonly #keys: number[] = [];
  /** Of the outermost object, the member that is being read. */
  #key: string | undefined = undefined;
  #keyStart = 0;
  #valueStart = 0;

  constructor(bytes: Buffer, maxDepth: number) {
    this.#bytes = bytes;
    this.#maxDepth = maxDepth;
    this.proseBytes = bytes.length;
  }

  run(): boolean {
    const bytes = this.#bytes;
    let i = this.#skipSpace(0);
    if (bytes[i] !== OPEN_BRACE) return false;
    for (;;) {
      // A value begins.
      const c = bytes[i];
      if (c === QUOTE) i = this.#skipText(i);
      else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
        if (this.#open.length >= this.#maxDepth) return false;
        const isObject = c === OPEN_BRACE;
        this.#open.push(isObject ? this.#keys.length : ARRAY);
        i = this.#skipSpace(i + 1);
        if (bytes[i] === (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
          this.#open.pop();
          i++;
        } else {
          if (isObject) i = this.#takeKey(i);
          if (i === -1) return false;
          continue;
        }
      } else i = this.#skipPlain(i);
      if (i === -1) return false;
      i = this.#endValue(i);
      if (i === -1) return false;
      if (this.#open.length === 0) return this.#skipSpace(i) === bytes.length;
    }
  }

  /** `at` is behind a value; returns where the next one begins, or behind the outermost object; -1: no JSON. */
  #endValue(at: number): number {
    const bytes = this.#bytes;
    const open = this.#open;
    let end = at;
    while (open.length > 0) {
      if (open.length === 1 && this.#key !== undefined) {
        this.members.push({
          key: this.#key,
          keyStart: this.#keyStart,
          valueStart: this.#valueStart,
          valueEnd: end,
        });
        this.#key = undefined;
      }
      const i = this.#skipSpace(end);
      const keysAt = open[open.length - 1] ?? ARRAY;
      const isObject = keysAt !== ARRAY;
      const c = bytes[i];
      if (c === COMMA) {
        const next = this.#skipSpace(i + 1);
        return isObject ? this.#takeKey(next) : next;
      }
      if (c !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return -1;
      open.pop();
      if (isObject) this.#keys.length = keysAt;
      end = i + 1;
    }
    return end;
  }

  /** `at` is where a key must begin; returns where its value begins, or -1: no key, or not one for us. */
  #takeKey(at: number): number {
    const bytes = this.#bytes;
    if (bytes[at] !== QUOTE) return -1;
    const keyEnd = endOfString(bytes, at) + 1;
    if (keyEnd === 0) return -1;
    const colon = this.#skipSpace(keyEnd);
    if (bytes[colon] !== COLON) return -1;
    if (!this.#noteKey(at + 1, keyEnd - 1)) return -1;
    const valueStart = this.#skipSpace(colon + 1);
    if (this.#open.length === 1) {
      this.#key = bytes.toString('utf8', at + 1, keyEnd - 1);
      this.#keyStart = at;
      this.#valueStart = valueStart;
    }
    return valueStart;
  }

  /** False: the object has it already, or it has to be decoded before that can be said. */
  #noteKey(start: number, end: number): boolean {
    const bytes = this.#bytes;
    const keys = this.#keys;
    for (let i = start; i < end; i++) if (bytes[i] === BACKSLASH) return false;
    const first = this.#open[this.#open.length - 1] ?? 0;
    if (keys.length - first >= 2 * MAX_MEMBERS) return false;
    for (let i = first; i < keys.length; i += 2) {
      const other = keys[i] ?? 0;
      if ((keys[i + 1] ?? 0) - other !== end - start) continue;
      let same = 0;
      while (start + same < end && bytes[other + same] === bytes[start + same]) same++;
      if (start + same === end) return false;
    }
    keys.push(start, end);
    return true;
  }

  #skipSpace(at: number): number {
    const bytes = this.#bytes;
    let i = at;
    for (;;) {
      const c = bytes[i];
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return i;
      i++;
    }
  }

  /** A string that is a value. */
  #skipText(at: number): number {
    const end = endOfString(this.#bytes, at);
    if (end === -1) return -1;
    if (end + 1 - at >= MEDIUM_BYTES && isBase64(this.#bytes, at + 1, end)) {
      this.media++;
      this.proseBytes -= end + 1 - at;
    }
    return end + 1;
  }

  /** A number or a word. */
  #skipPlain(at: number): number {
    const bytes = this.#bytes;
    let i = at;
    // Nearly all are whole numbers, which need no second look.
    while (isDigit(bytes[i])) i++;
    const isWhole = i > at && (bytes[at] !== ZERO || i === at + 1);
    if (isWhole && isEnd(bytes[i])) return i;
    const bound = at + MAX_PLAIN_BYTES;
    while (i < bound && !isEnd(bytes[i])) i++;
    const text = bytes.toString('latin1', at, i);
    return WORDS.has(text) || NUMBER.test(text) ? i : -1;
  }
}

const isDigit = (code: number | undefined): boolean => code !== undefined && code >= ZERO && code <= NINE;

/** What may stand behind a number or a word. */
function isEnd(code: number | undefined): boolean {
  return code === undefined || code <= 0x20 || code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET;
}

/** `start` is the opening quote; where the closing one stands, or -1. */
export function endOfString(bytes: Buffer, start: number): number {
  const near = Math.min(bytes.length, start + NEAR_BYTES);
  let i = start + 1;
  for (; i < near; i++) {
    const c = bytes[i];
    if (c === QUOTE) return i;
    if (c === BACKSLASH) i++;
  }
  // An escape may have led one byte too far, which is then part of it.
  for (let quote = bytes.indexOf(QUOTE, i); quote !== -1; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let slashes = 0;
    while (quote - 1 - slashes >= i && bytes[quote - 1 - slashes] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote;
  }
  return -1;
}

/**
 * The beginning is looked at byte by byte; behind it nothing may stand that prose has and base64 has not. Whoever sends prose
 * as a picture would have it counted as one.
 */
function isBase64(bytes: Buffer, start: number, end: number): boolean {
  const sampleEnd = start + SAMPLE_BYTES;
  for (let i = start; i < sampleEnd; i++) {
    const c = bytes[i] ?? 0;
    if (c <= 0x20 || c === BACKSLASH || c >= 0x7f) return false;
  }
  const rest = bytes.subarray(sampleEnd, end);
  return isAscii(rest) && !PROSE_ONLY.some((code) => rest.includes(code));
}

/** Space, backslash, full stop. The kind of a medium, which may have a full stop, stands in the sample. */
const PROSE_ONLY = [0x20, BACKSLASH, 0x2e] as const;
