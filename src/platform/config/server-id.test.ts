import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { serverIdOf } from './server-id.ts';

test('plain names keep their spelling, others get the nearest plain one', () => {
  for (const [name, id] of [
    ['github', 'github'],
    ['GitHub_2', 'GitHub_2'],
    ['my server', 'my-server'],
    ['io.github.user/files', 'io-github-user-files'],
    ['a__b', 'a_b'],
    ['_x_', 'x'],
    ['(beta) mail!', 'beta-mail'],
    ['Müller', 'Muller'],
    ['7-zip', 's-7-zip'],
    ['_1password', 's-1password'],
  ] as const)
    assert.equal(serverIdOf(name), id);
});

test('a name that loses letters or has to be cut is told apart by a hash', () => {
  assert.match(serverIdOf('天気'), /^server-[0-9a-f]{6}$/);
  assert.notEqual(serverIdOf('天気'), serverIdOf('時計'));
  assert.match(serverIdOf('Straße'), /^Stra-e-[0-9a-f]{6}$/);
  const long = serverIdOf(`${'a'.repeat(40)}1`);
  assert.equal(long.length, 32);
  assert.notEqual(long, serverIdOf(`${'a'.repeat(40)}2`));
});

test('every name gives an id that fits into tool names, and an id is its own id', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ maxLength: 60 })), (name) => {
      const id = serverIdOf(name);
      assert.match(id, /^[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?$/);
      assert.ok(id.length <= 32 && !id.includes('__'));
      assert.equal(serverIdOf(id), id);
    }),
  );
});
