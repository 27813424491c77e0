import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../../contracts/errors.ts';
import { encodeResult } from './encode-result.ts';

const OURS = '{"name":"us","version":"1"}';
const STAMP = `"_meta":{"io.modelcontextprotocol/serverInfo":${OURS}}`;

test('a result keeps every byte it came with: number spelling, order, white space, unknown members', () => {
  const text = '{ "content": [ {"type":"x-new","n":12345678901234567890,"f":1.0} ],\n "isError":false , "\\u0061":{} }';
  const expected = text.replace(/ \}$/, ` ,"resultType":"complete",${STAMP}}`);
  assert.equal(encodeResult('tools/call', text, OURS), expected);
});

test("our identity replaces the server's, and only that", () => {
  const text =
    '{"resultType":"complete","_meta":{"a/b":1.0,"io.modelcontextprotocol/serverInfo":{"name":"them"}},"content":[]}';
  assert.equal(
    encodeResult('tools/call', text, OURS),
    `{"resultType":"complete","_meta":{"a/b":1.0,"io.modelcontextprotocol/serverInfo":${OURS}},"content":[]}`,
  );
});

test('lists and reads get cache hints where the server gave none or unusable ones, and keep good ones', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['{}', '{"resultType":"complete","ttlMs":0,"cacheScope":"private",STAMP}'],
    ['{"ttlMs":5,"cacheScope":"public"}', '{"ttlMs":5,"cacheScope":"public","resultType":"complete",STAMP}'],
    ['{"ttlMs":-1,"cacheScope":""}', '{"ttlMs":0,"cacheScope":"private","resultType":"complete",STAMP}'],
    ['{"ttlMs":1.0,"cacheScope":null}', '{"ttlMs":0,"cacheScope":"private","resultType":"complete",STAMP}'],
    ['{"ttlMs":"5","cacheScope":"Public"}', '{"ttlMs":0,"cacheScope":"private","resultType":"complete",STAMP}'],
    ['{"resultType":"input_required"}', '{"resultType":"input_required",STAMP}'],
  ];
  for (const [text, expected] of cases)
    for (const method of ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'resources/read'])
      assert.equal(encodeResult(method, text, OURS), expected.replace('STAMP', STAMP));
  assert.equal(encodeResult('prompts/get', '{}', OURS), `{"resultType":"complete",${STAMP}}`);
});

test('result types of extensions pass; something that is no string never was one', () => {
  assert.match(encodeResult('tools/call', '{"resultType":"task"}', OURS), /^\{"resultType":"task",/);
  assert.match(encodeResult('tools/call', '{"resultType":7}', OURS), /^\{"resultType":"complete",/);
  assert.match(encodeResult('tools/call', '{"_meta":null}', OURS), /^\{"_meta":\{"io.modelcontextprotocol/);
});

test("what is no object, or names a member twice, is the server's failure", () => {
  for (const text of ['[]', 'null', '"{}"', '{"a":1,"a":2}', '{"_meta":{"a":1,"a":2}}'])
    assert.throws(
      () => encodeResult('tools/call', text, OURS),
      (error) => error instanceof GatewayError && error.code === 'upstream_failed',
    );
});

test('whatever a server sends, its own members survive', () => {
  const reserved = new Set(['_meta', 'resultType', 'ttlMs', 'cacheScope', '__proto__']);
  const object = fc.dictionary(
    fc.string().filter((key) => !reserved.has(key)),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(object, fc.constantFrom(undefined, 2), (members, space) => {
      const { _meta, resultType, ...kept } = JSON.parse(
        encodeResult('tools/call', JSON.stringify(members, null, space), OURS),
      );
      assert.deepEqual(kept, JSON.parse(JSON.stringify(members)));
      assert.equal(resultType, 'complete');
    }),
  );
});
