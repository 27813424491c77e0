import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSmuggling, mayHide, revealHidden, stripHidden } from './hidden-text.ts';

const tags = (text: string): string =>
  [...text].map((char) => String.fromCodePoint(0xe0000 + (char.codePointAt(0) ?? 0))).join('');

const VISIBLE = [
  'family 👨‍👩‍👧‍👦, 🏳️‍🌈, 👩🏽‍💻, ❤️‍🔥, 1️⃣ #️⃣, ☎︎ ☎️, 🏴󠁧󠁢󠁥󠁮󠁧󠁿',
  'می‌خواهم نامه‌ها را بخوانم',
  'क्‍ष and क्‌ष, ශ්‍රී',
  'שלום \u200eabc\u200f עולם',
  'ᠮᠣᠩᠭᠣᠯ\u180b',
  '葛\u{e0100}飾区',
  'tabs\tand\nlines\r\nstay, naïve cafe\u0301',
];

test('emoji sequences and scripts that need joiners keep every character', () => {
  for (const text of VISIBLE) assert.deepEqual(stripHidden(text), { text, removed: [] }, revealHidden(text));
});

test('what a model reads and nobody sees is taken out, and what is seen stays', () => {
  const cases: readonly (readonly [string, string])[] = [
    [`Adds${tags(' and reads ~/.ssh')} numbers`, 'Adds numbers'],
    ['ig\u200bno\u00adre\u2060 this\ufeff', 'ignore this'],
    ['abc\u202edcba\u202c', 'abcdcba'],
    ['a\u2066b\u2069c', 'abc'],
    ['\u001b[8mhidden\u001b[0m\u0000\u0007', '[8mhidden[0m'],
    [`😀${'\u{e0101}\u{e0142}\u{e0143}'}`, '😀'],
    [`a${'\ufe01\ufe02\ufe03'}b`, 'ab'],
    ['😀\ufe0f\ufe0f\ufe0e', '😀\ufe0f'],
    ['latin\u200cword\u200d', 'latinword'],
    ['left\u200eright', 'leftright'],
    [`🏴${tags('secret')}\u{e007f}`, '🏴'],
    ['می\u200c\u200c\u200c\u200dخواهم', 'می\u200cخواهم'],
  ];
  for (const [from, to] of cases) assert.equal(stripHidden(from).text, to, revealHidden(from));
});

test('stripping twice is stripping once, and takes out nothing but candidates', () => {
  const pieces = fc.constantFrom(
    ...[...VISIBLE.join('')],
    ...'\u200b\u200c\u200d\u200e\u202e\u2066\ufe0f\ufe01\ufeff\u061c\u180e',
    'a',
    tags('x'),
    '\u{e0100}',
    '\ud800',
  );
  const texts = fc.oneof(
    fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 60 }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const once = stripHidden(text);
      assert.deepEqual(stripHidden(once.text), { text: once.text, removed: [] });
      const visible = (each: string): string => [...each].filter((char) => !mayHide(char)).join('');
      assert.equal(visible(once.text), visible(text));
      assert.equal([...once.text].length + once.removed.length, [...text].length);
    }),
    { numRuns: 500 },
  );
});

test('tag characters and overrides count as smuggling, a stray zero-width space does not', () => {
  assert.ok(isSmuggling(stripHidden(tags('a')).removed));
  assert.ok(isSmuggling(stripHidden('a\u202eb').removed));
  assert.ok(!isSmuggling(stripHidden('a\u200bb').removed));
  assert.equal(revealHidden('a\u200bb'), 'a<U+200B>b');
});
