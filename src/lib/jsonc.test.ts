import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsoncError, type JsoncNode, parseJsonc, positionAt } from './jsonc.ts';

function toValue(node: JsoncNode): unknown {
  if (node.type === 'scalar') return node.value;
  if (node.type === 'array') return node.elements.map(toValue);
  return Object.fromEntries(node.members.map((member) => [member.key, toValue(member.value)]));
}

test('whatever JSON.parse accepts is read to the same value', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(undefined, 1, '\t'), (text, indent) => {
      const expected: unknown = JSON.parse(text);
      assert.deepEqual(toValue(parseJsonc(JSON.stringify(expected, null, indent))), expected);
    }),
  );
});

test('whatever JSON.parse refuses is refused too, unless it is a comment, a trailing comma or a byte order mark', () => {
  const alphabet = fc.constantFrom(...'{}[]",:\\ \n01.-+eEtrufalsn\u0001\''.split(''));
  fc.assert(
    fc.property(fc.string({ unit: alphabet, maxLength: 12 }), (text) => {
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        if (/,\s*[\]}]/.test(text)) return;
        assert.throws(() => parseJsonc(text), JsoncError);
        return;
      }
      assert.deepEqual(toValue(parseJsonc(text)), expected);
    }),
    { numRuns: 3000 },
  );
});

test('comments, trailing commas and a byte order mark are skipped, but not inside strings', () => {
  const text = '\uFEFF// a\r\n{ /* b " */ "u": "http://x/*y*/", "l": [1, 2, /* c */ ], }\n// the end';
  assert.deepEqual(toValue(parseJsonc(text)), { u: 'http://x/*y*/', l: [1, 2] });
});

test('names and values remember where they stand', () => {
  const text = '{\n  // x\n  "a": [1,\r\n    "b"]\r}';
  const root = parseJsonc(text);
  assert.ok(root.type === 'object');
  const member = root.members[0];
  assert.ok(member?.value.type === 'array');
  assert.deepEqual(positionAt(text, member.keyStart), { line: 3, column: 3 });
  assert.deepEqual(positionAt(text, member.value.elements[1]?.start ?? 0), { line: 4, column: 5 });
  assert.deepEqual(positionAt(text, text.length - 1), { line: 5, column: 1 });
});

test('a mistake is named where it is, with what to write instead', () => {
  const cases: [text: string, line: number, column: number, message: string, remedy: string | undefined][] = [
    ['{"a": 1', 1, 8, 'the text ends where a comma or } should be', undefined],
    ['{"a": "b}', 1, 7, 'this string has no closing quote on its line', 'end it with "; write a line break as \\n'],
    ["{'a': 1}", 1, 2, 'single quotes are not JSON', 'use double quotes'],
    ['{command: 1}', 1, 2, 'expected a name in double quotes, found a word without quotes', 'put it in double quotes'],
    ['{"a": hunter2pass}', 1, 7, 'expected a value, found a word without quotes', 'put it in double quotes'],
    ['{"a": 1\n "b": 2}', 2, 2, 'a comma is missing before this', 'put a comma at the end of the item before'],
    ['{"a" 1}', 1, 6, 'expected a colon, found "1"', 'put it in double quotes'],
    ['{"p": "C:\\Users"}', 1, 10, 'a lone backslash in a string', 'write it twice: \\\\'],
    ['{"a": 01}', 1, 7, 'this is not a JSON number', 'put it in double quotes if it is text'],
    ['[1] 2', 1, 5, 'expected the end of the text, found "2"', 'put it in double quotes'],
    ['[1 /* x', 1, 4, 'this comment is never closed', 'end it with */'],
    ['[[[[1]]]]', 1, 4, 'nested more than 3 levels deep', undefined],
    ['[,]', 1, 2, 'expected a value, found ","', undefined],
  ];
  for (const [text, line, column, message, remedy] of cases) {
    assert.throws(
      () => parseJsonc(text, 3),
      (error: unknown) => {
        assert.ok(error instanceof JsoncError);
        assert.deepEqual(
          [text, positionAt(text, error.at), error.message, error.remedy],
          [text, { line, column }, message, remedy],
        );
        return true;
      },
    );
  }
});
