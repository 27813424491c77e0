import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { mergeShapes, shapeOf } from './learn-shape.ts';
import { renderShape } from './render-shape.ts';

const shape = fc.jsonValue({ maxDepth: 3 }).map((value) => shapeOf(value));

test('shapes merge to the same whatever comes first, and a shape with itself is itself', () => {
  fc.assert(
    fc.property(shape, shape, (a, b) => {
      assert.deepEqual(mergeShapes(a, b), mergeShapes(b, a));
      const both = mergeShapes(a, b);
      assert.deepEqual(mergeShapes(both, both), both);
    }),
  );
});

test('nothing that stood in a result stands in its shape', () => {
  const value = { id: 'SECRET-1', n: 4711, tags: ['SECRET-2'], by: { 'a@b.example': 'SECRET-3', '2026-11-23': 1 } };
  const told = JSON.stringify(shapeOf(value)) + renderShape(shapeOf(value), 'python');
  assert.doesNotMatch(told, /SECRET|4711|example|2026/);
  assert.match(told, /\{by: dict\[str, int\|str\], id: str, n: int, tags: list\[str\]\}/);
});

test('what is sometimes missing is optional, and what was empty says nothing', () => {
  const merged = [
    { a: 1, list: [] },
    { a: 2.5, b: null, list: [{ x: 1 }] },
  ]
    .map((value) => shapeOf(value))
    .reduce(mergeShapes);
  assert.equal(renderShape(merged, 'python'), '{a: float, b?: None, list: list[{x: int}]}');
});
