import assert from 'node:assert/strict';
import type { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { inTransaction } from '../stores/sqlite/open-database.ts';
import { openStore } from '../stores/sqlite/open-store.ts';
import { createFoldStatements, type FoldStatements } from './fold-statements.ts';
import type { FinishColumns, IntentColumns } from './journal-line.ts';
import { freshDir } from './testing/fresh-dir.ts';
import { verifySpend } from './verify-spend.ts';

const AT_MS = 900_000;

interface Row {
  readonly id: string;
  readonly target?: string;
  readonly user?: string | null;
  readonly kind?: string;
  readonly price?: number | null;
}

const intentOf = ({ id, target = 'x', user = null, kind = 'chat' }: Row): IntentColumns => [
  ...[id, null, 'trace', AT_MS + 5, kind, 'models', 'k1', 'one', 'a', 'name', target, null, null, null],
  ...[user, 't1', null, null, null, null, null],
];
const finishOf = ({ price = 10 }: Row): FinishColumns => [
  ...['ok', null, 1, 1, 1, null, 0, price],
  ...[null, null, null, null, null, null],
];

function setUp(t: TestContext): { db: DatabaseSync; fold: (rows: readonly Row[], then?: () => void) => void } {
  const db = openStore(freshDir(t));
  t.after(() => db.close());
  const statements: FoldStatements = createFoldStatements(db, undefined);
  const fold = (rows: readonly Row[], then?: () => void): void => {
    inTransaction(db, () =>
      statements.withSeq((nextSeq) => {
        for (const row of rows) statements.insert(nextSeq, 'run', intentOf(row), finishOf(row));
        assert.equal(statements.withoutEffect(nextSeq), 0);
        then?.();
      }),
    );
  };
  return { db, fold };
}

const levels = (db: DatabaseSync): unknown[] =>
  db
    .prepare('SELECT level_type, level_id, calls, micro_usd FROM spend_by_level ORDER BY 1, 2')
    .all()
    .map((row) => Object.values(row));

test('new rows of one transaction are in the ledger of each level once it is over, whatever they count for', (t) => {
  const { db, fold } = setUp(t);
  fold([
    ...[{ id: 'a' }, { id: 'b', user: 'u1' }, { id: 'c', user: 'u1', target: 'y' }, { id: 'd', kind: 'tools.call' }],
    ...[
      { id: 'e', price: 0 },
      { id: 'f', price: null },
      { id: 'g', price: 3 },
    ],
  ]);
  assert.deepEqual(levels(db), [
    ['key', 'k1', 5, 43],
    ['team', 't1', 5, 43],
    ['user', 'u1', 2, 20],
  ]);
  fold([{ id: 'h' }]);
  assert.deepEqual(levels(db)[0], ['key', 'k1', 6, 53]);
  assert.deepEqual(verifySpend(db).differences, []);
});

test('a row that changes in the transaction that made it counts as what it became', (t) => {
  const { db, fold } = setUp(t);
  fold([{ id: 'a' }, { id: 'b' }], () =>
    db.exec("UPDATE trail SET price_micro_usd = 7, target = 'other' WHERE id = 'a'"),
  );
  assert.deepEqual(levels(db)[0], ['key', 'k1', 2, 17]);
  assert.deepEqual(verifySpend(db).differences, []);
});

test('what is rolled back leaves nothing behind', (t) => {
  const { db, fold } = setUp(t);
  const fail = (): void => {
    throw new Error('the disk is full');
  };
  assert.throws(() => fold([{ id: 'a' }], fail), /disk is full/);
  assert.deepEqual(levels(db), []);
  fold([{ id: 'a' }]);
  assert.deepEqual(levels(db)[0], ['key', 'k1', 1, 10]);
  assert.deepEqual(verifySpend(db).differences, []);
});
