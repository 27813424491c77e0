import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../contracts/log.ts';
import type { Trail } from '../../contracts/trail.ts';
import { openTrail, type TrailOptions } from './open-trail.ts';
import { openTrailReader, type TrailReader } from './open-trail-reader.ts';
import { freshDir, keepLog } from './testing/fresh-dir.ts';
import { makeFinish, makeIntent } from './testing/make-call.ts';
import type { SeqRow } from './trail-row.ts';

async function open(t: TestContext, dataDir: string, options: Partial<TrailOptions> = {}): Promise<Trail> {
  const trail = await openTrail({
    dataDir,
    sync: false,
    maxAgeDays: 10_000,
    maxSizeMb: 1_000,
    log: keepLog().log,
    ...options,
  });
  t.after(() => trail[Symbol.asyncDispose]());
  return trail;
}

function read(t: TestContext, dataDir: string): TrailReader {
  const reader = openTrailReader(dataDir);
  t.after(() => reader.close());
  return reader;
}

function results(rows: Iterable<SeqRow>): [string, string | undefined][] {
  return [...rows].map((row) => [row.id, row.result]);
}

for (const sync of [false, true])
  test(`a call is running after its intent, over after its finish, and keeps every field (sync ${sync})`, async (t) => {
    const dataDir = freshDir(t);
    const trail = await open(t, dataDir, { sync });
    const intent = makeIntent('a', { parentId: 'p', client: '{"name":"x"}', arguments: '{"n": 1.0,\t"s":"ü"}' });
    await trail.intend(intent);
    trail.record(
      makeIntent('b', { kind: 'tools.list' }),
      makeFinish('b', { result: 'refused', error: 'unauthenticated' }),
    );
    await trail.flush();
    const reader = read(t, dataDir);
    assert.deepEqual(results(reader.query({})), [
      ['a', undefined],
      ['b', 'refused'],
    ]);
    const finish = makeFinish('a', { result: 'tool-error', cached: true, priceMicroUsd: 1_500 });
    trail.finish(finish);
    await trail.flush();
    const [row] = reader.query({});
    assert.deepEqual(row, { ...intent, ...finish, seq: 3 });
  });

test('calls in flight when the gateway closes are unknown, and the journal is empty then', async (t) => {
  const dataDir = freshDir(t);
  const trail = await open(t, dataDir);
  trail.intend(makeIntent('a'));
  trail.intend(makeIntent('b'));
  trail.finish(makeFinish('b'));
  await trail[Symbol.asyncDispose]();
  assert.deepEqual(results(read(t, dataDir).query({})), [
    ['a', 'unknown'],
    ['b', 'ok'],
  ]);
  assert.deepEqual(readdirSync(join(dataDir, 'journal')), []);
  assert.throws(() => trail.intend(makeIntent('c')), { code: 'audit_unavailable' });
  trail.finish(makeFinish('a'));
});

test('while the journal cannot be written intents are refused, finishes wait, and it heals by itself', async (t) => {
  const dataDir = freshDir(t);
  const { log, lines } = keepLog();
  // A file per line, so that each write needs the directory.
  const trail = await open(t, dataDir, { segmentBytes: 1, log });
  trail.intend(makeIntent('a'));
  await trail.flush();
  const journal = join(dataDir, 'journal');
  renameSync(journal, `${journal}-away`);
  writeFileSync(journal, 'no directory');
  assert.throws(() => trail.intend(makeIntent('b')), { code: 'audit_unavailable' });
  trail.finish(makeFinish('a'));
  await assert.rejects(trail.flush());
  renameSync(journal, `${journal}-file`);
  renameSync(`${journal}-away`, journal);
  trail.intend(makeIntent('c'));
  await trail.flush();
  assert.deepEqual(results(read(t, dataDir).query({})), [
    ['a', 'ok'],
    ['c', undefined],
  ]);
  assert.equal(lines.filter((line) => line.includes('cannot be written')).length, 1, 'said once');
  assert.ok(lines.some((line) => line.includes('can be written again')));
});

test('a call refused because its intent could not be made durable may still be recorded as refused', async (t) => {
  const dataDir = freshDir(t);
  const trail = await open(t, dataDir);
  trail.intend(makeIntent('a'));
  trail.record(makeIntent('a'), makeFinish('a', { result: 'failed', error: 'audit_unavailable' }));
  await trail.flush();
  assert.deepEqual(results(read(t, dataDir).query({})), [['a', 'failed']]);
});

test('the store follows a gateway that is never idle', { timeout: 30_000 }, async (t) => {
  const dataDir = freshDir(t);
  const trail = await open(t, dataDir);
  const reader = read(t, dataDir);
  let calls = 0;
  const stored = (): number => [...reader.query({ limit: 1 })].length;
  for (; stored() === 0; await sleep(5))
    for (let i = 0; i < 20; i++, calls++) {
      const written = trail.intend(makeIntent(`c${calls}`));
      if (i === 19) await written;
      trail.finish(makeFinish(`c${calls}`));
    }
  await trail.flush();
  const rows = results(reader.query({}));
  assert.equal(rows.length, calls);
  assert.ok(rows.every(([id, result], i) => id === `c${i}` && result === 'ok'));
});

test('a folding worker that crashes is started again and nothing is lost', async (t) => {
  const dataDir = freshDir(t);
  const lines: string[] = [];
  const again = Promise.withResolvers<void>();
  const say = (message: string): void => {
    lines.push(message);
    if (message.includes('folded again')) again.resolve();
  };
  const log: Log = { debug: say, info: say, warn: say, error: say };
  const workerUrl = new URL('./testing/crash-once-worker.ts', import.meta.url);
  const trail = await open(t, dataDir, { workerUrl, log });
  trail.intend(makeIntent('a'));
  // The trail's own timers do not keep a process alive; a gateway has its server for that.
  const alive = setInterval(() => {}, 1_000);
  await again.promise;
  clearInterval(alive);
  await trail.flush();
  assert.deepEqual(results(read(t, dataDir).query({})), [['a', undefined]]);
  assert.ok(lines.some((line) => line.includes('cannot be folded')));
});

test('a data directory that cannot be used is an error at once', async (t) => {
  const dataDir = join(freshDir(t), 'data');
  writeFileSync(dataDir, 'a file');
  await assert.rejects(open(t, dataDir));
  const broken = freshDir(t);
  mkdirSync(join(broken, 'portcullis.db'));
  await assert.rejects(open(t, broken), /unable to open database/);
  assert.deepEqual(readdirSync(join(broken, 'journal')), [], 'and leaves no lock');
});
