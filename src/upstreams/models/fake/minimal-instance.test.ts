import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minimalInstance } from './minimal-instance.ts';

test('only what is required stands in it, each as small as its schema lets it be', () => {
  const schema = {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 2 },
      age: { type: 'integer', minimum: 18 },
      above: { type: 'number', exclusiveMinimum: 3 },
      tags: { type: 'array', items: { type: 'boolean' }, minItems: 2 },
      kind: { enum: ['a', 'b'] },
      fixed: { const: 7 },
      nullable: { type: ['string', 'null'] },
      free: { type: 'string' },
    },
    required: ['name', 'age', 'above', 'tags', 'kind', 'fixed', 'nullable'],
  };
  const expected = { name: 'xx', age: 18, above: 4, tags: [false, false], kind: 'a', fixed: 7, nullable: '' };
  assert.deepEqual(minimalInstance(schema), expected);
});

test('references and choices are followed, and one that never ends is cut off', () => {
  const schema = {
    $defs: { point: { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] } },
    type: 'object',
    properties: { at: { $ref: '#/$defs/point' }, or: { anyOf: [{ type: 'integer' }, { type: 'string' }] } },
    required: ['at', 'or'],
  };
  assert.deepEqual(minimalInstance(schema), { at: { x: 0 }, or: 0 });
  const both = {
    allOf: [{ $ref: '#/$defs/point' }, { type: 'object', properties: { y: { const: 1 } }, required: ['y'] }],
  };
  assert.deepEqual(minimalInstance({ ...both, $defs: schema.$defs }), { x: 0, y: 1 });
  assert.doesNotThrow(() => JSON.stringify(minimalInstance({ properties: { a: { $ref: '#' } }, required: ['a'] })));
  assert.equal(minimalInstance({ $ref: '#/nowhere' }), null);
});
