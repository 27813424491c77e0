import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readyJson, writeJson } from './write-json.ts';

test('a value without ready parts is written as JSON.stringify writes it', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => assert.equal(writeJson(value), JSON.stringify(value))));
  assert.equal(writeJson({ a: undefined, b: [undefined, null] }), '{"b":[null,null]}');
});

test('a ready part keeps its spelling, wherever it stands', () => {
  const big = '{"n": 12345678901234567890, "f": 1.0}';
  assert.equal(writeJson({ a: [readyJson(big)], b: readyJson('1e2') }), `{"a":[${big}],"b":1e2}`);
});
