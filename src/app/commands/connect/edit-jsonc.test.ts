import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJsonc } from '../../../lib/jsonc.ts';
import { appendElement, plainValue, setMember } from './edit-jsonc.ts';

test('an entry is added beside others, and comments, order and layout stay', () => {
  const before = `// mine
{
\t"theme": "dark", // at night
\t"mcpServers": {
\t\t"a": { "command": "x" } // first
\t\t/* end */
\t}
}
`;
  assert.equal(
    setMember(before, ['mcpServers', 'gw'], { url: 'u' }),
    `// mine
{
\t"theme": "dark", // at night
\t"mcpServers": {
\t\t"a": { "command": "x" }, // first
\t\t/* end */
\t\t"gw": {
\t\t\t"url": "u"
\t\t}
\t}
}
`,
  );
});

test('missing parents, empty files, empty objects and trailing commas are handled', () => {
  for (const before of [
    '',
    '{}',
    '{ }\n',
    '{\n}\n',
    '{"a":1}',
    '{"a":1,}',
    '{\n  "a": [1,],\n}\n',
    '{"a":1 /* , */}',
  ]) {
    const after = setMember(before, ['mcpServers', 'gw'], { url: 'u' });
    const value = plainValue(parseJsonc(after)) as { mcpServers: unknown };
    assert.deepEqual(value.mcpServers, { gw: { url: 'u' } }, JSON.stringify(before));
    assert.equal(setMember(after, ['mcpServers', 'gw'], { url: 'u' }), after, 'twice is once');
  }
});

test('whatever the JSON, setting a member changes that member and nothing else', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.string(),
      fc.jsonValue(),
      fc.nat(4),
      (object, key, value, indent) => {
        const plain = JSON.parse(JSON.stringify(object));
        const after = setMember(JSON.stringify(plain, undefined, indent), [key], value);
        const expected = { ...plain };
        Object.defineProperty(expected, key, { value, enumerable: true, configurable: true, writable: true });
        assert.deepEqual(plainValue(parseJsonc(after)), JSON.parse(JSON.stringify(expected)));
      },
    ),
  );
});

test('a path through something that is no object is refused', () => {
  assert.throws(() => setMember('{"mcpServers": []}', ['mcpServers', 'gw'], {}), RangeError);
  assert.throws(() => setMember('[]', ['gw'], {}), RangeError);
});

test('an element is appended to an array, which is made if missing', () => {
  assert.deepEqual(plainValue(parseJsonc(appendElement('{"inputs": [1 // one\n]}', 'inputs', 2))), { inputs: [1, 2] });
  assert.deepEqual(plainValue(parseJsonc(appendElement('{}', 'inputs', 2))), { inputs: [2] });
});
