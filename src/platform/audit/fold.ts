/**
 * Folds the journal into the trail table: exactly once, whoever folds, because how far a segment is folded is read and
 * written in the transaction of its rows. The gateway's worker and `portcullis audit` run the same code, also at once.
 */

import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from '../stores/sqlite/open-database.ts';
import { applyLines } from './apply-lines.ts';
import { createFoldStatements, type FoldStatements } from './fold-statements.ts';
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
/**
 * What one transaction takes: some 2,000 calls, whose fixed costs are shared and whose intent and finish mostly meet. Larger
 * than any line (16 KiB of arguments, twelve bounded fields), so a chunk without a line feed is damage.
 */
const CHUNK_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;

export interface FoldOptions {
  readonly db: DatabaseSync;
  readonly journalDir: string;
  /** The run of this very process, which is not over however its lock looks. */
  readonly ownRunId: string | undefined;
}

/** Folds what there is. `ownRunEnds` says that this process writes no more lines: its run is over, too. Default false. */
export type Fold = (ownRunEnds?: boolean) => FoldReport;

/** Prepares a fold that can be run again and again. */
export function createFold(options: FoldOptions): Fold {
  const { db, journalDir } = options;
  const statements = createFoldStatements(db);
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

/** Runs that left anything in the directory, if only a lock. */
function listRuns(journalDir: string): string[] {
  return readdirSync(journalDir)
    .filter((name) => /^[0-9a-z]+(-\d{6,}\.jsonl|\.lock)$/.test(name))
    .map(runOf);
}

/** The segments of one run in the order they were written. */
function listSegments(journalDir: string, runId: string): string[] {
  return readdirSync(journalDir)
    .filter((name) => name.startsWith(`${runId}-`) && name.endsWith('.jsonl'))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
}

function runOf(name: string): string {
  return name.slice(0, name.search(/[-.]/));
}

function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function readAt(path: string, offset: number, into: Buffer): number {
  const fd = openSync(path, 'r');
  try {
    if (fstatSync(fd).size <= offset) return 0;
    return readSync(fd, into, 0, into.length, offset);
  } finally {
    closeSync(fd);
  }
}

/** Whole lines of the chunk. What follows the last line feed waits, or is torn. */
function takeLines(chunk: Buffer, isClosed: boolean): { lines: string[]; consumed: number; fragments: number } {
  const end = chunk.lastIndexOf(LINE_FEED);
  if (end !== -1) return { lines: chunk.toString('utf8', 0, end).split('\n'), consumed: end + 1, fragments: 0 };
  const isTorn = chunk.length > 0 && (isClosed || chunk.length === CHUNK_BYTES);
  return { lines: [], consumed: isTorn ? chunk.length : 0, fragments: isTorn ? 1 : 0 };
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
