import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneHeader, readCredential, readNarrowing } from './headers.ts';

test('a key is taken from any of four headers, and the same one may stand twice', () => {
  const table: readonly [readonly string[], { source: string; token: string } | undefined][] = [
    [['Authorization', 'Bearer abc'], { source: 'authorization', token: 'abc' }],
    [['authorization', 'bEARER   abc '], { source: 'authorization', token: 'abc' }],
    [['X-Api-Key', 'abc'], { source: 'x-api-key', token: 'abc' }],
    [['x-goog-api-key', 'abc'], { source: 'x-goog-api-key', token: 'abc' }],
    [['x-portcullis-key', 'abc'], { source: 'x-portcullis-key', token: 'abc' }],
    [['x-api-key', 'abc', 'Authorization', 'Bearer abc'], { source: 'authorization', token: 'abc' }],
    [['Authorization', 'Bearer abc', 'authorization', 'Bearer abc'], { source: 'authorization', token: 'abc' }],
    [['Authorization', 'Basic Zm9v', 'x-api-key', 'abc'], { source: 'x-api-key', token: 'abc' }],
    [['Authorization', 'Basic Zm9v'], undefined],
    [['Authorization', 'Bearerabc'], undefined],
    [[], undefined],
  ];
  for (const [raw, expected] of table) assert.deepEqual(readCredential(raw), expected, raw.join(' '));
});

test('two different keys, or an empty one, are refused by name', () => {
  const table: readonly [readonly string[], RegExp][] = [
    [['Authorization', 'Bearer a', 'x-api-key', 'b'], /authorization and x-api-key hold different keys/],
    [['x-api-key', 'a', 'x-api-key', 'b'], /x-api-key and x-api-key/],
    [['Authorization', 'Bearer a', 'Authorization', 'Bearer b'], /different keys/],
    [['Authorization', 'Bearer '], /authorization is empty/],
    [['x-api-key', ''], /x-api-key is empty/],
    [['x-api-key', '', 'Authorization', 'Bearer a'], /x-api-key is empty/],
  ];
  for (const [raw, message] of table)
    assert.throws(() => readCredential(raw), { code: 'unauthenticated', message }, raw.join(' '));
});

test('narrowing headers are lists of patterns; an empty one narrows to nothing, an absent one not at all', () => {
  const headers = ['X-Portcullis-Servers', ' git*, files ,', 'x-portcullis-tools', ''];
  assert.deepEqual(readNarrowing(headers), { servers: ['git*', 'files'], tools: [] });
  assert.deepEqual(readNarrowing([]), { servers: undefined, tools: undefined });
});

test('so many patterns narrow, and no more', () => {
  const list = (count: number) => ['x-portcullis-tools', Array(count).fill('a*').join(',')];
  assert.equal(readNarrowing(list(128)).tools?.length, 128);
  assert.throws(() => readNarrowing(list(129)), { code: 'invalid_request' });
});

test('a header that stands twice is not silently merged', () => {
  assert.throws(() => oneHeader(['Mcp-Name', 'a', 'mcp-name', 'a'], 'mcp-name'), {
    code: 'invalid_request',
  });
});
