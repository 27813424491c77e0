/** The SQL of folding, prepared once. Everything here that writes belongs into a transaction of the caller. */

import type { DatabaseSync } from 'node:sqlite';
import type { SealKey } from '../../contracts/sealing.ts';
import { answererOf } from './answerer.ts';
import { digestRow, digestValues } from './chain/links.ts';
import { createChainWriter } from './chain/write-chain.ts';
import type { FinishColumns, IntentColumns, LateFinish } from './journal-line.ts';
import { FINISH_NAMES, ROW_NAMES, type RowValue, rowValues } from './row-values.ts';
import { createSpendSums } from './spend-sums.ts';

/** Gives the next number in the order of changes. */
export type NextSeq = () => number;

export interface FoldStatements {
  offsetOf(segment: string): number;
  setOffset(segment: string, offset: number): void;
  forgetOffset(segment: string): void;
  /**
   * Runs `work` with the change counter, read before and written after. Once it is over, all rows are written, their sums are in the
   * ledger, and what changed has joined the chain.
   */
  withSeq<T>(work: (nextSeq: NextSeq) => T): T;
  /** A new row, written soon; `finish` undefined: the call runs. One whose id is there already is its end, if it has none. */
  insert(nextSeq: NextSeq, runId: string, columns: IntentColumns, finish: FinishColumns | undefined): void;
  /** The end of a call whose row is there. */
  finish(nextSeq: NextSeq, id: string, late: LateFinish): void;
  /** Writes what is still to be written; how many lines since `withSeq` began had no effect, which no undamaged journal brings about. */
  withoutEffect(nextSeq: NextSeq): number;
  runsWithRunningRows(): string[];
  /** Ends at most `limit` running rows of the run as `unknown`, in their order; returns how many. */
  markUnknown(nextSeq: NextSeq, runId: string, limit: number): number;
}

const ALL_NAMES = ['seq', 'digest', ...ROW_NAMES];
const FINISH = FINISH_NAMES.join(', ');
const FINISH_MARKS = FINISH_NAMES.map(() => '?').join(', ');
/** Rows that are written together: with more of them nothing is gained. */
const ROWS_PER_STATEMENT = 16;
/** A finish that comes after its run was taken for dead is the better knowledge. */
const IS_OPEN = "(result IS NULL OR result = 'unknown')";

interface NewRow {
  readonly seq: number;
  readonly id: string;
  readonly digest: string;
  readonly values: readonly RowValue[];
  readonly finish: FinishColumns | undefined;
}

/** `key` signs the chain; undefined: it goes on unsigned. */
export function createFoldStatements(db: DatabaseSync, key: SealKey | undefined): FoldStatements {
  const chain = createChainWriter(db, key);
  const sums = createSpendSums(db);
  const selectOffset = db.prepare('SELECT offset FROM trail_segment WHERE name = ?');
  const upsertOffset = db.prepare(
    'INSERT INTO trail_segment (name, offset) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET offset = excluded.offset',
  );
  const deleteOffset = db.prepare('DELETE FROM trail_segment WHERE name = ?');
  const selectSeq = db.prepare('SELECT last FROM trail_seq');
  const updateSeq = db.prepare('UPDATE trail_seq SET last = ?');
  const insertOne = db.prepare(insertOf(1));
  const insertMany = db.prepare(insertOf(ROWS_PER_STATEMENT));
  const selectSeqOf = db.prepare('SELECT seq FROM trail WHERE id = ?');
  const selectOpen = db.prepare(`SELECT seq, digest FROM trail WHERE id = ? AND ${IS_OPEN}`);
  const selectRow = db.prepare('SELECT * FROM trail WHERE id = ?');
  const updateDigest = db.prepare('UPDATE trail SET digest = ? WHERE id = ?');
  const updateFinish = db.prepare(`UPDATE trail SET (seq, ${FINISH}) = (?, ${FINISH_MARKS}) WHERE id = ?`);
  /** A call of a model may be answered by another one than it was meant for. */
  const updateAnswerer = db.prepare(
    'UPDATE trail SET server_id = coalesce(?, server_id), target = coalesce(?, target) WHERE id = ?',
  );
  let waiting: NewRow[] = [];
  let withoutEffect = 0;

  /** Changes a row that has no end yet; false: there is none. */
  const change = (id: string, seq: number, work: () => void): boolean => {
    const open = selectOpen.get(id);
    if (open === undefined) return false;
    chain.keep(Number(open.seq), id, open.digest);
    work();
    const now = digestRow(selectRow.get(id) ?? {});
    updateDigest.run(now, id);
    chain.add({ seq, id, digest: now });
    return true;
  };
  const updateRun = db.prepare('UPDATE trail SET agent_run_id = coalesce(agent_run_id, ?) WHERE id = ?');
  const end = (seq: number, id: string, { columns: finish, run }: LateFinish): boolean =>
    change(id, seq, () => {
      updateFinish.run(seq, ...finish, id);
      const { provider, model } = answererOf(finish);
      if (provider !== null || model !== null) updateAnswerer.run(provider, model, id);
      if (run !== null) updateRun.run(run, id);
    });
  const selectRuns = db.prepare('SELECT DISTINCT run_id FROM trail WHERE result IS NULL');
  const selectRunning = db.prepare('SELECT id FROM trail WHERE run_id = ? AND result IS NULL ORDER BY row LIMIT ?');
  const updateUnknown = db.prepare(
    // What may have been made may have been paid for.
    "UPDATE trail SET seq = ?, result = 'unknown', price_micro_usd = reserved_micro_usd WHERE id = ?",
  );

  /** Returns those whose id was there before: their rows stay as they are. */
  const write = (rows: readonly NewRow[]): NewRow[] => {
    const insert = rows.length === 1 ? insertOne : insertMany;
    const { changes } = insert.run(...rows.flatMap(({ seq, digest, values }) => [seq, digest, ...values]));
    const isNew = (row: NewRow): boolean => changes === rows.length || selectSeqOf.get(row.id)?.seq === row.seq;
    return rows.filter((row) => {
      if (!isNew(row)) return true;
      if (row.finish !== undefined) sums.add(row.values);
      chain.add(row);
      return false;
    });
  };
  const flush = (nextSeq: NextSeq): void => {
    const rows = waiting;
    waiting = [];
    const known = rows.length === ROWS_PER_STATEMENT ? write(rows) : rows.flatMap((row) => write([row]));
    // What they say of an end comes after all others: what joins the chain last has the highest number.
    for (const { id, finish } of known)
      if (finish === undefined || !end(nextSeq(), id, { columns: finish, run: null })) withoutEffect++;
  };

  return {
    offsetOf: (segment) => Number(selectOffset.get(segment)?.offset ?? 0),
    setOffset(segment, offset) {
      upsertOffset.run(segment, offset);
    },
    forgetOffset(segment) {
      deleteOffset.run(segment);
    },
    withSeq(work) {
      let last = Number(selectSeq.get()?.last);
      const nextSeq = (): number => ++last;
      chain.begin();
      sums.begin();
      waiting = [];
      withoutEffect = 0;
      const result = work(nextSeq);
      flush(nextSeq);
      updateSeq.run(last);
      sums.write();
      chain.join();
      return result;
    },
    insert(nextSeq, runId, columns, finish) {
      const values = rowValues(runId, columns, finish);
      waiting.push({ seq: nextSeq(), id: String(columns[0]), digest: digestValues(values), values, finish });
      if (waiting.length === ROWS_PER_STATEMENT) flush(nextSeq);
    },
    finish(nextSeq, id, late) {
      flush(nextSeq);
      if (!end(nextSeq(), id, late)) withoutEffect++;
    },
    withoutEffect(nextSeq) {
      flush(nextSeq);
      return withoutEffect;
    },
    runsWithRunningRows: () => selectRuns.all().map((row) => String(row.run_id)),
    markUnknown(nextSeq, runId, limit) {
      const rows = selectRunning.all(runId, limit);
      for (const row of rows) {
        const [id, seq] = [String(row.id), nextSeq()];
        change(id, seq, () => void updateUnknown.run(seq, id));
      }
      return rows.length;
    },
  };
}

const insertOf = (rows: number): string => {
  const marks = `(${ALL_NAMES.map(() => '?').join(', ')})`;
  // FAIL: what fails is rolled back as a whole by the transaction, and SQLite need not keep a copy of each page for the statement.
  return `INSERT OR FAIL INTO trail (${ALL_NAMES.join(', ')}) VALUES ${Array(rows).fill(marks).join(', ')} ON CONFLICT (id) DO NOTHING`;
};
