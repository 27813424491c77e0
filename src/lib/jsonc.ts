/**
 * JSON as people write it: with comments, trailing commas and a byte order mark. Read into a tree that remembers where
 * everything stands, so that a complaint can point at the line. Strict in everything else.
 */

export interface JsoncMember {
  readonly key: string;
  readonly keyStart: number;
  readonly value: JsoncNode;
}

/** A value, where it begins in the text and where it ends (exclusive). Members that stand twice are all kept: the reader decides what that means. */
export type JsoncNode =
  | { readonly type: 'object'; readonly start: number; readonly end: number; readonly members: readonly JsoncMember[] }
  | { readonly type: 'array'; readonly start: number; readonly end: number; readonly elements: readonly JsoncNode[] }
  | {
      readonly type: 'scalar';
      readonly start: number;
      readonly end: number;
      readonly value: string | number | boolean | null;
    };

/** What is wrong with the text, where, and what to write instead. */
export class JsoncError extends Error {
  override readonly name = 'JsoncError';
  readonly at: number;
  readonly remedy: string | undefined;
  constructor(at: number, message: string, remedy?: string) {
    super(message);
    this.at = at;
    this.remedy = remedy;
  }
}

/** 1-based line and column (UTF-16 units) of an offset; \n, \r\n and \r all end a line. */
export function positionAt(text: string, at: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let lineStart = 0;
  for (let i = 0; i < at && i < text.length; i++) {
    const c = text[i];
    if (c === '\n' || (c === '\r' && text[i + 1] !== '\n')) {
      line++;
      lineStart = i + 1;
    }
  }
  return { line, column: at - lineStart + 1 };
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_$][\w$.-]*/y;
const BAD_ESCAPE = /\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})/;

/** Reads the whole text; throws JsoncError at the first thing that is not JSON, or where it nests deeper than `maxDepth`. */
export function parseJsonc(text: string, maxDepth = 64): JsoncNode {
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;

  const skip = (): void => {
    for (;;) {
      const c = text[at];
      if (c === ' ' || c === '\t' || c === '\n' || c === '\r') at++;
      else if (c === '/' && text[at + 1] === '/') {
        while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at++;
      } else if (c === '/' && text[at + 1] === '*') {
        const end = text.indexOf('*/', at + 2);
        if (end === -1) throw new JsoncError(at, 'this comment is never closed', 'end it with */');
        at = end + 2;
      } else return;
    }
  };

  const word = (): string | undefined => {
    WORD.lastIndex = at;
    return WORD.exec(text)?.[0];
  };

  const unexpected = (wanted: string): JsoncError => {
    if (at >= text.length) return new JsoncError(at, `the text ends where ${wanted} should be`);
    if (text[at] === "'") return new JsoncError(at, 'single quotes are not JSON', 'use double quotes');
    const found = word() ?? String.fromCodePoint(text.codePointAt(at) ?? 0);
    // A bare word may be a secret that somebody forgot to quote, so it is not repeated.
    const shown = found.length > 2 ? 'a word without quotes' : JSON.stringify(found);
    return new JsoncError(
      at,
      `expected ${wanted}, found ${shown}`,
      /^\w/.test(found) ? 'put it in double quotes' : undefined,
    );
  };

  const readString = (): string => {
    const start = at;
    at++;
    for (;;) {
      const c = text.charCodeAt(at);
      if (Number.isNaN(c) || c === 0x0a || c === 0x0d)
        throw new JsoncError(
          start,
          'this string has no closing quote on its line',
          'end it with "; write a line break as \\n',
        );
      if (c === 0x22) break;
      if (c < 0x20)
        throw new JsoncError(at, 'a raw control character stands in a string', 'write a tab as \\t, others as \\u00XX');
      at += c === 0x5c && at + 1 < text.length && !/[\r\n]/.test(text[at + 1] ?? '') ? 2 : 1;
    }
    at++;
    const raw = text.slice(start, at);
    if (raw.includes('\\')) {
      const bad = BAD_ESCAPE.exec(raw.replaceAll('\\\\', '__'));
      if (bad) throw new JsoncError(start + bad.index, 'a lone backslash in a string', 'write it twice: \\\\');
    }
    return JSON.parse(raw) as string;
  };

  const readScalar = (): JsoncNode => {
    const start = at;
    if (text[at] === '"') return { type: 'scalar', value: readString(), start, end: at };
    NUMBER.lastIndex = at;
    const number = NUMBER.exec(text)?.[0];
    if (number !== undefined) {
      at += number.length;
      if (/[\w.]/.test(text[at] ?? ''))
        throw new JsoncError(start, 'this is not a JSON number', 'put it in double quotes if it is text');
      return { type: 'scalar', start, end: at, value: Number(number) };
    }
    const name = word();
    if (name === 'true' || name === 'false' || name === 'null') {
      at += name.length;
      return { type: 'scalar', start, end: at, value: name === 'null' ? null : name === 'true' };
    }
    throw unexpected('a value');
  };

  /** After one item: true if another may follow. */
  const another = (close: ']' | '}'): boolean => {
    skip();
    if (text[at] === close) return false;
    if (text[at] === ',') {
      at++;
      skip();
      return text[at] !== close;
    }
    if (text[at] === '"' || text[at] === '{' || text[at] === '[')
      throw new JsoncError(at, 'a comma is missing before this', 'put a comma at the end of the item before');
    throw unexpected(`a comma or ${close}`);
  };

  const readValue = (depth: number): JsoncNode => {
    const start = at;
    const open = text[at];
    if (open !== '{' && open !== '[') return readScalar();
    if (depth >= maxDepth) throw new JsoncError(at, `nested more than ${maxDepth} levels deep`);
    at++;
    skip();
    if (open === '[') {
      const elements: JsoncNode[] = [];
      let more = text[at] !== ']';
      while (more) {
        elements.push(readValue(depth + 1));
        more = another(']');
      }
      at++;
      return { type: 'array', start, end: at, elements };
    }
    const members: JsoncMember[] = [];
    let more = text[at] !== '}';
    while (more) {
      const keyStart = at;
      if (text[at] !== '"') throw unexpected('a name in double quotes');
      const key = readString();
      skip();
      if (text[at] !== ':') throw unexpected('a colon');
      at++;
      skip();
      members.push({ key, keyStart, value: readValue(depth + 1) });
      more = another('}');
    }
    at++;
    return { type: 'object', start, end: at, members };
  };

  skip();
  const root = readValue(0);
  skip();
  if (at < text.length) throw unexpected('the end of the text');
  return root;
}
