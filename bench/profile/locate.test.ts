import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLocate, type Source } from './locate.ts';

const BUNDLE = 'file:///repo/dist/portcullis.js';
const SOURCES: readonly Source[] = [
  { file: 'src/edges/http/read-head.ts', line: 61, text: 'export function readHead(bytes: Buffer) {' },
  { file: 'node_modules/undici/lib/core/request.js', line: 9, text: 'function sha256(' },
  { file: 'node_modules/@lezer/python/dist/index.js', line: 0, text: 'function sha256(' },
];
const locate = createLocate(BUNDLE, (line) => SOURCES[line]);
const at = (functionName: string, url: string, lineNumber = 0) =>
  locate({ functionName, url, lineNumber, columnNumber: 0 });

test('a function of the bundle is named after its source, in its room, lines from 1', () => {
  const place = { name: 'readHead', where: 'src/edges/http/read-head.ts:62', kind: 'ours: edges' };
  assert.deepEqual(at('readHead3', BUNDLE), place);
});

test('a name that bundling did not make stays', () => {
  assert.equal(at('readHeadOf', BUNDLE).name, 'readHeadOf');
  assert.equal(at('sha256', BUNDLE, 1).name, 'sha256');
  assert.equal(at('', BUNDLE).name, '(anonymous)');
});

test('undici is told from other packages, scoped ones keep their whole name', () => {
  assert.deepEqual(at('f', BUNDLE, 1), { name: 'f', where: 'undici/lib/core/request.js:10', kind: 'undici' });
  const python = { name: 'f', where: '@lezer/python/dist/index.js:1', kind: 'other packages' };
  assert.deepEqual(at('f', BUNDLE, 2), python);
});

test('a position of the bundle that comes from nowhere, and a file beside it, are neither ours nor a package', () => {
  assert.deepEqual(at('f', BUNDLE, 3), { name: 'f', where: '/repo/dist/portcullis.js:4', kind: 'other' });
});

test("Node's network is told from the rest of Node", () => {
  const network = [
    'node:net',
    'node:_http_server',
    'node:internal/stream_base_commons',
    'node:internal/streams/writable',
  ];
  for (const url of network) assert.equal(at('f', url).kind, 'node: http, net, streams, timers', url);
  for (const url of ['node:buffer', 'node:internal/process/task_queues', 'node:network'])
    assert.equal(at('f', url).kind, 'node: the rest', url);
  assert.equal(at('f', 'node:net', 4).where, 'node:net:5');
});

test('what the engine names itself is collecting garbage or native', () => {
  assert.equal(at('(garbage collector)', '').kind, 'garbage collector');
  assert.equal(at('(program)', '').kind, 'native');
  assert.equal(at('writev', '').kind, 'native');
});
