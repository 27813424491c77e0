import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  countKeys,
  countMembers,
  DuplicateMemberError,
  elementTexts,
  findDuplicate,
  measureDepth,
  memberText,
  onOneLine,
  scanMembers,
  scanPath,
  withMembers,
} from './json-text.ts';

const jsonObject = fc.dictionary(fc.string(), fc.jsonValue()).map((o) => ({ ...o }));
const spacing = fc.constantFrom(undefined, 1, '\t');

test('members are read exactly as JSON.parse reads them, whatever the spacing', () => {
  fc.assert(
    fc.property(jsonObject, spacing, (object, space) => {
      const text = JSON.stringify(object, null, space);
      const parsed = JSON.parse(text);
      const read = Object.fromEntries(
        scanMembers(text).map((m) => [m.key, JSON.parse(text.slice(m.valueStart, m.valueEnd))]),
      );
      assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(parsed)));
    }),
  );
});

test('elements are read exactly as JSON.parse reads them', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), spacing, (array, space) => {
      const text = JSON.stringify(array, null, space);
      assert.deepEqual(
        elementTexts(text).map((e) => JSON.parse(e)),
        JSON.parse(text),
      );
    }),
  );
});

test('changing one member leaves every other byte alone', () => {
  const text = '{ "big": 12345678901234567890, "one": 1.0, "name" : "a", "x": {"\\u0061": [1e3 ]} }';
  assert.equal(
    withMembers(text, { name: '"b"' }),
    '{"big": 12345678901234567890,"one": 1.0,"name" : "b","x": {"\\u0061": [1e3 ]}}',
  );
  assert.equal(withMembers('{}', { a: '1' }), '{"a":1}');
  assert.equal(withMembers('{"a":1,"b":2}', { a: undefined }), '{"b":2}');
});

test('setting a member is what assigning it to the parsed object is', () => {
  fc.assert(
    fc.property(jsonObject, fc.string(), fc.jsonValue(), (object, key, value) => {
      const changed = JSON.parse(withMembers(JSON.stringify(object), { [key]: JSON.stringify(value) }));
      const expected = new Map(Object.entries(object));
      expected.set(key, JSON.parse(JSON.stringify(value)));
      assert.deepEqual(
        new Map(Object.entries(changed)),
        new Map(Object.entries(JSON.parse(JSON.stringify(Object.fromEntries(expected))))),
      );
    }),
  );
});

test('a member that stands twice is refused, also when one spelling is escaped', () => {
  assert.throws(() => scanMembers('{"name":1,"name":2}'), DuplicateMemberError);
  assert.throws(() => scanMembers('{"name":1,"n\\u0061me":2}'), DuplicateMemberError);
});

test('a key written with escapes is found under its real name', () => {
  assert.equal(memberText('{"n\\u0061me":"x"}', 'name'), '"x"');
});

test('depth counts nesting outside of strings and survives garbage', () => {
  assert.equal(measureDepth('{"a":[{"b":"[[[["}]}', 100), 3);
  assert.equal(measureDepth('['.repeat(1e6), 64), 65);
  fc.assert(fc.property(fc.string(), (s) => measureDepth(s, 64) >= 0));
});

test('one line stays the same JSON', () => {
  fc.assert(
    fc.property(jsonObject, (object) => {
      const line = onOneLine(JSON.stringify(object, null, 2));
      assert.ok(!/[\r\n]/.test(line));
      assert.deepEqual(JSON.parse(line), JSON.parse(JSON.stringify(object)));
    }),
  );
});

test('members along a path are those a scan of each object finds, counted from the first of the path', () => {
  const inner = fc.oneof(jsonObject, fc.jsonValue());
  fc.assert(
    fc.property(jsonObject, jsonObject, inner, spacing, (outer, middle, last, space) => {
      const text = JSON.stringify({ ...outer, a: { ...middle, b: last } }, null, space);
      const [first = [], second = [], third] = scanPath(text, ['a', 'b']);
      assert.deepEqual(first, scanMembers(text));
      const a = memberText(text, 'a') ?? '';
      assert.deepEqual(second, scanMembers(a));
      const b = second.find(({ key }) => key === 'b')?.valueStart ?? 0;
      const isObject = a.charAt(b) === '{';
      assert.deepEqual(third, isObject ? scanMembers(a, b) : undefined);
    }),
  );
  assert.deepEqual(scanPath('[1]', ['a']), []);
});

test('members are counted as they stand and as they are read, at any depth', () => {
  assert.equal(countMembers('{"a":{"b":1,"b":"x:y"},"c":[{"d":null}]}', 9), 5);
  assert.equal(countKeys(JSON.parse('{"a":{"b":1,"b":"x:y"},"c":[{"d":null}],"__proto__":{"e":1}}')), 6);
  assert.equal(countMembers('{"a":[[1]]}', 2), -1);
  fc.assert(fc.property(fc.string(), (text) => countMembers(text, 64) >= -1));
});

test('a member that stands twice is found wherever it is, and named as it is meant', () => {
  assert.deepEqual(findDuplicate('{"a":1,"b":[0,{"c":{"d":1,"\\u0064":2}}]}'), { path: 'b[1].c', key: 'd' });
  assert.deepEqual(findDuplicate('{"__proto__":1,"x":"a","__proto__":2}'), { path: '', key: '__proto__' });
  assert.equal(findDuplicate('{"a":"a","b":{"a":["a","a"]},"c":[{"a":1},{"a":1}]}'), undefined);
  const key = fc.constantFrom('"a"', '"b"', '"\\u0061"', '"a:"', '"\\""');
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      fc.constantFrom('1', '"a"', '"b:{"', 'null'),
      fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(' , ')}]`),
      fc
        .array(fc.tuple(key, tie('value')), { maxLength: 3 })
        .map((all) => `{${all.map((each) => each.join(' :')).join()}}`),
    ),
  }));
  fc.assert(
    fc.property(value, (text) => {
      const hasOne = countMembers(text, 64) !== countKeys(JSON.parse(text));
      assert.equal(findDuplicate(text) !== undefined, hasOne);
    }),
    { numRuns: 2_000 },
  );
});
