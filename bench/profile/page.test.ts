import assert from 'node:assert/strict';
import { test } from 'node:test';
import { putSection } from './page.ts';

test('a scenario that is new to the page gets a section at its end, with room for what was done', () => {
  const page = putSection('# Profiles\n', 'chat', 'FOUND');
  assert.match(page, /^# Profiles\n\n## chat\n\n<!-- profile:begin chat .*-->\n\nFOUND\n\n<!-- profile:end chat -->\n/);
  assert.match(page, /### What was done: chat\n\nNothing yet\.\n$/);
});

test('a rewrite replaces what was found and keeps what people wrote, and other scenarios', () => {
  const first = putSection(putSection('# Profiles\n', 'chat', 'OLD'), 'chat-stream', 'STREAM');
  const written = first.replace('Nothing yet.', 'It was made faster.');
  const again = putSection(written, 'chat', 'NEW');
  assert.equal(again, written.replace('OLD', 'NEW'));
  assert.ok(again.includes('It was made faster.') && again.includes('STREAM'));
});

test('half a pair of marks is refused', () => {
  const page = putSection('# Profiles\n', 'chat', 'OLD').replace('<!-- profile:end chat -->', '');
  assert.throws(() => putSection(page, 'chat', 'NEW'), /lacks one of the lines/);
});
