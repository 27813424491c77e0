import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Options, readOptions } from './options.ts';

function read(...args: string[]): Options {
  const options = readOptions(args, '/here');
  assert.ok(options !== 'help');
  return options;
}

test('the soak is given in minutes, and is short in the guard unless said', () => {
  assert.equal(read().soakSeconds, 120);
  assert.equal(read('--soak', '60').soakSeconds, 3_600);
  assert.equal(read('--guard').soakSeconds, 6);
  assert.equal(read('--guard', '--soak', '1').soakSeconds, 60);
  for (const senseless of ['0', '-1', 'x']) assert.throws(() => read('--soak', senseless), /--soak/);
});

test('the guard is of the short form, and what is measured is the bundle unless said', () => {
  assert.deepEqual([read('--guard').isShort, read('--guard').isGuard, read('--short').isGuard], [true, true, false]);
  assert.deepEqual([read().isBuilt, read('--sources').isBuilt], [true, false]);
});

test('an unknown option is refused', () => {
  assert.throws(() => read('--fast'), /fast/);
});
