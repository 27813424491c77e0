import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOut, renderFlame } from './flame.ts';
import type { Frame } from './fold-profile.ts';

function frame(name: string, selfUs: number, children: readonly Frame[] = []): Frame {
  const totalUs = children.reduce((sum, child) => sum + child.totalUs, selfUs);
  return { place: { name, where: 'src/edges/a.ts:1', kind: 'ours: edges' }, selfUs, totalUs, children };
}

const TREE = frame('all', 0, [
  frame('main', 100, [frame('large', 500), frame('middle', 300), ...['a', 'b', 'c'].map((name) => frame(name, 2))]),
  frame('<b> & "c"', 92),
  frame('tiny', 2),
]);

test('boxes lie beside each other, and those within one add up to no more than it', () => {
  const boxes = layOut(TREE, 0.003);
  assert.deepEqual(
    boxes.map(({ label, depth, x, width }) => [label, depth, Math.round(x * 1_000), Math.round(width * 1_000)]),
    [
      ['main', 0, 0, 906],
      ['large', 1, 0, 500],
      ['middle', 1, 500, 300],
      ['3 smaller', 1, 800, 6],
      ['<b> & "c"', 0, 906, 92],
    ],
  );
});

test('a function without a name goes by its file and line', () => {
  const labels = layOut(frame('all', 0, [frame('(anonymous)', 9)]), 0.003).map(({ label }) => label);
  assert.deepEqual(labels, ['a.ts:1']);
});

test('names are escaped', () => {
  const picture = renderFlame(TREE, 'a < b');
  assert.ok(picture.includes('<title>&lt;b&gt; &amp; &quot;c&quot; 9.2 % src/edges/a.ts:1</title>'));
  assert.ok(picture.includes('>a &lt; b</text>'));
  assert.ok(!picture.includes('<b>'));
});

test('a picture of very many frames stays small by leaving out more of them', () => {
  const deep = (levels: number): Frame => frame('name'.repeat(10), 1, levels === 0 ? [] : [deep(levels - 1)]);
  const wide = frame(
    'all',
    0,
    Array.from({ length: 200 }, () => deep(9)),
  );
  const picture = renderFlame(wide, 'wide');
  assert.ok(picture.length > 500 && Buffer.byteLength(picture) <= 120_000, `${picture.length} bytes`);
});
