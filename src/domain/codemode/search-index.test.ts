import assert from 'node:assert/strict';
import test from 'node:test';
import { createSearchView, readEntry } from './search-index.ts';
import { readToolFace } from './tool-face.ts';

test('repeating a word does not help, and the whole name is found first', () => {
  const entry = (method: string, description: string) => ({
    of: method,
    entry: readEntry(readToolFace(JSON.stringify({ name: method, description }), 'desk', method)),
  });
  const view = createSearchView([
    entry('send_mail', 'Send a mail'),
    entry('stuffed', 'mail '.repeat(60)),
    entry('list_users', 'List users'),
  ]);
  assert.equal(view.search('send mail', 3)[0]?.of, 'send_mail');
  assert.equal(view.search('desk.list_users', 3)[0]?.of, 'list_users');
});
