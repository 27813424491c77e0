import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { DefinitionRecord } from '../../../contracts/definitions.ts';
import { openDefinitionStore } from './definitions.ts';

function freshDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-definitions-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function open(t: TestContext, dataDir: string): ReturnType<typeof openDefinitionStore> {
  const store = openDefinitionStore({ dataDir });
  t.after(() => store[Symbol.dispose]());
  return store;
}

const record = (name: string, changes: Partial<DefinitionRecord> = {}): DefinitionRecord => ({
  serverId: 'a',
  kind: 'tool',
  name,
  state: 'pinned',
  reason: undefined,
  pinned: { hash: 'h1', text: '{"name":"x"}', atMs: 5 },
  pinnedBy: 'policy',
  other: undefined,
  findings: [{ rule: 'override', severity: 'high', place: 'description', excerpt: 'x' }],
  firstSeenMs: 4,
  ...changes,
});

test('records come back as they were saved, also after reopening, sorted and by server', (t) => {
  const dataDir = freshDir(t);
  const store = open(t, dataDir);
  const held = record('b', {
    state: 'held',
    reason: 'change',
    other: { hash: 'h2', text: undefined, atMs: 9 },
    findings: [],
  });
  const first = record('c', { serverId: 'z', pinned: undefined, pinnedBy: undefined, state: 'rejected' });
  assert.ok(store.save([first, held, record('a')], store.version()));
  assert.deepEqual(store.list(), [record('a'), held, first]);
  const again = open(t, dataDir);
  assert.deepEqual(again.list('a'), [record('a'), held]);
  assert.ok(again.save([record('a', { state: 'changed' })], again.version()));
  assert.equal(store.list('a')[0]?.state, 'changed');
});

test('a decision of a person is seen by others, and never overwritten by policy that did not know of it', (t) => {
  const dataDir = freshDir(t);
  const gateway = open(t, dataDir);
  const person = open(t, dataDir);
  const seen = gateway.version();
  assert.ok(gateway.save([record('a')], seen));
  const decided = person.decide({ serverId: 'a', kind: 'tool', name: 'a' }, (newest) => ({
    ...newest,
    state: 'rejected',
  }));
  assert.equal(decided?.state, 'rejected');
  assert.equal(gateway.save([record('a'), record('b')], seen), false);
  assert.deepEqual(
    gateway.list().map(({ name, state }) => [name, state]),
    [['a', 'rejected']],
    'nothing of it was written',
  );
  assert.notEqual(gateway.version(), seen);
  assert.ok(gateway.save([record('b')], gateway.version()));
});

test('deciding nothing, or about what is not there, changes nothing', (t) => {
  const store = open(t, freshDir(t));
  store.save([record('a')], store.version());
  const before = store.version();
  assert.equal(
    store.decide({ serverId: 'a', kind: 'prompt', name: 'a' }, (newest) => newest),
    undefined,
  );
  assert.equal(
    store.decide({ serverId: 'a', kind: 'tool', name: 'a' }, () => undefined),
    undefined,
  );
  assert.equal(store.version(), before);
});
