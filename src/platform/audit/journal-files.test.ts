import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { journalBytes } from './journal-files.ts';
import { freshDir } from './testing/fresh-dir.ts';

test('a journal is as large as its segments; one whose folder is gone is measured without harm', (t) => {
  const dir = join(freshDir(t), 'journal');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'a-1.jsonl'), 'x'.repeat(100));
  writeFileSync(join(dir, 'b-1.jsonl'), 'x'.repeat(50));
  writeFileSync(join(dir, 'lock'), 'x'.repeat(7));
  assert.equal(journalBytes(dir), 150);
  rmSync(dir, { recursive: true });
  assert.equal(journalBytes(dir), 0);
});
