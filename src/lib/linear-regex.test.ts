/** What the linear engine answers is what JavaScript answers, only never slowly. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileLinearRegex } from './linear-regex.ts';
import { RegexError } from './parse-regex.ts';

const leaf = fc.constantFrom(
  'a',
  'b',
  '.',
  '[ab]',
  '[^a]',
  '\\d',
  '\\w',
  '[a-c0-9]',
  '\\b',
  '^',
  '$',
  '\\.',
  'é',
  '😀',
  '[\\s-]',
);
const pattern = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => a + b),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(?:${a}|${b})`),
    fc.tuple(tie('node'), fc.constantFrom('*', '+', '?', '{2}', '{1,}', '{0,2}', '*?')).map(([a, q]) => `(${a})${q}`),
  ),
})).node;

test('every pattern decides every text as JavaScript does', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', 'c', '1', '.', '-', ' ', '\n', '_', 'é', '😀'),
    maxLength: 8,
  });
  fc.assert(
    fc.property(pattern, text, (source, input) => {
      assert.equal(compileLinearRegex(source).test(input), new RegExp(source, 'u').test(input));
    }),
    { numRuns: 1_000 },
  );
});

test('flags, names, escapes and code points are understood as RE2 does', () => {
  const matches = (source: string, text: string): boolean => compileLinearRegex(source).test(text);
  assert.ok(matches('(?i)^DROP\\s+table', 'drop  TABLE x'));
  assert.ok(matches('a(?i:B)c', 'abc') && !matches('a(?i:B)c', 'Abc'));
  assert.ok(matches('(?s)a.b', 'a\nb') && !matches('a.b', 'a\nb'));
  assert.ok(matches('(?P<year>\\d{4})', 'in 2026') && matches('\\x41\\x{1F600}', 'A😀'));
  assert.ok(matches('[]a]', ']') && matches('[^]]', 'x') && matches('\\Ax\\z', 'x'));
});

test('what cannot be decided in linear time, or is no pattern, is refused with its place', () => {
  for (const source of [
    '(?=a)',
    '(?<!a)b',
    '(a)\\1',
    'a**',
    '^a{2}{3}$',
    'a*{2}',
    'a{10000}',
    'a{0,20000}',
    '{2}',
    '*a',
    '(a',
    'a)',
    '[a',
    'a{3,1}',
    '\\',
    '\\p{L}',
    '[b-a]',
    '[[:alpha:]]',
  ])
    assert.throws(() => compileLinearRegex(source), RegexError, source);
  assert.throws(() => compileLinearRegex('((a{100}){100}){100}'), /too large/);
  assert.throws(() => compileLinearRegex('(((){300}){300}){300}'), /too large/, 'nothing repeated often is work, too');
  assert.throws(() => compileLinearRegex('ab(?=c)'), { at: 4 });
  assert.ok(compileLinearRegex('^a{x}{,2}$').test('a{x}{,2}'), 'braces that count nothing are themselves');
});

test('patterns that take others for ever are answered', () => {
  for (const source of ['(a+)+$', '^(a|a)*$', '(a*)*b', '(.*a){12}$'])
    assert.equal(compileLinearRegex(source).test(`${'a'.repeat(20_000)}!`), false);
});
