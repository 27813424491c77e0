/** The SQL of folding, prepared once. Everything here that writes belongs into a transaction of the caller. */

import type { DatabaseSync } from 'node:sqlite';
import type { FinishColumns, IntentColumns, LateFinish } from './journal-line.ts';

/** Gives the next number in the order of changes. */
export type NextSeq = () => number;

export interface FoldStatements {
  offsetOf(segment: string): number;
  setOffset(segment: string, offset: number): void;
  forgetOffset(segment: string): void;
  /** Runs `work` with the change counter, read before and written after. */
  withSeq<T>(work: (nextSeq: NextSeq) => T): T;
  /** Each returns false if the line had no effect, which no undamaged journal brings about. */
  insertRunning(nextSeq: NextSeq, runId: string, columns: IntentColumns): boolean;
  insertFinished(nextSeq: NextSeq, runId: string, columns: IntentColumns, finish: FinishColumns): boolean;
  finish(nextSeq: NextSeq, id: string, late: LateFinish): boolean;
  runsWithRunningRows(): string[];
  /** Ends at most `limit` running rows of the run as `unknown`, in their order; returns how many. */
  markUnknown(nextSeq: NextSeq, runId: string, limit: number): number;
}

const INTENT = `seq, run_id, id, parent_id, trace_id, at_ms, kind, surface, key_id, key_name, server_id, name, target,
  client, arguments, reserved_micro_usd, user_id, team_id, organization_id, labels, agent_run_id, suggestion_id,
  authority`;
const INTENT_MARKS = Array(23).fill('?').join(', ');
/** Its place in the columns of an intent, which begin after run_id. */
const RESERVED = 13;
const FINISH = `result, error, result_bytes, total_ms, upstream_ms, policy, cached, price_micro_usd, input_tokens,
  output_tokens, cached_tokens, reasoning_tokens, first_byte_ms, model`;
const FINISH_MARKS = Array(14).fill('?').join(', ');
/** A finish that comes after its run was taken for dead is the better knowledge. */
const IS_OPEN = "(trail.result IS NULL OR trail.result = 'unknown')";

export function createFoldStatements(db: DatabaseSync): FoldStatements {
  const selectOffset = db.prepare('SELECT offset FROM trail_segment WHERE name = ?');
  const upsertOffset = db.prepare(
    'INSERT INTO trail_segment (name, offset) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET offset = excluded.offset',
  );
  const deleteOffset = db.prepare('DELETE FROM trail_segment WHERE name = ?');
  const selectSeq = db.prepare('SELECT last FROM trail_seq');
  const updateSeq = db.prepare('UPDATE trail_seq SET last = ?');
  const insertIntent = db.prepare(`INSERT INTO trail (${INTENT}) VALUES (${INTENT_MARKS}) ON CONFLICT (id) DO NOTHING`);
  const insertRecord = db.prepare(
    `INSERT INTO trail (${INTENT}, ${FINISH}) VALUES (${INTENT_MARKS}, ${FINISH_MARKS})
     ON CONFLICT (id) DO UPDATE SET (seq, ${FINISH}) = (excluded.seq, ${FINISH.replace(/\w+/g, 'excluded.$&')})
       WHERE ${IS_OPEN}`,
  );
  const updateFinish = db.prepare(
    `UPDATE trail SET (seq, ${FINISH}) = (?, ${FINISH_MARKS}) WHERE id = ? AND ${IS_OPEN}`,
  );
  /** A call of a model may be answered by another one than it was meant for. */
  const updateAnswerer = db.prepare(
    `UPDATE trail SET server_id = coalesce(model ->> '$.attempts[#-1].provider', server_id),
       target = coalesce(model ->> '$.attempts[#-1].model', target) WHERE id = ?`,
  );
  const noteAnswerer = (id: string | number | null | undefined, finish: FinishColumns): void => {
    if (id !== undefined && finish.at(-1) !== null) updateAnswerer.run(id);
  };
  const updateRun = db.prepare('UPDATE trail SET agent_run_id = coalesce(agent_run_id, ?) WHERE id = ?');
  const selectRuns = db.prepare('SELECT DISTINCT run_id FROM trail WHERE result IS NULL');
  const selectRunning = db.prepare('SELECT row FROM trail WHERE run_id = ? AND result IS NULL ORDER BY row LIMIT ?');
  const updateUnknown = db.prepare(
    // What may have been made may have been paid for.
    "UPDATE trail SET seq = ?, result = 'unknown', price_micro_usd = reserved_micro_usd WHERE row = ?",
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
      const result = work(() => ++last);
      updateSeq.run(last);
      return result;
    },
    insertRunning: (nextSeq, runId, columns) => insertIntent.run(nextSeq(), runId, ...columns).changes === 1,
    insertFinished(nextSeq, runId, columns, finish) {
      const isNew = insertRecord.run(nextSeq(), runId, ...columns, ...finish).changes === 1;
      // One that set money aside was written before it was known who answers.
      if (isNew && columns[RESERVED] !== null) noteAnswerer(columns[0], finish);
      return isNew;
    },
    finish(nextSeq, id, { columns, run }) {
      const isKnown = updateFinish.run(nextSeq(), ...columns, id).changes === 1;
      if (isKnown) noteAnswerer(id, columns);
      if (isKnown && run !== null) updateRun.run(run, id);
      return isKnown;
    },
    runsWithRunningRows: () => selectRuns.all().map((row) => String(row.run_id)),
    markUnknown(nextSeq, runId, limit) {
      const rows = selectRunning.all(runId, limit);
      for (const { row } of rows) updateUnknown.run(nextSeq(), Number(row));
      return rows.length;
    },
  };
}
