/** The SQL of folding, prepared once. Everything here that writes belongs into a transaction of the caller. */

import type { DatabaseSync } from 'node:sqlite';
import type { SealKey } from '../../contracts/sealing.ts';
import { answererOf, withAnswerer } from './answerer.ts';
import { createColumnsDigest, digestRow } from './chain/links.ts';
import { createChainWriter } from './chain/write-chain.ts';
import type { FinishColumns, IntentColumns, LateFinish } from './journal-line.ts';
import { createSpendSums, LEVEL_TYPES } from './spend-sums.ts';

/** Gives the next number in the order of changes. */
export type NextSeq = () => number;

export interface FoldStatements {
  offsetOf(segment: string): number;
  setOffset(segment: string, offset: number): void;
  forgetOffset(segment: string): void;
  /** Runs `work` with the change counter, read before and written after; what it changed joins the chain. */
  withSeq<T>(work: (nextSeq: NextSeq) => T): T;
  /** Each returns false if the line had no effect, which no undamaged journal brings about. */
  insertRunning(nextSeq: NextSeq, runId: string, columns: IntentColumns): boolean;
  insertFinished(nextSeq: NextSeq, runId: string, columns: IntentColumns, finish: FinishColumns): boolean;
  finish(nextSeq: NextSeq, id: string, late: LateFinish): boolean;
  runsWithRunningRows(): string[];
  /** Ends at most `limit` running rows of the run as `unknown`, in their order; returns how many. */
  markUnknown(nextSeq: NextSeq, runId: string, limit: number): number;
}

/** In the order of `IntentColumns` and `FinishColumns`. */
const INTENT_NAMES = [
  ...['id', 'parent_id', 'trace_id', 'at_ms', 'kind', 'surface', 'key_id', 'key_name', 'server_id', 'name', 'target'],
  ...['client', 'arguments', 'reserved_micro_usd', 'user_id', 'team_id', 'organization_id', 'labels'],
  ...['agent_run_id', 'suggestion_id', 'authority'],
];
const FINISH_NAMES = [
  ...['result', 'error', 'result_bytes', 'total_ms', 'upstream_ms', 'policy', 'cached', 'price_micro_usd'],
  ...['input_tokens', 'output_tokens', 'cached_tokens', 'reasoning_tokens', 'first_byte_ms', 'model'],
];
const AT_MS = INTENT_NAMES.indexOf('at_ms');
const KIND = INTENT_NAMES.indexOf('kind');
const SERVER_ID = INTENT_NAMES.indexOf('server_id');
const TARGET = INTENT_NAMES.indexOf('target');
const LEVEL_IDS = LEVEL_TYPES.map((type) => INTENT_NAMES.indexOf(`${type}_id`));
const PRICE = FINISH_NAMES.indexOf('price_micro_usd');
const INTENT = ['seq', 'digest', 'run_id', ...INTENT_NAMES].join(', ');
const INTENT_MARKS = Array(INTENT_NAMES.length + 3)
  .fill('?')
  .join(', ');
const FINISH = FINISH_NAMES.join(', ');
const FINISH_MARKS = FINISH_NAMES.map(() => '?').join(', ');
/** A finish that comes after its run was taken for dead is the better knowledge. */
const IS_OPEN = "(result IS NULL OR result = 'unknown')";

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
  const insertIntent = db.prepare(`INSERT INTO trail (${INTENT}) VALUES (${INTENT_MARKS}) ON CONFLICT (id) DO NOTHING`);
  const insertRecord = db.prepare(
    `INSERT INTO trail (${INTENT}, ${FINISH}) VALUES (${INTENT_MARKS}, ${FINISH_MARKS}) ON CONFLICT (id) DO NOTHING`,
  );
  const selectOpen = db.prepare(`SELECT seq, digest FROM trail WHERE id = ? AND ${IS_OPEN}`);
  const selectRow = db.prepare('SELECT * FROM trail WHERE id = ?');
  const updateDigest = db.prepare('UPDATE trail SET digest = ? WHERE id = ?');
  const updateFinish = db.prepare(`UPDATE trail SET (seq, ${FINISH}) = (?, ${FINISH_MARKS}) WHERE id = ?`);
  /** A call of a model may be answered by another one than it was meant for. */
  const updateAnswerer = db.prepare(
    'UPDATE trail SET server_id = coalesce(?, server_id), target = coalesce(?, target) WHERE id = ?',
  );
  const digestNew = createColumnsDigest(['run_id', ...INTENT_NAMES]);
  const digestWhole = createColumnsDigest(['run_id', ...INTENT_NAMES, ...FINISH_NAMES]);

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
      chain.begin();
      sums.begin();
      const result = work(() => ++last);
      updateSeq.run(last);
      sums.write();
      chain.join();
      return result;
    },
    insertRunning(nextSeq, runId, columns) {
      const seq = nextSeq();
      const now = digestNew([runId, ...columns]);
      if (insertIntent.run(seq, now, runId, ...columns).changes !== 1) return false;
      chain.add({ seq, id: String(columns[0]), digest: now });
      return true;
    },
    insertFinished(nextSeq, runId, columns, finish) {
      const seq = nextSeq();
      const answered = withAnswerer(columns, finish);
      const now = digestWhole([runId, ...answered, ...finish]);
      if (insertRecord.run(seq, now, runId, ...answered, ...finish).changes !== 1)
        return end(seq, String(columns[0]), { columns: finish, run: null });
      const price = Number(finish[PRICE]);
      if (price > 0)
        sums.add({
          atMs: Number(answered[AT_MS]),
          kind: answered[KIND],
          serverId: answered[SERVER_ID],
          target: answered[TARGET],
          levelIds: LEVEL_IDS.map((place) => answered[place]),
          microUsd: price,
        });
      chain.add({ seq, id: String(columns[0]), digest: now });
      return true;
    },
    finish: (nextSeq, id, late) => end(nextSeq(), id, late),
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
