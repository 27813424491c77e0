/** The head of an answer, read strictly: where two readers could disagree about its meaning, it is refused. */

import type { IncomingHttpHeaders } from 'node:http';

/** The server did not speak HTTP/1.1 as we dare to read it; its connection is useless. */
export class BadResponseError extends Error {
  override readonly name = 'BadResponseError';
}

export interface ResponseHead {
  readonly status: number;
  /** Names in lower case; a header that came several times has all its values. */
  readonly headers: IncomingHttpHeaders;
  readonly body: 'none' | 'length' | 'chunked' | 'until-close';
  /** With `length`, more than 0. */
  readonly bodyBytes: number;
  /** The connection may carry another request once the body was read. */
  readonly isPersistent: boolean;
  /** How long the server said that it keeps an idle connection, in milliseconds. */
  readonly keepAliveMs: number | undefined;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9][0-9])(?: [\t\x20-\x7e\x80-\xff]*)?$/;
/** No space before the colon, and no line that continues the one before (it would begin with a space). */
const HEADER_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/;
const MAX_HEADERS = 1_000;

/** One header line without its line break; the name in lower case. Throws BadResponseError. */
export function readHeaderLine(line: string): { readonly name: string; readonly value: string } {
  const match = HEADER_LINE.exec(line);
  if (match === null) throw new BadResponseError('the answer has a malformed header line');
  let value = match[2] ?? '';
  let end = value.length;
  while (end > 0 && (value.charCodeAt(end - 1) === 0x20 || value.charCodeAt(end - 1) === 0x09)) end--;
  if (end < value.length) value = value.slice(0, end);
  return { name: (match[1] ?? '').toLowerCase(), value };
}

/** `text` is the head in Latin-1 without the empty line that ends it. Throws BadResponseError. */
export function readResponseHead(text: string): ResponseHead {
  const lines = text.split('\r\n');
  const start = STATUS_LINE.exec(lines[0] ?? '');
  if (start === null) throw new BadResponseError('the answer does not begin with a status line of HTTP/1.1');
  if (lines.length > MAX_HEADERS) throw new BadResponseError('the answer has too many headers');
  const isOld = start[1] === '0';
  const status = Number(start[2]);
  const headers: { [name: string]: string | string[] } = Object.create(null);
  for (let i = 1; i < lines.length; i++) {
    const { name, value } = readHeaderLine(lines[i] ?? '');
    const before = headers[name];
    if (before === undefined) headers[name] = name === 'set-cookie' ? [value] : value;
    else if (Array.isArray(before)) before.push(value);
    else headers[name] = [before, value];
  }
  const framing = readFraming(status, isOld, headers);
  const isPersistent = !isOld && framing.body !== 'until-close' && !hasToken(headers.connection, 'close');
  const announced = /(?:^|[,;\s])timeout=(\d{1,6})(?:$|[,;\s])/i.exec(String(headers['keep-alive'] ?? ''))?.[1];
  const keepAliveMs = announced === undefined ? undefined : Number(announced) * 1_000;
  return { status, headers, ...framing, isPersistent, keepAliveMs };
}

/** How long the body is (RFC 9112, 6.3), where there can be no two opinions. */
function readFraming(
  status: number,
  isOld: boolean,
  headers: { readonly [name: string]: string | string[] },
): Pick<ResponseHead, 'body' | 'bodyBytes'> {
  if (isOld && status < 200) throw new BadResponseError('HTTP/1.0 has no informational answers');
  const encoding = headers['transfer-encoding'];
  const length = headers['content-length'];
  if (encoding !== undefined) {
    if (length !== undefined) throw new BadResponseError('the answer has both Content-Length and Transfer-Encoding');
    if (isOld || typeof encoding !== 'string' || encoding.toLowerCase() !== 'chunked')
      throw new BadResponseError('the answer has a transfer encoding other than chunked');
    if (status < 200 || status === 204 || status === 304)
      throw new BadResponseError('the answer has a transfer encoding but cannot have a body');
    return { body: 'chunked', bodyBytes: 0 };
  }
  if (length !== undefined && (typeof length !== 'string' || !/^[0-9]{1,15}$/.test(length)))
    throw new BadResponseError('the answer has an ambiguous Content-Length');
  const bytes = length === undefined ? undefined : Number(length);
  if (status === 304) return { body: 'none', bodyBytes: 0 };
  if (status < 200 || status === 204) {
    if (bytes !== undefined && (bytes > 0 || status < 200))
      throw new BadResponseError('the answer has a length but cannot have a body');
    return { body: 'none', bodyBytes: 0 };
  }
  if (bytes === undefined) return { body: 'until-close', bodyBytes: 0 };
  return bytes === 0 ? { body: 'none', bodyBytes: 0 } : { body: 'length', bodyBytes: bytes };
}

function hasToken(value: string | string[] | undefined, token: string): boolean {
  if (value === undefined) return false;
  return String(value)
    .toLowerCase()
    .split(',')
    .some((part) => part.trim() === token);
}
