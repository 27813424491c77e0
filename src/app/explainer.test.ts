import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KnownKey } from '../contracts/caller.ts';
import type { DefinitionRecord } from '../contracts/definitions.ts';
import type { ExplainRequest } from '../contracts/explain.ts';
import type { StoredObject } from '../contracts/objects.ts';
import { createHarness, offerOf } from '../pipeline/fixtures/harness.ts';
import { createExplainer } from './explainer.ts';

const KEY: KnownKey = { keyId: 'key_1', keyName: 'k', grant: { allow: ['*'], deny: [] }, expiresAtMs: 5_000 };

function explainerOf(changes: { keys?: readonly KnownKey[]; object?: object; held?: Partial<DefinitionRecord> } = {}) {
  const harness = createHarness({ files: offerOf({ tools: [{ name: 'read' }] }) });
  const explainer = createExplainer({
    ...{ config: () => harness.config(), catalog: harness.catalog, now: () => 1_000, limits: { used: () => 0 } },
    directory: { keys: () => (changes.keys ?? [KEY]).map((key) => ({ hash: 'h', key })) },
    objects: { find: async () => changes.object as StoredObject | undefined },
    definitions: { list: () => (changes.held === undefined ? [] : [changes.held as DefinitionRecord]) },
  });
  return (name: string, more: Partial<ExplainRequest> = {}) =>
    explainer.explain({ who: { keyId: 'key_1' }, target: { kind: 'tool', name }, ...more });
}

test('a key that will have expired by then is told so, and of several secrets the one that lasts longest counts', async () => {
  const [early, late] = [{ ...KEY, expiresAtMs: 2_000 }, KEY];
  const ask = explainerOf({ keys: [early, late, early] });
  assert.equal((await ask('files/read', { atMs: 4_999 }))?.verdict, 'allowed');
  const expired = await ask('files/read', { atMs: 5_000 });
  assert.deepEqual([expired?.code, expired?.rules.at(-1)?.step], ['unauthenticated', 'identify']);
  assert.match(expired?.reason ?? '', /it expired at 1970-01-01T00:00:05/);
});

test('a key that was revoked, or whose people are gone, is explained as that; one that never was is not', async () => {
  const body = {
    name: 'old',
    grant: { allow: ['*'], deny: [], toolsets: [] },
    limits: { requests: [], tokens: [], toolCalls: [], budgets: [] },
  };
  const revoked = await explainerOf({ keys: [], object: { body: { ...body, revokedAtMs: 500 } } })('files/read');
  assert.deepEqual([revoked?.verdict, revoked?.code], ['refused', 'unauthenticated']);
  assert.match(revoked?.reason ?? '', /"old" is not in force: it was revoked at 1970/);
  assert.match((await explainerOf({ keys: [], object: { body } })('files/read'))?.reason ?? '', /belongs to is gone/);
  assert.equal(await explainerOf({ keys: [] })('files/read'), undefined);
});

test('of a tool that clients are not shown it is said that its definition is held, or was rejected', async () => {
  const held = { kind: 'tool', name: 'new', state: 'held', reason: 'first-sight' } as const;
  const ofHeld = await explainerOf({ held })('files/new');
  assert.deepEqual([ofHeld?.verdict, ofHeld?.code], ['refused', 'unknown_tool']);
  assert.match(ofHeld?.reason ?? '', /held until somebody approves it \(first-sight\)/);
  const rejected = await explainerOf({ held: { ...held, state: 'rejected' } })('files/new');
  assert.match(rejected?.reason ?? '', /was rejected/);
  assert.match((await explainerOf()('files/new'))?.reason ?? '', /no tool of this name is offered at \/mcp/);
});
