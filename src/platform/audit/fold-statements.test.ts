/** Property: however calls are spread over lines and transactions, and whatever is said twice, each is one row and counts once. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSealKey, keysOf } from '../sealing/seal-key.ts';
import { inTransaction } from '../stores/sqlite/open-database.ts';
import { openStore } from '../stores/sqlite/open-store.ts';
import { applyLines } from './apply-lines.ts';
import { verifyChain } from './chain/verify-chain.ts';
import { createFoldStatements } from './fold-statements.ts';
import { encodeFinish, encodeIntent, encodeRecord } from './journal-line.ts';
import { freshDir } from './testing/fresh-dir.ts';
import { makeFinish, makeIntent } from './testing/make-call.ts';
import { verifySpend } from './verify-spend.ts';

interface Line {
  readonly type: 'intent' | 'finish' | 'record';
  readonly id: string;
  /** Of the finish. */
  readonly price: number;
  /** Who is said to have answered. */
  readonly provider: string;
}

interface Row {
  result: 'ok' | null;
  price: number | null;
  provider: string;
}

const KEY = createSealKey(Buffer.alloc(32, 7));
const MEANT = 'files';

function encode({ type, id, price, provider }: Line): string {
  const intent = makeIntent(id, { kind: 'chat', userId: `user_${id}` });
  if (type === 'intent') return encodeIntent({ ...intent, reservedMicroUsd: 5 }).trimEnd();
  const finish = makeFinish(id, { priceMicroUsd: price });
  if (type === 'record') return encodeRecord(intent, finish).trimEnd();
  const attempts = [{ provider, model: 'write', key: undefined, durationMs: 1, failure: undefined, status: undefined }];
  return encodeFinish({ ...finish, model: { attempts } }).trimEnd();
}

/** One line after the other, as if each were a transaction. */
function expect(lines: readonly Line[]): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const { type, id, price, provider } of lines) {
    const row = rows.get(id);
    if (row === undefined && type === 'finish') continue;
    if (row === undefined) rows.set(id, { result: null, price: null, provider: MEANT });
    if (type === 'intent' || row?.result === 'ok') continue;
    rows.set(id, { result: 'ok', price, provider: type === 'finish' ? provider : MEANT });
  }
  return rows;
}

const line = (calls: number): fc.Arbitrary<Line> =>
  fc.record({
    type: fc.constantFrom('intent', 'finish', 'finish', 'record'),
    id: fc.nat({ max: calls }).map(String),
    price: fc.nat({ max: 9 }),
    provider: fc.constantFrom(MEANT, MEANT, 'other', 'o"ther'),
  });
/** Few calls that meet each other all the time, and many, of which several statements are made. */
const transactions = fc
  .constantFrom(4, 200)
  .chain((calls) => fc.array(fc.array(line(calls), { maxLength: 120, size: 'max' }), { minLength: 1, maxLength: 4 }));

test('each call is one row with its first end, in the ledger once, and the chain holds', async (t) => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(transactions, async (pieces) => {
      const db = openStore(freshDir(t));
      try {
        const statements = createFoldStatements(db, KEY);
        for (const lines of pieces) {
          const fold = (): unknown =>
            statements.withSeq((nextSeq) => applyLines(statements, nextSeq, 'run', lines.map(encode)));
          inTransaction(db, fold);
        }
        const expected = expect(pieces.flat());
        const found = db.prepare(
          'SELECT id, result, price_micro_usd AS price, server_id AS provider FROM trail ORDER BY row',
        );
        assert.deepEqual(
          found.all().map(({ id, ...row }) => [id, { ...row }]),
          [...expected],
        );
        assert.deepEqual(verifySpend(db).differences, []);
        const spent = db.prepare(
          "SELECT coalesce(sum(micro_usd), 0) AS sum FROM spend_by_level WHERE level_type = 'key'",
        );
        const prices = [...expected.values()].map(({ price }) => price ?? 0);
        assert.equal(
          spent.get()?.sum,
          prices.reduce((sum, price) => sum + price, 0),
        );
        const chain = await verifyChain((sql, values) => db.prepare(sql).all(...values), keysOf(KEY, []), []);
        assert.deepEqual([chain.problems, chain.rows], [[], expected.size]);
        if (expected.size > 50) seen.add('many');
        if (pieces.flat().length > 3 * expected.size) seen.add('again');
      } finally {
        db.close();
      }
    }),
    { numRuns: 60 },
  );
  assert.deepEqual([...seen].sort(), ['again', 'many']);
});

test('lines without effect are counted, wherever the call was before', (t) => {
  const db = openStore(freshDir(t));
  t.after(() => db.close());
  const statements = createFoldStatements(db, undefined);
  const fold = (...lines: Line[]): number =>
    inTransaction(db, () => statements.withSeq((nextSeq) => applyLines(statements, nextSeq, 'run', lines.map(encode))))
      .skipped;
  const say = (type: Line['type'], id: string): Line => ({ type, id, price: 1, provider: MEANT });
  assert.equal(fold(say('record', 'a'), say('intent', 'b')), 0);
  assert.equal(fold(say('record', 'a'), say('record', 'b'), say('record', 'c')), 1);
  assert.equal(fold(say('finish', 'b'), say('intent', 'c'), say('finish', 'nobody'), say('record', 'd')), 3);
  assert.equal(verifySpend(db).differences.length, 0);
});
