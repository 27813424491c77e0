import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { judgePassword, normalizePassword } from './judge-password.ts';

test('short, common, repeated and counted passwords are refused, and those that are the name', () => {
  for (const password of [
    'elevenchars',
    'password1234',
    'PassWord1234',
    'aaaaaaaaaaaaaaaa',
    'abcabcabcabc',
    '123456789012',
    'qwertyuiopas',
    'administrator',
    'ada.lovelace',
    'Ada.Lovelace123!',
    'x'.repeat(2_000),
    '👍👍👍👍👍👍',
  ])
    assert.notEqual(judgePassword(password, 'ada.lovelace'), undefined, password);
});

test('anything else of twelve characters will do, in whatever script, with spaces', () => {
  for (const password of [
    'correct horse battery staple',
    'zwölf Zeichen',
    'パスワードは長いほうがよい',
    'ada.lovelace likes engines',
    'Tr0ub4dor&3xyz',
  ])
    assert.equal(judgePassword(normalizePassword(password), 'ada.lovelace'), undefined, password);
});

test('random passwords are never refused, and none is so for the way its letters were typed', () => {
  const random = fc.string({
    minLength: 16,
    maxLength: 60,
    unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzäöü0123456789'),
  });
  fc.assert(
    fc.property(random, (password) => {
      fc.pre(new Set(password).size > 8);
      assert.equal(judgePassword(normalizePassword(password), 'ada'), undefined);
      assert.equal(normalizePassword(password.normalize('NFD')), normalizePassword(password));
    }),
  );
});
