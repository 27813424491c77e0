import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { showExactly } from './show-exactly.ts';

test('what a terminal would hide, move or turn around is seen', () => {
  for (const hidden of [
    '\u001b',
    '\r',
    '\u0000',
    '\u007f',
    '\u009b',
    '\u200b',
    '\u202e',
    '\u2066',
    '\ufeff',
    '\u3164',
  ]) {
    const shown = showExactly(`rm${hidden}x`);
    assert.equal(shown, `rm\\u${hidden.charCodeAt(0).toString(16).padStart(4, '0')}x`);
  }
  assert.equal(showExactly('a\u{e0041}b'), 'a\\udb40\\udc41b', 'tags, which nobody sees');
  assert.equal(showExactly('a\u00a0b\u2028c'), 'a\\u00a0b\\u2028c');
});

test('what can be seen stays as it is', () => {
  for (const text of ['{"path": "a b.txt",\n\t"n": 1.0}', 'Grüße, 漢字, مرحبا, 😀'])
    assert.equal(showExactly(text), text);
});

test('JSON shown so is JSON of the same value', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(JSON.parse(showExactly(JSON.stringify(text))), text);
    }),
  );
});
