import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchConfig } from './watch-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-watch-'));
after(() => rmSync(folder, { recursive: true }));

/** Watches a file, and waits for the next report of a change. */
function watching(t: TestContext, file: string) {
  const events = new EventEmitter();
  const stop = new AbortController();
  // Watching keeps no process alive, so the test has to.
  const alive = setInterval(() => {}, 1_000);
  t.after(() => {
    clearInterval(alive);
    stop.abort();
  });
  let changes = 0;
  watchConfig({
    file,
    intervalMs: 5,
    signal: stop.signal,
    onChange: () => {
      changes++;
      events.emit('change');
    },
  });
  const changed = async (act: () => void): Promise<void> => {
    const next = once(events, 'change', { signal: AbortSignal.timeout(5000) });
    act();
    await next;
  };
  return { changed, count: () => changes, stop: () => stop.abort() };
}

test('an edit is noticed, also one of the same length, and so are a vanished file and its return', async (t) => {
  const file = join(folder, 'edited.json');
  writeFileSync(file, '{"a":1}');
  const watch = watching(t, file);
  await watch.changed(() => writeFileSync(file, '{"a":2}'));
  await watch.changed(() => writeFileSync(file, '{"a":33}'));
  await watch.changed(() => rmSync(file));
  await watch.changed(() => writeFileSync(file, '{"a":33}'));
  assert.equal(watch.count(), 4);
});

test('a file replaced by renaming is noticed', async (t) => {
  const file = join(folder, 'renamed.json');
  writeFileSync(file, 'one');
  const watch = watching(t, file);
  for (const content of ['two', 'three'])
    await watch.changed(() => {
      writeFileSync(`${file}.tmp`, content);
      renameSync(`${file}.tmp`, file);
    });
  assert.equal(watch.count(), 2);
});

test('a swapped symlink, as Kubernetes updates a ConfigMap, is noticed', async (t) => {
  const at = (name: string) => join(folder, name);
  for (const version of ['v1', 'v2']) {
    mkdirSync(at(version));
    writeFileSync(join(at(version), 'portcullis.json'), version);
  }
  symlinkSync('v1', at('..data'));
  symlinkSync(join('..data', 'portcullis.json'), at('portcullis.json'));
  const watch = watching(t, at('portcullis.json'));
  await watch.changed(() => {
    symlinkSync('v2', at('..data_tmp'));
    renameSync(at('..data_tmp'), at('..data'));
  });
  assert.equal(watch.count(), 1);
});

test('a file that is touched or written again with the same content has not changed', async (t) => {
  const file = join(folder, 'same.json');
  writeFileSync(file, 'same');
  const watch = watching(t, file);
  utimesSync(file, 1, 1);
  await sleep(40);
  writeFileSync(file, 'same');
  await sleep(40);
  await watch.changed(() => writeFileSync(file, 'other'));
  assert.equal(watch.count(), 1);
});

test('nothing is reported once the signal has aborted', async (t) => {
  const file = join(folder, 'aborted.json');
  writeFileSync(file, 'one');
  const watch = watching(t, file);
  watch.stop();
  const second = watching(t, file);
  await second.changed(() => writeFileSync(file, 'two'));
  assert.equal(watch.count(), 0);
});
