/** Reads the head of a request of the plain shape, and nothing else: what it takes, node:http would read the very same way. */

import type { HeaderList } from './headers.ts';

/** A request as far as its head says. The method is POST, the version 1.1. */
export interface RequestHead {
  readonly target: string;
  readonly headers: HeaderList;
  /** What Content-Length says: the body has exactly so many bytes. */
  readonly bodyBytes: number;
  /** False if the client asked for the connection to be closed. */
  readonly keepAlive: boolean;
}

const START = 'POST /';
const VERSION = ' HTTP/1.1\r\n';
const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;

const IN_NAME = 1;
const IN_VALUE = 2;
const IN_TARGET = 4;

/** What each character may be part of: RFC 9110 token; visible ASCII, space and tab; RFC 3986 path and query. */
const CHARACTERS: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  return (
    (/^[!#$%&'*+.^_`|~0-9A-Za-z-]$/.test(character) ? IN_NAME : 0) |
    (/^[\t\x20-\x7e]$/.test(character) ? IN_VALUE : 0) |
    (/^[A-Za-z0-9._~!$&'()*+,;=:@/?%-]$/.test(character) ? IN_TARGET : 0)
  );
});

/** Where the run of characters of this kind that begins at `from` ends. */
function skip(text: string, from: number, kind: number): number {
  let at = from;
  while (at < text.length && ((CHARACTERS[text.charCodeAt(at)] ?? 0) & kind) !== 0) at++;
  return at;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** False as soon as what came so far cannot become a request of the plain shape. */
export function mayBePlain(bytes: Buffer): boolean {
  if (!START.startsWith(bytes.toString('latin1', 0, START.length))) return false;
  // Whoever ends lines with a bare line feed would wait for the end of a head that is complete for other readers.
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1))
    if (bytes[at - 1] !== CARRIAGE_RETURN) return false;
  return true;
}

/**
 * The head in `bytes` before `end`, where its empty line begins; undefined if it is not of the plain shape: POST to a path,
 * HTTP/1.1, names of token characters, values of visible ASCII, spaces and tabs, one Host, one Content-Length in canonical
 * digits, Connection keep-alive or close or absent, and no header that changes how a message is framed or answered.
 */
export function readHead(bytes: Buffer, end: number, maxHeaders: number): RequestHead | undefined {
  const text = bytes.toString('latin1', 0, end);
  if (!text.startsWith(START)) return undefined;
  let at = skip(text, START.length, IN_TARGET);
  if (!text.startsWith(VERSION, at)) return undefined;
  const target = text.slice(START.length - 1, at);
  at += VERSION.length;

  const headers: string[] = [];
  let hosts = 0;
  let length: string | undefined;
  let connection: string | undefined;
  while (at < text.length) {
    const nameEnd = skip(text, at, IN_NAME);
    if (nameEnd === at || text.charCodeAt(nameEnd) !== COLON) return undefined;
    const name = text.slice(at, nameEnd);
    at = nameEnd + 1;
    while (isBlank(text.charCodeAt(at))) at++;
    const valueStart = at;
    at = skip(text, at, IN_VALUE);
    let valueEnd = at;
    while (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd--;
    const value = text.slice(valueStart, valueEnd);
    if (at < text.length) {
      if (text.charCodeAt(at) !== CARRIAGE_RETURN || text.charCodeAt(at + 1) !== LINE_FEED) return undefined;
      at += 2;
    }
    switch (framing(name)) {
      case undefined:
        break;
      case 'host':
        hosts++;
        break;
      case 'content-length':
        if (length !== undefined) return undefined;
        length = value;
        break;
      case 'connection':
        if (connection !== undefined) return undefined;
        connection = value.toLowerCase();
        break;
      default:
        return undefined;
    }
    headers.push(name, value);
  }
  if (hosts !== 1 || headers.length / 2 > maxHeaders) return undefined;
  if (length === undefined || !/^(?:0|[1-9]\d{0,14})$/.test(length)) return undefined;
  if (connection !== undefined && connection !== 'keep-alive' && connection !== 'close') return undefined;
  return { target, headers, bodyBytes: Number(length), keepAlive: connection !== 'close' };
}

/** The lower-case name if it is one that decides about framing, routing or the connection. Most are sorted out by length. */
function framing(name: string): string | undefined {
  switch (name.length) {
    case 4:
    case 6:
    case 7:
    case 10:
    case 14:
    case 16:
    case 17: {
      const lower = name.toLowerCase();
      return FRAMING.has(lower) ? lower : undefined;
    }
    default:
      return undefined;
  }
}

/** node:http reads Proxy-Connection like Connection. */
const FRAMING: ReadonlySet<string> = new Set([
  'host',
  'expect',
  'upgrade',
  'connection',
  'content-length',
  'proxy-connection',
  'transfer-encoding',
]);
