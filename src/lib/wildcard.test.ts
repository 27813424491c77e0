import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchesWildcard } from './wildcard.ts';

/** The slow, obvious definition. */
function obvious(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*') return obvious(pattern.slice(1), text) || (text !== '' && obvious(pattern, text.slice(1)));
  return text !== '' && pattern[0] === text[0] && obvious(pattern.slice(1), text.slice(1));
}

const letters = (min: number, max: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b', '*'), minLength: min, maxLength: max });

test('a wildcard matches exactly what its definition says', () => {
  fc.assert(
    fc.property(letters(0, 7), letters(0, 8), (pattern, text) => {
      assert.equal(matchesWildcard(pattern, text), obvious(pattern, text), `${pattern} ~ ${text}`);
    }),
    { numRuns: 3000 },
  );
});

test('many stars against a long text that does not fit end at once', () => {
  assert.equal(matchesWildcard(`${'a*'.repeat(5000)}b`, 'a'.repeat(100_000)), false);
});
