/** The head of an answer as text, with what node:http would add to it, so that an answer can leave in one write. */

import { STATUS_CODES } from 'node:http';
import { isVisibleAscii } from '../../lib/is-visible-ascii.ts';
import type { AnswerHeaders } from './exchange.ts';

/** `Date` header values, worked out once a second. */
export function createHttpDate(): () => string {
  let second = 0;
  let text = '';
  return () => {
    const now = Date.now();
    const current = now - (now % 1000);
    if (current !== second) {
      second = current;
      text = new Date(current).toUTCString();
    }
    return text;
  };
}

/** What RFC 9110 allows in a value; anything else could end the header, and begin one of somebody else's choice. */
const NO_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const SHORT_CHARS = 64;
const NO_NAME = /[^!#$%&'*+.^_`|~0-9A-Za-z-]/;

const isValue = (value: string): boolean =>
  (value.length <= SHORT_CHARS && isVisibleAscii(value)) || !NO_VALUE.test(value);

function isName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i) | 0x20;
    if ((code < 0x61 || code > 0x7a) && code !== 0x2d) return !NO_NAME.test(name);
  }
  return true;
}

/** Header lines; undefined has none. Throws TypeError for a name or value that cannot stand in a header. */
export function headerLines(headers: AnswerHeaders | undefined): string {
  let lines = '';
  for (const name in headers) {
    const value = headers[name] ?? '';
    if (!isValue(value) || !isName(name)) throw new TypeError(`the answer header ${name} cannot be sent`);
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

const OK = 'HTTP/1.1 200 OK\r\n';

/** Status line and header lines up to the empty one; `lines` come from `headerLines`. */
export function renderHead(
  status: number,
  lines: string,
  date: string,
  keepAliveMs: number,
  keepAlive: boolean,
): string {
  const statusLine = status === 200 ? OK : `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
  const connection = keepAlive
    ? `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}\r\n`
    : 'Connection: close\r\n';
  return `${statusLine}${lines}Date: ${date}\r\n${connection}\r\n`;
}
