import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createJournal, type Journal, segmentName } from './journal.ts';
import { freshDir } from './testing/fresh-dir.ts';
import { createWriteIntent, type WriteIntent } from './write-intents.ts';

function open(t: TestContext): { journal: Journal; write: WriteIntent; path: string } {
  const dir = freshDir(t);
  const journal = createJournal({ dir, runId: 'r', sync: false, onTrouble() {}, onHealed() {} });
  t.after(() => journal.close().catch(() => {}));
  return { journal, write: createWriteIntent(journal), path: join(dir, segmentName('r', 1)) };
}

/** So many, and so quickly, that some must have come within the time that counts as thick. */
function writeMany(write: WriteIntent): { waits: Promise<void>[]; all: string } {
  const waits: Promise<void>[] = [];
  let all = '';
  for (let i = 0; i < 200; i++) {
    const wait = write(`${i}\n`);
    all += `${i}\n`;
    if (wait !== undefined) waits.push(wait);
  }
  return { waits, all };
}

test('an intent alone has left when the call returns; of many, each has left when its promise resolves', async (t) => {
  const { write, path } = open(t);
  assert.equal(write('alone\n'), undefined);
  assert.equal(readFileSync(path, 'utf8'), 'alone\n');
  const { waits, all } = writeMany(write);
  assert.ok(waits.length > 0);
  await Promise.all(waits);
  assert.equal(readFileSync(path, 'utf8'), `alone\n${all}`);
});

test('those of one turn share a write, in order with everything else', async (t) => {
  const { journal, write, path } = open(t);
  const { waits, all } = writeMany(write);
  assert.equal(new Set(waits).size, 1);
  journal.append('finish\n');
  await waits[0];
  assert.equal(readFileSync(path, 'utf8'), `${all}finish\n`);
});

test('when the shared write fails every one of its calls is told, and intents try on their own until it works again', async (t) => {
  const { journal, path } = open(t);
  let isFull = false;
  const full = (): void => {
    if (isFull) throw new Error('full');
  };
  const write = createWriteIntent({
    append: journal.append,
    isInTrouble: () => isFull,
    writeNow(line) {
      full();
      journal.writeNow(line);
    },
    flush() {
      full();
      journal.flush();
    },
  });
  const { waits } = writeMany(write);
  isFull = true;
  const told = await Promise.allSettled(waits);
  assert.ok(told.length > 0);
  assert.ok(told.every(({ status }) => status === 'rejected'));
  assert.throws(() => write('at once'), /full/);
  isFull = false;
  await write('back\n');
  assert.ok(readFileSync(path, 'utf8').endsWith('back\n'));
});
