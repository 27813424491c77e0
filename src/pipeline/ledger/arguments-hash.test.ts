import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { argumentsHash } from './arguments-hash.ts';

test('arguments are recognised however they are spelled', () => {
  const same = [
    '{"a":1,"b":"x","c":[100,0.5]}',
    ' { "c" : [1e2, 5e-1], "b":"\\u0078", "a":1.0 } ',
    '{"b":"x","a":1,"c":[1.00E+2,0.50]}',
  ];
  assert.equal(new Set(same.map(argumentsHash)).size, 1);
  assert.equal(argumentsHash(undefined), argumentsHash('{}'));
  assert.equal(argumentsHash(''), argumentsHash(' {} '));
});

test('other arguments are other ones, to the last digit, and numbers in texts are texts', () => {
  const different = [
    '{"a":1}',
    '{"a":"1"}',
    '{"a":"1.0"}',
    '{"a":10}',
    '{"a":-1}',
    '{"a":9007199254740993}',
    '{"a":9007199254740992}',
    '{"a":1e400}',
    '{"a":null}',
    '{"a":1,"a":1}',
    '{"a":',
  ];
  assert.equal(new Set(different.map(argumentsHash)).size, different.length);
});

test('what an SDK parses and writes again is recognised', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const text = JSON.stringify(value);
      assert.equal(argumentsHash(JSON.stringify(JSON.parse(text))), argumentsHash(text));
    }),
  );
});
