import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayBePlain, type RequestHead, readHead } from './read-head.ts';

function read(text: string, maxHeaders = 128): RequestHead | undefined {
  return readHead(Buffer.from(text, 'latin1'), text.length, maxHeaders);
}

const plain = 'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12';

test('a plain head is read as it stands, values without the blanks around them', () => {
  assert.deepEqual(
    read('POST /a%20b?c=/d HTTP/1.1\r\nhOst:x:1\r\nX-Empty:\r\nX-A: \t b\tc d \t\r\nContent-Length: 0'),
    {
      target: '/a%20b?c=/d',
      headers: ['hOst', 'x:1', 'X-Empty', '', 'X-A', 'b\tc d', 'Content-Length', '0'],
      bodyBytes: 0,
      keepAlive: true,
    },
  );
  assert.equal(read(`${plain}\r\nconnection: Keep-Alive`)?.keepAlive, true);
  assert.equal(read(`${plain}\r\nCONNECTION: Close`)?.keepAlive, false);
  assert.equal(read(plain)?.bodyBytes, 12);
});

test('everything else is left to node:http', () => {
  const table: readonly (readonly [string, string])[] = [
    ['another method', plain.replace('POST', 'PUT')],
    ['a method in lower case', plain.replace('POST', 'post')],
    ['an absolute target', plain.replace('/mcp', 'http://localhost/mcp')],
    ['the target *', plain.replace('/mcp', '*')],
    ['a fragment', plain.replace('/mcp', '/mcp#x')],
    ['a target with a backslash', plain.replace('/mcp', '/mcp\\')],
    ['a target with a byte that is no ASCII', plain.replace('/mcp', '/\xe4')],
    ['two spaces before the target', plain.replace('POST ', 'POST  ')],
    ['two spaces before the version', plain.replace(' HTTP', '  HTTP')],
    ['another version', plain.replace('1.1', '1.0')],
    ['a version with something behind it', plain.replace('1.1', '1.1 ')],
    ['an empty line before it', `\r\n${plain}`],
    ['a line that ends in a line feed alone', plain.replace('localhost\r\n', 'localhost\n')],
    ['a line that ends in a carriage return alone', plain.replace('localhost\r\n', 'localhost\r')],
    ['a carriage return in a value', plain.replace('localhost', 'local\rhost')],
    ['a null in a value', plain.replace('localhost', 'local\0host')],
    ['a value that is no ASCII', `${plain}\r\nX-A: \xe4`],
    ['a folded line', `${plain}\r\nX-A: b\r\n c`],
    ['a blank before a colon', `${plain}\r\nX-A : b`],
    ['a name that is no token', `${plain}\r\nX(A): b`],
    ['a line without a name', `${plain}\r\n: b`],
    ['a line without a colon', `${plain}\r\nX-A`],
    ['no Host', plain.replace('Host', 'Hose')],
    ['two Hosts', `${plain}\r\nhost: localhost`],
    ['no Content-Length', plain.replace('Length', 'Width')],
    ['two Content-Lengths', `${plain}\r\nContent-length: 12`],
    ['a Content-Length with a sign', plain.replace('12', '+12')],
    ['a Content-Length with leading zeros', plain.replace('12', '012')],
    ['a Content-Length that is a list', plain.replace('12', '12, 12')],
    ['a Content-Length that is hexadecimal', plain.replace('12', '0x12')],
    ['an empty Content-Length', plain.replace('12', '')],
    ['a Content-Length beyond exact integers', plain.replace('12', '9007199254740993')],
    ['Transfer-Encoding', `${plain}\r\ntransfer-Encoding: chunked`],
    ['an empty Transfer-Encoding', `${plain}\r\nTransfer-Encoding:`],
    ['Expect', `${plain}\r\nExpect: 100-continue`],
    ['Upgrade', `${plain}\r\nUpgrade: h2c`],
    ['Proxy-Connection', `${plain}\r\nProxy-Connection: close`],
    ['two Connections', `${plain}\r\nConnection: close\r\nConnection: close`],
    ['a Connection that names headers', `${plain}\r\nConnection: keep-alive, X-A`],
    ['a head that is cut off in its first line', 'POST /mcp'],
  ];
  assert.ok(read(plain) !== undefined);
  for (const [what, text] of table) assert.equal(read(text), undefined, what);
  const many = (count: number): string => `${plain}${'\r\nX: y'.repeat(count - 2)}`;
  assert.equal(read(many(10), 10)?.headers.length, 20);
  assert.equal(read(many(11), 10), undefined);
});

test('the first bytes tell what cannot become plain', () => {
  const whole = Buffer.from(plain);
  for (let bytes = 1; bytes <= whole.length; bytes++) assert.ok(mayBePlain(whole.subarray(0, bytes)));
  for (const other of ['G', 'PO ', 'POST h', 'POST  /', '\r', '\x16\x03\x01'])
    assert.ok(!mayBePlain(Buffer.from(other, 'latin1')));
  assert.ok(
    !mayBePlain(Buffer.from('POST /mcp HTTP/1.1\nHost: x\n\n')),
    'node:http knows what to say to bare line feeds',
  );
});
