import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toolForEra } from './tool-for-era.ts';

test('an output schema that is no object is wrapped for legacy clients, and left alone for modern ones', () => {
  const tool = '{"name":"a","outputSchema": {"type":"array"},"x":1}';
  assert.deepEqual(JSON.parse(toolForEra(tool, 'legacy')).outputSchema, {
    type: 'object',
    properties: { result: { type: 'array' } },
    required: ['result'],
  });
  assert.equal(toolForEra(tool, 'modern'), tool);
});

test('an output schema of an object keeps its text', () => {
  const tool = '{"name":"a","outputSchema": {"type":"object"} }';
  assert.equal(toolForEra(tool, 'legacy'), tool);
});

test('a schema with references is left out rather than wrapped wrongly', () => {
  const tool = '{"name":"a","outputSchema":{"$ref":"#/$defs/x","$defs":{"x":{"type":"array"}}}}';
  assert.equal(toolForEra(tool, 'legacy'), '{"name":"a"}');
});

test('task support is not shown to modern clients, other execution hints are', () => {
  assert.equal(toolForEra('{"name":"a","execution":{"taskSupport":"optional"}}', 'modern'), '{"name":"a"}');
  assert.equal(
    toolForEra('{"name":"a","execution":{"taskSupport":"optional","y":2}}', 'modern'),
    '{"name":"a","execution":{"y":2}}',
  );
  const tool = '{"name":"a","execution":{"taskSupport":"optional"}}';
  assert.equal(toolForEra(tool, 'legacy'), tool);
});
