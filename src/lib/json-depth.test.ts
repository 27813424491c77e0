import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nestsDeeper } from './json-depth.ts';

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

test('the depth of any JSON is its levels of objects and lists, whatever its texts hold', () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('', '{[', ']}', '"[', '\\', 1, null, true),
      fc.string(),
      fc.array(tie('value')),
      fc.dictionary(fc.oneof(fc.string(), fc.constant('[{"')), tie('value')),
    ),
  }));
  fc.assert(
    fc.property(value, fc.nat(6), fc.constantFrom(undefined, 2), (json, levels, indent) => {
      assert.equal(nestsDeeper(JSON.stringify(json, null, indent), levels), depthOf(json) > levels);
    }),
  );
});

test('a text that never ends, or nests more than any stack holds, is looked at without harm', () => {
  assert.equal(nestsDeeper('{"a', 1), false);
  assert.equal(nestsDeeper('"\\', 0), false);
  assert.equal(nestsDeeper('[{"zz":'.repeat(1_000_000), 1_999_999), true);
});
