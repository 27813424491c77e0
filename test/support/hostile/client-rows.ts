/** What hostile clients send, and how it is refused: status and, where there is one, JSON-RPC code (docs/reference/errors.md). */

const META =
  '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}';

/** The tool all of them are after: nothing that is refused may have reached it. */
export const TOOL = 'good__work';
/** Marks what must never be executed. */
export const FORBIDDEN = 'forbidden';

export const call = (name = TOOL, args = `{"nonce":"${FORBIDDEN}"}`): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":${JSON.stringify(name)},"arguments":${args},${META}}}`;

export interface ByteRow {
  readonly what: string;
  /** Everything after `host`, `authorization` and the usual headers of a call; `{body}` and `{length}` are filled in. */
  readonly bytes: string;
  readonly status: number;
}

const START = 'POST /mcp HTTP/1.1\r\n';
const SMUGGLED = '{smuggled}';
const bytes = (what: string, text: string, status = 400): ByteRow => ({ what, bytes: text, status });
/** `{usual}` holds Host, the key and the headers of a proper call, but none about the body's length. */
const withHeaders = (what: string, headers: string, body = '{body}', status = 400): ByteRow =>
  bytes(what, `${START}{usual}${headers}\r\n${body}`, status);

export const BYTE_ROWS: readonly ByteRow[] = [
  withHeaders('a length and chunks', `content-length: 4\r\ntransfer-encoding: chunked\r\n`, `0\r\n\r\n${SMUGGLED}`),
  withHeaders('chunks and a length', `transfer-encoding: chunked\r\ncontent-length: 4\r\n`, `0\r\n\r\n${SMUGGLED}`),
  withHeaders('two lengths', `content-length: 0\r\ncontent-length: {length}\r\n`),
  withHeaders('two lengths in one', 'content-length: 0, {length}\r\n'),
  withHeaders('a length with a sign', 'content-length: +{length}\r\n'),
  withHeaders('a length in hexadecimal', 'content-length: 0x10\r\n'),
  withHeaders('a negative length', 'content-length: -1\r\n'),
  withHeaders('a space before the colon', 'content-length : {length}\r\n'),
  withHeaders('an encoding nobody knows', `transfer-encoding: xchunked\r\n`, `0\r\n\r\n${SMUGGLED}`),
  withHeaders('an encoding hidden by a tab', `transfer-encoding:\tchunked, identity\r\n`, `0\r\n\r\n${SMUGGLED}`),
  withHeaders('a folded header', `x-a: b\r\n content-length: 0\r\ncontent-length: {length}\r\n`),
  withHeaders('a NUL in a header', 'x-a: b\0c\r\ncontent-length: {length}\r\n'),
  withHeaders('a carriage return in a header', 'x-a: b\rc\r\ncontent-length: {length}\r\n'),
  withHeaders('a header without a name', ': x\r\ncontent-length: {length}\r\n'),
  withHeaders('a header without a colon', 'nonsense\r\ncontent-length: {length}\r\n'),
  withHeaders('a chunk of negative size', 'transfer-encoding: chunked\r\n', '-1\r\n{body}\r\n0\r\n\r\n'),
  withHeaders('chunks that are none', 'transfer-encoding: chunked\r\n', 'zz\r\n{body}\r\n0\r\n\r\n'),
  withHeaders('two hosts', 'host: localhost\r\ncontent-length: {length}\r\n', '{body}', 403),
  withHeaders('two methods', 'mcp-method: tools/list\r\ncontent-length: {length}\r\n'),
  withHeaders('two names', 'mcp-name: good__peek\r\ncontent-length: {length}\r\n'),
  withHeaders('two versions', 'mcp-protocol-version: 2025-11-25\r\ncontent-length: {length}\r\n'),
  withHeaders('two content types', 'content-type: text/plain\r\ncontent-length: {length}\r\n'),
  withHeaders('two keys', 'authorization: Bearer pck_other_0123456789\r\ncontent-length: {length}\r\n', '{body}', 401),
  withHeaders('a compressed body', 'content-encoding: gzip\r\ncontent-length: {length}\r\n', '{body}', 415),
  withHeaders('more headers than anybody needs', `${'x-a: b\r\n'.repeat(200)}content-length: {length}\r\n`),
  withHeaders('a header of 100 KB', `x-a: ${'b'.repeat(100_000)}\r\ncontent-length: {length}\r\n`, '{body}', 431),
  bytes('bare line feeds', `POST /mcp HTTP/1.1\n{usual-lf}content-length: {length}\n\n{body}`),
  bytes(
    'a target with an authority',
    `POST http://127.0.0.1/mcp HTTP/1.1\r\n{usual}content-length: {length}\r\n\r\n{body}`,
  ),
  bytes('a target with a space', `POST /mcp /x HTTP/1.1\r\n{usual}content-length: {length}\r\n\r\n{body}`),
  bytes('no version', `POST /mcp\r\n{usual}content-length: {length}\r\n\r\n{body}`),
  bytes('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  bytes('another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'),
];

export interface JsonRow {
  readonly what: string;
  readonly body: string;
  readonly status: number;
  readonly code: number;
  /** Header `mcp-name`; default: the tool. */
  readonly name?: string;
  readonly method?: string;
}
const json = (what: string, body: string, status: number, code: number, more: Partial<JsonRow> = {}): JsonRow => ({
  ...{ what, body, status, code },
  ...more,
});
const edited = (what: string, from: string, to: string, code = -32600): JsonRow =>
  json(what, call().replace(from, to), 400, code);
const named = (what: string, name: string): JsonRow =>
  json(what, call(name), 200, -32602, { name: /^[\x21-\x7e]*$/.test(name) ? name : encodeName(name) });
/** As the revision wants names that no header can carry. */
const encodeName = (name: string): string => `=?base64?${Buffer.from(name).toString('base64')}?=`;

export const JSON_ROWS: readonly JsonRow[] = [
  edited('two methods', '"method"', '"method":"tools/list","method"'),
  edited('two methods, one in escapes', '"method"', '"\\u006dethod":"tools/list","method"'),
  edited('a method in capitals', '"method"', '"Method":"tools/list","method"'),
  edited('two params', '"params"', '"params":{},"params"'),
  edited('two names', '"name"', '"name":"good__peek","name"'),
  edited('a name in capitals', '"name"', '"NAME":"good__peek","name"'),
  edited('a name that ends in a NUL', '"name"', '"name\\u0000":"good__peek","name"'),
  edited('two arguments', '"nonce"', '"nonce":"allowed","nonce"'),
  edited('two arguments far down', '"nonce"', '"a":[{"b":{"c":1,"c":2}}],"nonce"'),
  edited('two _meta', '"_meta"', '"_meta":{},"_meta"'),
  edited('the id null', '"id":1', '"id":null'),
  edited('an id with a fraction', '"id":1', '"id":1.5'),
  edited('an id beyond all numbers', '"id":1', '"id":1e999'),
  edited('an id that is true', '"id":1', '"id":true'),
  edited('both a method and a result', '"method"', '"result":{},"Result":{},"method"'),
  edited('a list for arguments', `{"nonce":"${FORBIDDEN}"}`, '[1]', -32602),
  edited('a comma too many', '"id":1,', '"id":1,,', -32700),
  edited('a byte order mark', '{', '\ufeff{', -32700),
  edited('nesting of 100,000', `"${FORBIDDEN}"`, `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
  edited('nesting of strings in lists', `"${FORBIDDEN}"`, `${'["x",'.repeat(500)}1${']'.repeat(500)}`),
  json('10,000 messages at once', `[${Array.from({ length: 10_000 }, () => call()).join(',')}]`, 400, -32600),
  named('the tool __proto__', '__proto__'),
  named('the tool constructor', 'constructor'),
  named('the tool toString', 'toString'),
  named('a server named __proto__', '__proto____work'),
  named('a path for a name', '../../etc/passwd'),
  named('a name with a NUL', 'good__work\0'),
  named('a name of 20,000 characters', `good__${'w'.repeat(20_000)}`),
  named('a name that looks the same', 'good__w\u043erk'),
  json('half a surrogate pair for a name', call().replace(`"${TOOL}"`, '"good__\\ud800"'), 400, -32602),
  json('a method nobody has', call().replace('tools/call', 'tools/__proto__'), 404, -32601, {
    method: 'tools/__proto__',
  }),
  json('the method constructor', call().replace('tools/call', 'constructor'), 404, -32601, { method: 'constructor' }),
  json('another method in the header', call(), 400, -32020, { method: 'tools/list' }),
  json('another name in the header', call(), 400, -32020, { name: 'good__peek' }),
  json('a state nobody gave', call().replace('"_meta"', '"requestState":"v1.AAAA.BBBB","_meta"'), 400, -32602),
  json('a state that is a list', call().replace('"_meta"', '"requestState":[],"_meta"'), 400, -32602),
];

export interface PathRow {
  readonly path: string;
  readonly status: number;
}
export const PATH_ROWS: readonly PathRow[] = [
  ['/mcp/../health', 404],
  ['/mcp/%2e%2e/health', 404],
  ['/mcp/%00', 404],
  ['/mcp/good%2f..%2fgood', 404],
  ['/mcp/__proto__', 404],
  ['/mcp/constructor', 404],
  ['/mcp/t/__proto__', 404],
  ['/mcp/t/constructor', 404],
  ['/mcp/good/work', 404],
  ['/mcp/good/messages/x', 404],
  ['//mcp', 404],
  ['/mcp//good', 404],
  ['/mcp/%ff', 400],
  ['/mcp/%', 400],
  ['/MCP', 404],
].map(([path, status]) => ({ path: String(path), status: Number(status) }));
