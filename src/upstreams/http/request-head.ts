/** The head of a request as text. What could end a line or smuggle a second request is refused here, before a byte leaves. */

/** A header name (RFC 9110, 5.6.2). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What no header value may contain: control characters but the tab, and anything beyond Latin-1. */
const NO_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const TARGET = /^\/[\x21\x22\x24-\x7e]*$/;

/** They frame the message or govern the connection, which is the client's own business. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** The request cannot be written as it is. */
export class ImpossibleRequestError extends Error {
  override readonly name = 'ImpossibleRequestError';
}

/** Headers that many requests share, written out once. */
export interface FixedHeaders {
  /** Names and values in turn. */
  readonly list: string[];
  readonly written: WrittenHeaders | ImpossibleRequestError;
}

interface WrittenHeaders {
  readonly text: string;
  readonly hasHost: boolean;
}

/** Never throws: what is wrong with a header fails the requests that carry it. */
export function createFixedHeaders(list: readonly string[]): FixedHeaders {
  try {
    return { list: [...list], written: writeHeaders(list) };
  } catch (error) {
    if (error instanceof ImpossibleRequestError) return { list: [...list], written: error };
    throw error;
  }
}

/** Throws ImpossibleRequestError. */
function writeHeaders(list: readonly string[]): WrittenHeaders {
  let text = '';
  let hasHost = false;
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? '';
    const value = list[i + 1];
    if (value === undefined || !TOKEN.test(name)) throw new ImpossibleRequestError('a header has no valid name');
    // The value may be a secret: only the name is told.
    if (NO_VALUE.test(value)) throw new ImpossibleRequestError(`the header ${name} has characters no header can carry`);
    const lower = name.toLowerCase();
    if (OWN_NAMES.has(lower)) throw new ImpossibleRequestError(`the header ${name} belongs to the connection`);
    if (lower === 'host') hasHost = true;
    text += `${name}: ${value}\r\n`;
  }
  return { text, hasHost };
}

export interface HeadParts {
  readonly method: string;
  readonly path: string;
  /** For the Host header, unless the headers have one. */
  readonly host: string;
  readonly fixedHeaders: FixedHeaders | undefined;
  readonly headers: readonly string[];
  /** Undefined: no body. */
  readonly bodyBytes: number | undefined;
}

/** The head with its empty line; every character is one byte (Latin-1). Throws ImpossibleRequestError. */
export function writeHead(parts: HeadParts): string {
  if (!TARGET.test(parts.path)) throw new ImpossibleRequestError('the path has characters no path can carry');
  const fixed = parts.fixedHeaders?.written;
  if (fixed instanceof ImpossibleRequestError) throw fixed;
  const own = writeHeaders(parts.headers);
  const hasHost = own.hasHost || fixed?.hasHost === true;
  const host = hasHost ? '' : `host: ${parts.host}\r\n`;
  const length = parts.bodyBytes === undefined ? '' : `content-length: ${parts.bodyBytes}\r\n`;
  const start = `${parts.method} ${parts.path} HTTP/1.1\r\n${host}connection: keep-alive\r\n`;
  return `${start}${fixed?.text ?? ''}${own.text}${length}\r\n`;
}
