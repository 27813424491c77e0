import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandomIds } from './random-ids.ts';

test('ids have their shape, never repeat, and those of version 7 sort by time', () => {
  const ids = createRandomIds();
  const made = Array.from({ length: 2_000 }, (_, i) => ids.uuid7(1_790_000_000_000 + i));
  for (const id of made) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(new Set(made.map((id) => id.slice(14))).size, made.length);
  assert.deepEqual([...made].sort(), made);
  const hex = Array.from({ length: 2_000 }, () => ids.hex(16));
  for (const digits of hex) assert.match(digits, /^[0-9a-f]{16}$/);
  assert.equal(new Set(hex).size, hex.length);
});
