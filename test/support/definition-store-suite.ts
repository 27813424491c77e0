/** What every store of decisions about definitions has to keep to, whichever engine carries it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DefinitionRecord, DefinitionStore } from '../../src/contracts/definitions.ts';
import type { Cleanup } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

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

/** As in the suite of object stores; what one store wrote, another may see a moment later. */
export function testDefinitionStore(
  engine: string,
  place: (cleanup: Cleanup) => Promise<() => Promise<DefinitionStore>>,
): void {
  test(`${engine}: records come back as they were saved, also to others, sorted and by server`, async (t) => {
    const open = await place(t);
    const store = await open();
    const held = record('b', {
      state: 'held',
      reason: 'change',
      other: { hash: 'h2', text: undefined, atMs: 9 },
      findings: [],
    });
    const first = record('c', { serverId: 'z', pinned: undefined, pinnedBy: undefined, state: 'rejected' });
    const prompt = record('b', { kind: 'prompt' });
    assert.ok(store.save([first, prompt, held, record('a')], store.version()));
    const all = [record('a'), held, prompt, first];
    assert.deepEqual(store.list(), all);
    const again = await open();
    await waitFor('what was saved', () => again.list().length === 4);
    assert.deepEqual(again.list(), all);
    assert.deepEqual(again.list('z'), [first]);
    assert.ok(again.save([record('a', { state: 'changed' })], again.version()));
    await waitFor('the change', () => store.list('a')[0]?.state === 'changed');
  });

  test(`${engine}: a decision of a person is seen by others, and never overwritten by policy that did not know of it`, async (t) => {
    const open = await place(t);
    const gateway = await open();
    const seen = gateway.version();
    assert.ok(gateway.save([record('a')], seen));
    const person = await open();
    await waitFor('the record', () => person.list().length === 1);
    const decided = await person.decide({ serverId: 'a', kind: 'tool', name: 'a' }, (newest) => ({
      ...newest,
      state: 'rejected',
    }));
    assert.equal(decided?.state, 'rejected');
    // It may hear of it only now; either way nothing of this may last.
    gateway.save([record('a'), record('b')], seen);
    await waitFor('the decision', () => gateway.version() !== seen && gateway.list('a')[0]?.state === 'rejected');
    const reader = await open();
    assert.deepEqual(
      reader.list().map(({ name, state }) => [name, state]),
      [['a', 'rejected']],
      'nothing of it was written',
    );
    assert.ok(gateway.save([record('b')], gateway.version()));
    await waitFor('what was decided with that in mind', () => reader.list().length === 2);
  });

  test(`${engine}: deciding nothing, or about what is not there, changes nothing`, async (t) => {
    const store = await (await place(t))();
    store.save([record('a')], store.version());
    const before = store.version();
    assert.equal(await store.decide({ serverId: 'a', kind: 'prompt', name: 'a' }, (newest) => newest), undefined);
    assert.equal(await store.decide({ serverId: 'a', kind: 'tool', name: 'a' }, () => undefined), undefined);
    assert.equal(store.version(), before);
  });
}
