import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalValue } from '../../lib/canonical-json.ts';
import { isObject } from '../../lib/is-object.ts';
import { hashDefinition } from './hash-definition.ts';

/** JSON as JSON.parse gives it: -0 has no spelling of its own in JSON.stringify. */
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (!isObject(value)) return value;
  const turned = Object.entries(value).reverse();
  return Object.fromEntries(turned.map(([key, each]) => [key, shuffled(each)]));
}

test('the hash is that of the content, whatever the order of members', () => {
  fc.assert(
    fc.property(json, (value) => {
      assert.equal(hashDefinition('tool', shuffled(value)), hashDefinition('tool', value));
      assert.deepEqual(JSON.parse(canonicalValue(value)), value);
    }),
  );
});

test('two values have one hash only if they are equal: nothing in a definition can change unnoticed', () => {
  fc.assert(
    fc.property(json, json, (a, b) => {
      assert.equal(hashDefinition('tool', a) === hashDefinition('tool', b), isEqual(a, b));
    }),
  );
  const tool = {
    name: 'a',
    title: 'A',
    description: 'b',
    inputSchema: { type: 'object', required: ['x', 'y'] },
    outputSchema: { type: 'object' },
    annotations: { readOnlyHint: true },
    _meta: { ui: 'z' },
    icons: [{ src: 'https://a' }],
    unheardOf: [1],
  };
  for (const key of Object.keys(tool))
    for (const other of [undefined, 'else', [], null])
      assert.notEqual(hashDefinition('tool', { ...tool, [key]: other }), hashDefinition('tool', tool), key);
  assert.notEqual(hashDefinition('tool', tool), hashDefinition('prompt', tool));
  const turned = { ...tool, inputSchema: { type: 'object', required: ['y', 'x'] } };
  assert.notEqual(hashDefinition('tool', turned), hashDefinition('tool', tool), 'order in a list is content');
});

function isEqual(a: unknown, b: unknown): boolean {
  try {
    assert.deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
}
