import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from './canonical-json.ts';
import { DuplicateMemberError } from './json-text.ts';

/** The same value with the members of every object the other way round, and white space. */
function respell(value: unknown): string {
  if (Array.isArray(value)) return `[ ${value.map(respell).join(' ,\n')} ]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).reverse();
  return `{ ${members.map(([key, each]) => `${JSON.stringify(key)} : ${respell(each)}`).join(' , ')} }`;
}

test('equal values have one text, however they are spelt, and that text has the same value', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      const value: unknown = JSON.parse(text);
      const canonical = canonicalJson(text);
      assert.deepEqual(JSON.parse(canonical), value);
      assert.equal(canonicalJson(respell(value)), canonical);
      assert.equal(canonicalJson(canonical), canonical);
    }),
  );
});

test('different values have different texts, also numbers that JavaScript takes for one', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (a, b) => {
      const [x, y] = [JSON.stringify(a), JSON.stringify(b)];
      if (canonicalJson(x) === canonicalJson(y)) assert.deepEqual(JSON.parse(x), JSON.parse(y));
    }),
  );
  assert.notEqual(canonicalJson('{"id":9007199254740993}'), canonicalJson('{"id":9007199254740992}'));
  assert.equal(canonicalJson('{"\\u0061":"\\u00fc"}'), canonicalJson('{"a":"ü"}'));
});

test('a member that stands twice is refused, at any depth', () => {
  assert.throws(() => canonicalJson('{"a":[{"b":1,"b":2}]}'), DuplicateMemberError);
});
