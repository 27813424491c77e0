import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createJournal, type Journal, type JournalOptions, segmentName } from './journal.ts';
import { freshDir } from './testing/fresh-dir.ts';

function open(
  t: TestContext,
  options: Partial<JournalOptions> = {},
): { journal: Journal; dir: string; events: string[] } {
  const dir = freshDir(t);
  const events: string[] = [];
  const journal = createJournal({
    dir,
    runId: 'r',
    sync: false,
    onTrouble: (error) => events.push(`trouble ${(error as NodeJS.ErrnoException).code}`),
    onHealed: (lostLines) => events.push(`healed ${lostLines}`),
    ...options,
  });
  t.after(() => journal.close().catch(() => {}));
  return { journal, dir, events };
}

function contents(dir: string): string {
  return readdirSync(dir)
    .sort()
    .map((name) => readFileSync(join(dir, name), 'utf8'))
    .join('');
}

test('a line written now is in the file when the call returns, behind all that was held back', (t) => {
  const { journal, dir } = open(t);
  journal.append('a\n');
  journal.append('b\n');
  assert.equal(contents(dir), '');
  journal.writeNow('c\n');
  assert.equal(contents(dir), 'a\nb\nc\n');
});

test('a full buffer is written at once and not dropped', (t) => {
  const { journal, dir } = open(t, { maxHeldLines: 3 });
  for (const line of ['1\n', '2\n', '3\n', '4\n']) journal.append(line);
  assert.equal(contents(dir), '1\n2\n3\n');
  journal.flush();
  assert.equal(contents(dir), '1\n2\n3\n4\n');
});

test('a file that has its size is followed by the next, and long lines stay whole', (t) => {
  const { journal, dir } = open(t, { segmentBytes: 10 });
  const long = `${'ü'.repeat(100_000)}\n`;
  for (const line of ['12345\n', '67890\n', 'x\n', long]) journal.writeNow(line);
  assert.deepEqual(
    readdirSync(dir)
      .sort()
      .map((name) => readFileSync(join(dir, name), 'utf8').length),
    [12, 100_003],
  );
  assert.equal(contents(dir), `12345\n67890\nx\n${long}`);
});

test('a full disk is told to whoever writes now; what was held is kept and written once there is room', (t) => {
  const { journal, dir, events } = open(t);
  const path = join(dir, segmentName('r', 1));
  symlinkSync('/dev/full', path);
  journal.append('held\n');
  assert.throws(() => journal.writeNow('refused\n'), { code: 'ENOSPC' });
  journal.append('held too\n');
  assert.throws(() => journal.flush(), { code: 'ENOSPC' });
  rmSync(path);
  journal.writeNow('accepted\n');
  assert.equal(contents(dir), 'held\nheld too\naccepted\n');
  assert.deepEqual(events, ['trouble ENOSPC', 'healed 0']);
  assert.equal(readdirSync(dir).length, 1, 'failed attempts leave no files');
});

test('a disk that stays full costs bounded memory, and the lines lost are counted', (t) => {
  const { journal, dir, events } = open(t, { maxStuckChars: 100, maxHeldLines: 1 });
  const path = join(dir, segmentName('r', 1));
  symlinkSync('/dev/full', path);
  for (let i = 0; i < 30; i++) journal.append('123456789\n');
  rmSync(path);
  journal.flush();
  assert.equal(contents(dir), '123456789\n'.repeat(10));
  assert.deepEqual(events, ['trouble ENOSPC', 'healed 20']);
});

test('waiting for the disk covers every line written before, and many may wait at once', async (t) => {
  const { journal, dir } = open(t, { sync: true, segmentBytes: 50 });
  const waits: Promise<void>[] = [];
  for (let i = 0; i < 100; i++) {
    journal.writeNow(`line ${i}\n`);
    waits.push(journal.sync());
  }
  await Promise.all(waits);
  assert.equal(contents(dir).split('\n').length, 101);
  await journal.close();
  assert.ok(existsSync(join(dir, segmentName('r', 2))));
});
