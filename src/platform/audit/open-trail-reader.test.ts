import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TrailFilter } from '../../contracts/trail.ts';
import { encodeFinish, encodeIntent, encodeRecord } from './journal-line.ts';
import { openTrailReader, type TrailReader } from './open-trail-reader.ts';
import { holdRunLock } from './run-lock.ts';
import { freshDir } from './testing/fresh-dir.ts';
import { makeFinish, makeIntent } from './testing/make-call.ts';

/** A journal as dead or living runs leave it, and a reader on it. */
function setUp(t: TestContext, files: { readonly [name: string]: string }): { reader: TrailReader; journal: string } {
  const dataDir = freshDir(t);
  const journal = join(dataDir, 'journal');
  mkdirSync(journal);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(journal, name), text);
  const reader = openTrailReader(dataDir);
  t.after(() => reader.close());
  return { reader, journal };
}

function ids(reader: TrailReader, filter: TrailFilter = {}): string[] {
  return [...reader.query(filter)].map((row) => row.id);
}

test('the torn last line of a dead run is skipped and counted, and its calls are unknown', (t) => {
  const torn = encodeFinish(makeFinish('b')).slice(0, 20);
  const { reader, journal } = setUp(t, {
    'r-000001.jsonl':
      encodeIntent(makeIntent('a')) + encodeIntent(makeIntent('b')) + encodeFinish(makeFinish('a')) + torn,
  });
  assert.deepEqual(reader.fold(), { folded: 3, skipped: 1, unknown: 1 });
  assert.deepEqual(
    [...reader.query({})].map((row) => [row.id, row.result]),
    [
      ['a', 'ok'],
      ['b', 'unknown'],
    ],
  );
  assert.deepEqual(reader.fold(), { folded: 0, skipped: 0, unknown: 0 });
  assert.deepEqual(readdirSync(journal), []);
});

test('of a living run only whole lines are taken, its calls keep running, and its open file stays', (t) => {
  const line = encodeFinish(makeFinish('a'));
  const { reader, journal } = setUp(t, {});
  const lock = holdRunLock(journal, 'r');
  writeFileSync(join(journal, 'r-000001.jsonl'), encodeIntent(makeIntent('a')));
  writeFileSync(join(journal, 'r-000002.jsonl'), line.slice(0, 10));
  assert.deepEqual(reader.fold(), { folded: 1, skipped: 0, unknown: 0 });
  assert.deepEqual(
    [...reader.query({})].map((row) => row.result),
    [undefined],
  );
  assert.deepEqual(readdirSync(journal).sort(), ['r-000002.jsonl', 'r.lock']);
  appendFileSync(join(journal, 'r-000002.jsonl'), line.slice(10));
  assert.deepEqual(reader.fold(), { folded: 1, skipped: 0, unknown: 0 });
  lock.release();
  reader.fold();
  assert.deepEqual(readdirSync(journal), []);
});

test('damage in the middle costs only the damaged lines', (t) => {
  const good = (id: string): string => encodeRecord(makeIntent(id), makeFinish(id));
  const { reader } = setUp(t, {
    'r-000001.jsonl': `${good('a')}garbage\n${encodeFinish(makeFinish('nobody'))}${'\0'.repeat(600_000)}\n${good('b')}${good('a')}`,
    'r-000002.jsonl': good('c'),
    'unrelated.txt': 'x',
  });
  const report = reader.fold();
  assert.equal(report.folded, 3);
  assert.ok(report.skipped >= 4);
  assert.deepEqual(ids(reader), ['a', 'b', 'c']);
});

test('locks that killed runs left without a line are cleared away', (t) => {
  const { reader, journal } = setUp(t, { 'dead.lock': '' });
  const lock = holdRunLock(journal, 'alive');
  reader.fold();
  assert.deepEqual(readdirSync(journal), ['alive.lock']);
  lock.release();
});

test('the run that was found meanwhile stands in the row, whether its end comes at once or with a later piece', (t) => {
  const { reader, journal } = setUp(t, {});
  const lock = holdRunLock(journal, 'r');
  t.after(() => lock.release());
  const file = join(journal, 'r-000001.jsonl');
  const begun = ['now', 'later', 'own'].map((id) => encodeIntent(makeIntent(id, id === 'own' ? { runId: 'own' } : {})));
  const finish = (id: string): string => encodeFinish(makeFinish(id, { runId: 'found' }));
  writeFileSync(file, [...begun, finish('now')].join(''));
  reader.fold();
  appendFileSync(file, finish('later') + finish('own'));
  reader.fold();
  assert.deepEqual(ids(reader, { runId: 'found' }), ['now', 'later']);
  assert.deepEqual(ids(reader, { runId: 'own' }), ['own']);
});

test('rows are found by every filter, alone and together', (t) => {
  const rows = [
    encodeRecord(makeIntent('a', { atMs: 100, keyId: 'key_1', keyName: 'ci' }), makeFinish('a')),
    encodeRecord(
      makeIntent('b', { atMs: 200, keyId: 'key_2', keyName: 'dev', serverId: 'git', name: 'git__log', target: 'log' }),
      makeFinish('b', { result: 'failed', error: 'upstream_timeout' }),
    ),
    encodeRecord(
      makeIntent('c', { atMs: 300, kind: 'tools.list', serverId: undefined, name: '', target: undefined }),
      makeFinish('c', { result: 'refused' }),
    ),
    encodeIntent(makeIntent('d', { atMs: 400, runId: 'b', suggestionId: 'sug_1', authority: 'rule:x' })),
  ];
  const { reader, journal } = setUp(t, {});
  const lock = holdRunLock(journal, 'r');
  t.after(() => lock.release());
  writeFileSync(join(journal, 'r-000001.jsonl'), rows.join(''));
  reader.fold();
  const cases: [TrailFilter, string[]][] = [
    [{}, ['a', 'b', 'c', 'd']],
    [{ sinceMs: 200 }, ['b', 'c', 'd']],
    [{ untilMs: 200 }, ['a']],
    [{ sinceMs: 200, untilMs: 400 }, ['b', 'c']],
    [{ key: 'dev' }, ['b']],
    [{ key: 'key_1' }, ['a', 'c', 'd']],
    [{ server: 'git' }, ['b']],
    [{ server: 'g*' }, ['b']],
    [{ name: 'log' }, ['b']],
    [{ name: 'git__log' }, ['b']],
    [{ name: '*__write' }, ['a', 'd']],
    [{ name: 'git__l?g' }, []],
    [{ name: '[g]*' }, []],
    [{ kind: 'tools.list' }, ['c']],
    [{ result: 'failed' }, ['b']],
    [{ result: 'ok' }, ['a']],
    [{ runId: 'b' }, ['b', 'd']],
    [{ runId: 'b', kind: 'tools.call', sinceMs: 300 }, ['d']],
    [{ runId: 'c' }, ['c']],
    [{ runId: 'x' }, []],
    [{ limit: 2 }, ['c', 'd']],
    [{ limit: 99 }, ['a', 'b', 'c', 'd']],
    [{ limit: 0 }, []],
    [{ limit: 1, kind: 'tools.call', untilMs: 300 }, ['b']],
    [{ afterSeq: 0 }, ['a', 'b', 'c']],
    [{ afterSeq: 0, limit: 2 }, ['a', 'b']],
    [{ afterSeq: 99 }, []],
  ];
  for (const [filter, expected] of cases) assert.deepEqual(ids(reader, filter), expected, JSON.stringify(filter));
});

test('who follows sees each call once, when it is over', (t) => {
  const { reader, journal } = setUp(t, {});
  const lock = holdRunLock(journal, 'r');
  const file = join(journal, 'r-000001.jsonl');
  const seen: string[] = [];
  let afterSeq = 0;
  const look = (...lines: string[]): void => {
    appendFileSync(file, lines.join(''));
    reader.fold();
    for (const row of reader.query({ afterSeq })) {
      seen.push(`${row.id} ${row.result}`);
      afterSeq = row.seq;
    }
  };
  look(encodeIntent(makeIntent('slow')), encodeIntent(makeIntent('lost')));
  look(encodeIntent(makeIntent('quick')), encodeFinish(makeFinish('quick')));
  look(encodeFinish(makeFinish('slow')));
  look();
  lock.release();
  look();
  assert.deepEqual(seen, ['quick ok', 'slow ok', 'lost unknown']);
});

test('a finish that comes after its run was taken for dead corrects the row', (t) => {
  const { reader, journal } = setUp(t, { 'r-000001.jsonl': encodeIntent(makeIntent('a')) });
  reader.fold();
  writeFileSync(join(journal, 'r-000002.jsonl'), encodeFinish(makeFinish('a')));
  reader.fold();
  assert.deepEqual(
    [...reader.query({})].map((row) => row.result),
    ['ok'],
  );
});

test('many rows are read page by page while others write and delete', (t) => {
  const many = Array.from({ length: 2_345 }, (_, i) => encodeRecord(makeIntent(`c${i}`), makeFinish(`c${i}`)));
  const { reader, journal } = setUp(t, { 'r-000001.jsonl': many.slice(0, 2_000).join('') });
  reader.fold();
  const seen: string[] = [];
  for (const row of reader.query({})) {
    if (seen.push(row.id) !== 100) continue;
    writeFileSync(join(journal, 's-000001.jsonl'), many.slice(2_000).join(''));
    reader.fold();
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 2_345 }, (_, i) => `c${i}`),
  );
});

test('without a data directory there is an error, and none is made', (t) => {
  const missing = join(freshDir(t), 'nope');
  assert.throws(() => openTrailReader(missing), /no data directory/);
  assert.ok(!existsSync(missing));
});
