/**
 * Folds the journal into the trail table: exactly once, whoever folds, because how far a segment is folded is read and
 * written in the transaction of its rows. The gateway's worker and `portcullis audit` run the same code, also at once.
 */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { SealKey } from '../../contracts/sealing.ts';
import { inTransaction } from '../stores/sqlite/open-database.ts';
import { applyLines } from './apply-lines.ts';
import { createFoldStatements, type FoldStatements } from './fold-statements.ts';
import { CHUNK_BYTES, fileSize, listRuns, listSegments, readAt, runOf, takeLines } from './journal-files.ts';
import { withRunLock } from './run-lock.ts';

/** What one fold did. */
export interface FoldReport {
  /** Lines that began or ended a call. */
  readonly folded: number;
  /** Damaged lines, or parts of one, that were skipped. */
  readonly skipped: number;
  /** Calls of runs that are over without a finish: their result is now `unknown`. */
  readonly unknown: number;
}

/** Of rows that became unknown, in one transaction. */
const ROWS_PER_TRANSACTION = 500;
export interface FoldOptions {
  readonly db: DatabaseSync;
  readonly journalDir: string;
  /** The run of this very process, which is not over however its lock looks. */
  readonly ownRunId: string | undefined;
  /** Signs the chain; undefined: nobody does. */
  readonly key?: SealKey | undefined;
}

/** Folds what there is. `ownRunEnds` says that this process writes no more lines: its run is over, too. Default false. */
export type Fold = (ownRunEnds?: boolean) => FoldReport;

/** Prepares a fold that can be run again and again. */
export function createFold(options: FoldOptions): Fold {
  const { db, journalDir } = options;
  const statements = createFoldStatements(db, options.key);
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);

  return (ownRunEnds = false) => {
    const report = { folded: 0, skipped: 0, unknown: 0 };
    const foldOne = (runId: string, isOver: boolean): void => {
      // Listed only now: a run that is over may have written more since anything was listed before.
      foldRun(listSegments(journalDir, runId), isOver, report);
      if (isOver) report.unknown += markUnknown(db, statements, runId);
    };
    const runIds = new Set([...listRuns(journalDir), ...statements.runsWithRunningRows()]);
    for (const runId of [...runIds].sort()) {
      if (runId === options.ownRunId) foldOne(runId, ownRunEnds);
      else withRunLock(journalDir, runId, (isOver) => foldOne(runId, isOver));
    }
    return report;
  };

  function foldRun(names: readonly string[], isOver: boolean, report: { folded: number; skipped: number }): void {
    const finished: string[] = [];
    names.forEach((name, index) => {
      const isClosed = isOver || index < names.length - 1;
      foldSegment(name, isClosed, report);
      if (isClosed) finished.push(name);
    });
    if (finished.length > 0) removeSegments(finished);
  }

  function foldSegment(name: string, isClosed: boolean, report: { folded: number; skipped: number }): void {
    const path = join(journalDir, name);
    // Without a lock first: usually there is nothing new.
    if (fileSize(path) <= statements.offsetOf(name)) return;
    for (;;) {
      const more = inTransaction(db, () => {
        // Whoever removes a segment does so in a transaction, so while we are in ours it is there or gone for good.
        if (!existsSync(path)) return false;
        const offset = statements.offsetOf(name);
        const bytes = readAt(path, offset, chunk);
        const step = takeLines(chunk.subarray(0, bytes), isClosed);
        const { skipped } = statements.withSeq((nextSeq) => applyLines(statements, nextSeq, runOf(name), step.lines));
        report.folded += step.lines.length - skipped;
        report.skipped += skipped;
        report.skipped += step.fragments;
        if (step.consumed > 0) statements.setOffset(name, offset + step.consumed);
        return step.consumed > 0;
      });
      if (!more) return;
    }
  }

  /** Only once the rows are on the disk, and not merely in a log that a power loss may take: else they are kept for later. */
  function removeSegments(names: readonly string[]): void {
    const state = db.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
    if (state?.busy !== 0 || state.log !== state.checkpointed) return;
    inTransaction(db, () => {
      for (const name of names) {
        const path = join(journalDir, name);
        if (fileSize(path) > statements.offsetOf(name)) continue;
        rmSync(path, { force: true });
        statements.forgetOffset(name);
      }
    });
  }
}

function markUnknown(db: DatabaseSync, statements: FoldStatements, runId: string): number {
  let marked = 0;
  for (;;) {
    const now = inTransaction(db, () =>
      statements.withSeq((nextSeq) => statements.markUnknown(nextSeq, runId, ROWS_PER_TRANSACTION)),
    );
    marked += now;
    if (now === 0) return marked;
  }
}
