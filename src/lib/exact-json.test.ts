/** The exact reading agrees with JSON.parse wherever that one is exact. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AmbiguousJsonError, type ExactJson, readExactJson } from './exact-json.ts';

function plain(value: ExactJson): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, each]) => [name, plain(each)]));
  return value;
}

test('every document reads as JSON.parse reads it, however it is spaced', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 1, 2), (value, space) => {
      const text = JSON.stringify(value, null, space);
      assert.deepEqual(plain(readExactJson(text).value), JSON.parse(text));
    }),
  );
});

test('whole numbers keep every digit, others are doubles', () => {
  assert.equal(readExactJson('9007199254740993').value, 9007199254740993n);
  assert.equal(readExactJson('-9223372036854775808').value, -(2n ** 63n));
  assert.equal(readExactJson('9223372036854775808').value, 2 ** 63);
  assert.equal(readExactJson('1e3').value, 1000);
  assert.equal(readExactJson('5.0').value, 5);
});

test('a name that stands twice is refused at every depth, however it is escaped', () => {
  for (const text of ['{"a":1,"a":2}', '[{"b":{"a":1,"\\u0061":1}}]', '{"__proto__":1,"__proto__":2}'])
    assert.throws(() => readExactJson(text), AmbiguousJsonError, text);
  const value = readExactJson('{"__proto__":{"x":1}}').value;
  assert.ok(value instanceof Map && value.has('__proto__'));
});

test('values and names are counted, and the longest text is known', () => {
  const { count, longestChars } = readExactJson('{"a":["xyz",1],"bb":null}');
  assert.deepEqual({ count, longestChars }, { count: 7, longestChars: 3 });
});
