import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cleanDefinition } from './clean-definition.ts';

const clean = (text: string) => cleanDefinition(text, JSON.parse(text));

test('a clean definition keeps every byte, escapes and number spellings included', () => {
  const text =
    '{ "name":"a", "description":"caf\\u00e9 \\ud83d\\udc69\\u200d\\ud83d\\udcbb \\b\\"x\\"", "x":1.0e0 }'.replace(
      '\\b',
      '',
    );
  assert.deepEqual(clean(text), { type: 'clean', text, removed: [] });
});

test('hidden characters go, literal or escaped, and everything else keeps its bytes', () => {
  const text =
    '{ "name":"a",\n "description":"one\u200btwo\\u200b\\u001b\\n", "big":12345678901234567890, "t":"\\u00e9" }';
  const cleaned = clean(text);
  assert.ok(cleaned.type === 'clean');
  assert.equal(cleaned.text, '{ "name":"a",\n "description":"onetwo\\n", "big":12345678901234567890, "t":"\\u00e9" }');
  assert.deepEqual(cleaned.removed, [0x200b, 0x200b, 0x1b]);
});

test('where a hidden character is part of what a call means, the definition is not usable', () => {
  const schema = (inner: object): string => JSON.stringify({ name: 'a', inputSchema: { type: 'object', ...inner } });
  for (const text of [
    JSON.stringify({ name: 'a\u200b' }),
    schema({ properties: { 'pa\u200bth': {} } }),
    schema({ properties: { path: { enum: ['x', 'y\u2060'] } } }),
    schema({ properties: { path: { const: '\u202ex' } } }),
    schema({ required: ['pa\u200bth'] }),
  ])
    assert.equal(clean(text).type, 'unusable', text);
  assert.equal(clean(schema({ properties: { name: { description: 'a\u200bb' } } })).type, 'clean');
});

test('cleaning changes strings only, and nothing the second time', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' })), (value) => {
      const cleaned = clean(JSON.stringify({ description: value.a ?? '', _meta: { list: Object.values(value) } }));
      assert.ok(cleaned.type === 'clean');
      assert.deepEqual(clean(cleaned.text), { ...cleaned, removed: [] });
    }),
  );
});
