import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { LevelRef } from '../../contracts/limits.ts';
import type { Log } from '../../contracts/log.ts';
import type { CallIntent, ModelNote } from '../../contracts/trail.ts';
import { openSpendStore } from '../stores/sqlite/spend.ts';
import { openTrail } from './open-trail.ts';
import { openTrailReader } from './open-trail-reader.ts';
import { renderCsv } from './render-rows.ts';
import { retain } from './retain.ts';
import { freshDir } from './testing/fresh-dir.ts';
import { makeFinish, makeIntent } from './testing/make-call.ts';

const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
const QUARTER = 900_000;

const step = fc.record({
  key: fc.constantFrom('k1', 'k2'),
  user: fc.constantFrom(undefined, 'u1'),
  team: fc.constantFrom(undefined, 't1', 't2'),
  organization: fc.constantFrom(undefined, 'o1'),
  kind: fc.constantFrom('tools.call' as const, 'chat' as const),
  server: fc.constantFrom('a', 'b'),
  quarter: fc.integer({ min: 1, max: 4 }),
  reserved: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
  /** Undefined: nobody ever hears how it ended. */
  end: fc.option(
    fc.record({
      price: fc.option(fc.integer({ min: 0, max: 90 }), { nil: undefined }),
      answeredBy: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
    }),
    { nil: undefined, freq: 4 },
  ),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const intentOf = (one: Step, id: string): CallIntent =>
  makeIntent(id, {
    ...{ keyId: one.key, userId: one.user, teamId: one.team, organizationId: one.organization },
    ...{ kind: one.kind, serverId: one.server, target: 'x', atMs: one.quarter * QUARTER + 5 },
    reservedMicroUsd: one.reserved,
  });

const noteOf = (provider: string): ModelNote => ({
  attempts: [{ provider, model: 'x', key: undefined, failure: undefined, status: undefined, durationMs: 1 }],
});

const speaksOf = (on: readonly string[], { server }: { readonly server: string }): boolean => on.includes(server);

async function write(dataDir: string, steps: readonly Step[]): Promise<void> {
  const trail = await openTrail({ dataDir, sync: false, maxAgeDays: 36_500, maxSizeMb: 1_024, log });
  for (const [i, one] of steps.entries()) {
    const [id, intent] = [`c${i}`, intentOf(one, `c${i}`)];
    const finish = makeFinish(id, {
      priceMicroUsd: one.end?.price,
      ...(one.kind === 'chat' && one.end?.answeredBy !== undefined && { model: noteOf(one.end.answeredBy) }),
    });
    if (one.reserved === undefined) {
      if (one.end !== undefined) trail.record(intent, finish);
      continue;
    }
    await trail.intend(intent);
    // Folded apart from its end now and then: what was meant is corrected by who answered.
    if (i % 5 === 0) await trail.flush();
    if (one.end !== undefined) trail.finish(finish);
  }
  await trail[Symbol.asyncDispose]();
}

/** By a list, slowly: what each level spent since then at that server. */
function expected(steps: readonly Step[], level: LevelRef, sinceMs: number, server: string | undefined): number {
  const member = { key: 'key', user: 'user', team: 'team', organization: 'organization' } as const;
  return steps
    .filter((one) => one[member[level.type]] === level.id && (one.quarter + 1) * QUARTER > sinceMs)
    .map((one) => {
      const isMade = one.end !== undefined || one.reserved !== undefined;
      const price = one.end === undefined ? (one.reserved ?? 0) : (one.end.price ?? 0);
      const by = (one.kind === 'chat' && one.reserved !== undefined && one.end?.answeredBy) || one.server;
      return isMade && (server === undefined || server === by) ? price : 0;
    })
    .reduce((sum, price) => sum + price, 0);
}

const LEVELS: readonly LevelRef[] = [
  { type: 'key', id: 'k1', name: '' },
  { type: 'user', id: 'u1', name: '' },
  { type: 'team', id: 't2', name: '' },
  { type: 'organization', id: 'o1', name: '' },
];

test('the ledger of every level and target is the sum of its calls, whatever became of them', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const dataDir = freshDir(t);
      await write(dataDir, steps);
      const reader = openTrailReader(dataDir);
      const ledger = openSpendStore({ dataDir, speaksOf });
      try {
        reader.fold();
        for (const level of LEVELS)
          for (const sinceMs of [0, QUARTER * 2, QUARTER * 3 + 700])
            for (const server of [undefined, 'a', 'b', 'c'])
              assert.equal(
                ledger.spent({ level, on: server === undefined ? undefined : [server] }, sinceMs),
                expected(steps, level, sinceMs, server),
                `${level.type} since ${sinceMs} at ${server}`,
              );
        assert.deepEqual(reader.verifySpend().differences, []);
      } finally {
        reader.close();
        ledger[Symbol.dispose]();
      }
    }),
    { numRuns: 12 },
  );
});

async function spendSome(t: TestContext): Promise<{ readonly dataDir: string; readonly db: DatabaseSync }> {
  const dataDir = freshDir(t);
  const one = {
    key: 'k1',
    user: undefined,
    team: 't1',
    organization: undefined,
    kind: 'tools.call',
    server: 'a',
  } as const;
  const steps = [1, 2, 3].map(
    (quarter): Step => ({
      ...{ ...one, quarter, reserved: undefined },
      end: { price: 10, answeredBy: undefined },
    }),
  );
  await write(dataDir, steps);
  const db = new DatabaseSync(join(dataDir, 'portcullis.db'));
  t.after(() => db.close());
  return { dataDir, db };
}

test('a figure that is not the sum of its calls is found, and named', async (t) => {
  const { dataDir, db } = await spendSome(t);
  const reader = openTrailReader(dataDir);
  t.after(() => reader.close());
  assert.deepEqual(reader.verifySpend(), { figures: 12, rowsGoneUntilMs: -1, differences: [] });
  db.exec(`UPDATE spend_by_level SET micro_usd = 11 WHERE level_type = 'team' AND at_ms = ${2 * QUARTER}`);
  db.exec(`DELETE FROM spend_by_target WHERE level_type = 'key' AND at_ms = ${3 * QUARTER}`);
  assert.deepEqual(reader.verifySpend().differences, [
    { level: { type: 'team', id: 't1' }, atMs: 2 * QUARTER, target: undefined, ledger: 11, rows: 10 },
    { level: { type: 'key', id: 'k1' }, atMs: 3 * QUARTER, target: 'a/x', ledger: 0, rows: 10 },
  ]);
});

test('retention takes rows, not what was spent; only newer figures are compared then', async (t) => {
  const { dataDir, db } = await spendSome(t);
  retain(db, { maxAgeDays: 1, maxSizeMb: 1_024 }, 86_400_000 + 2 * QUARTER);
  const reader = openTrailReader(dataDir);
  const ledger = openSpendStore({ dataDir, speaksOf });
  t.after(() => reader.close());
  t.after(() => ledger[Symbol.dispose]());
  assert.equal([...reader.query({})].length, 2);
  assert.equal(ledger.spent({ level: { type: 'team', id: 't1', name: '' }, on: undefined }, 0), 30);
  assert.deepEqual(reader.verifySpend(), { figures: 8, rowsGoneUntilMs: QUARTER + 5, differences: [] });
});

test('levels and labels of a call are in its row', async (t) => {
  const dataDir = freshDir(t);
  const trail = await openTrail({ dataDir, sync: false, maxAgeDays: 36_500, maxSizeMb: 1_024, log });
  const labels = { customer: 'Bär & "Söhne"' };
  await trail.intend(makeIntent('a', { userId: 'u', labels, reservedMicroUsd: 3 }));
  trail.finish(makeFinish('a'));
  trail.record(makeIntent('b', { teamId: 't', organizationId: 'o' }), makeFinish('b'));
  trail.record(makeIntent('c'), makeFinish('c'));
  await trail[Symbol.asyncDispose]();
  const reader = openTrailReader(dataDir);
  t.after(() => reader.close());
  assert.deepEqual(
    reader.costs('team', {}).map(({ name, calls }) => [name, calls]),
    [
      [undefined, 2],
      ['t', 1],
    ],
  );
  const [, first = ''] = renderCsv(reader.query({})).split('\r\n');
  assert.ok(first.endsWith(`,u,,,"${JSON.stringify(labels).replaceAll('"', '""')}",,,`), first);
  const rows = [...reader.query({})].map(({ id, userId, teamId, organizationId, labels: told }) => ({
    ...{ id, userId, teamId, organizationId, labels: told },
  }));
  assert.deepEqual(
    rows.toSorted((a, b) => a.id.localeCompare(b.id)),
    [
      { id: 'a', userId: 'u', teamId: undefined, organizationId: undefined, labels },
      { id: 'b', userId: undefined, teamId: 't', organizationId: 'o', labels: undefined },
      { id: 'c', userId: undefined, teamId: undefined, organizationId: undefined, labels: undefined },
    ],
  );
});
