import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { closest, editDistance } from './closest.ts';

test('each kind of typing mistake counts as one', () => {
  for (const [a, b, distance] of [
    ['port', 'port', 0],
    ['prt', 'port', 1],
    ['poort', 'port', 1],
    ['part', 'port', 1],
    ['opt', 'pot', 1],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
  ] as const)
    assert.equal(editDistance(a, b), distance, `${a} ${b}`);
});

test('the distance is a distance: zero only for equals, the same both ways, never more than the longer word', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      const distance = editDistance(a, b);
      assert.equal(distance === 0, a === b);
      assert.equal(distance, editDistance(b, a));
      assert.ok(distance <= Math.max(a.length, b.length));
    }),
  );
});

test('a near word is suggested, a far one is not', () => {
  const words = ['command', 'args', 'env', 'url', 'headers'];
  assert.equal(closest('comand', words), 'command');
  assert.equal(closest('Command', words), 'command');
  assert.equal(closest('heders', words), 'headers');
  assert.equal(closest('mcp_servers', ['mcpServers']), 'mcpServers');
  assert.equal(closest('colour', words), undefined);
  assert.equal(closest('x', words), undefined);
  assert.equal(closest('x'.repeat(100_000), words), undefined);
});
