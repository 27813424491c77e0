/** JSON text as a value of the interpreter, in one pass over the text: numbers keep all their digits. */

import type { Writer } from './protobuf.ts';

/** Numbers of the kinds of values. Source: MontyObject in the worker's schema, protocol version 2. */
export const KIND = {
  none: 2,
  boolean: 4,
  int: 5,
  bigint: 6,
  float: 7,
  str: 8,
  bytes: 9,
  list: 11,
  tuple: 12,
  namedTuple: 13,
  dict: 14,
  set: 15,
  frozenSet: 16,
} as const;

/** The worker reads messages a hundred deep, and a dict takes three of them. */
export const MAX_VALUE_DEPTH = 28;

const MAX_SMALL_DIGITS = 15;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/** The fields of one value. `text` must be valid JSON; what lies deeper than MAX_VALUE_DEPTH goes along as JSON text. */
export function writeJsonValue(out: Writer, text: string): void {
  let at = 0;

  const skip = (): number => {
    let code = text.charCodeAt(at);
    while (code === 32 || code === 10 || code === 13 || code === 9) code = text.charCodeAt(++at);
    return code;
  };
  const readText = (): string => {
    const start = at;
    let escaped = false;
    for (at++; ; at++) {
      const code = text.charCodeAt(at);
      if (code === 34) break;
      if (code === 92) {
        escaped = true;
        at++;
      }
      if (at >= text.length) throw new SyntaxError('a text is never closed');
    }
    at++;
    return escaped ? String(JSON.parse(text.slice(start, at))) : text.slice(start + 1, at - 1);
  };
  const skipOver = (): string => {
    const start = at;
    let depth = 0;
    do {
      const code = skip();
      if (code === 34) readText();
      else {
        if (code === 123 || code === 91) depth++;
        if (code === 125 || code === 93) depth--;
        at++;
      }
      if (at > text.length) throw new SyntaxError('a value is never closed');
    } while (depth > 0);
    return text.slice(start, at);
  };
  const list = (depth: number): void => {
    at++;
    while (skip() !== 93) {
      if (text.charCodeAt(at) === 44) at++;
      out.message(1, () => value(depth + 1));
    }
    at++;
  };
  const pair = (depth: number): void => {
    if (text.charCodeAt(at) === 44) at++;
    skip();
    const key = readText();
    skip();
    at++;
    out.message(1, () => out.text(KIND.str, key));
    out.message(2, () => value(depth + 1));
  };
  const dict = (depth: number): void => {
    at++;
    while (skip() !== 125) out.message(1, () => pair(depth));
    at++;
  };
  const number = (): void => {
    const start = at;
    while (at < text.length && /[-+.0-9eE]/.test(text.charAt(at))) at++;
    const word = text.slice(start, at);
    if (word === '') throw new SyntaxError('a value is missing');
    writeNumber(out, word);
  };
  function value(depth: number): void {
    const code = skip();
    switch (code) {
      case 34:
        return out.text(KIND.str, readText());
      case 123:
        return depth >= MAX_VALUE_DEPTH ? out.text(KIND.str, skipOver()) : out.message(KIND.dict, () => dict(depth));
      case 91:
        return depth >= MAX_VALUE_DEPTH ? out.text(KIND.str, skipOver()) : out.message(KIND.list, () => list(depth));
      case 116:
        at += 4;
        return out.varint(KIND.boolean, 1);
      case 102:
        at += 5;
        return out.varint(KIND.boolean, 0);
      case 110:
        at += 4;
        return out.message(KIND.none, () => undefined);
      default:
        return number();
    }
  }
  value(0);
}

function writeNumber(out: Writer, word: string): void {
  if (/[.eE]/.test(word)) return out.double(KIND.float, Number(word));
  if (word.length <= MAX_SMALL_DIGITS) return out.sint(KIND.int, Number(word));
  const whole = BigInt(word);
  if (whole >= MIN_INT64 && whole <= MAX_INT64) return out.sint(KIND.int, whole);
  const size = whole < 0n ? -whole : whole;
  const hex = size.toString(16);
  out.message(KIND.bigint, () => {
    if (whole < 0n) out.varint(1, 1);
    out.bytes(2, Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
  });
}
