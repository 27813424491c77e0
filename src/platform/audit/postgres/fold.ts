/**
 * Folds the journal of this data directory into the trail in PostgreSQL: exactly once, whoever folds and wherever the connection
 * breaks, because how far a segment is folded is read and written in the transaction of its rows.
 */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SealKey } from '../../../contracts/sealing.ts';
import { moveOn } from '../../stores/postgres/follow-changes.ts';
import type { Database, Query } from '../../stores/postgres/open-database.ts';
import { collectLines } from '../apply-lines.ts';
import type { FoldReport } from '../fold.ts';
import { CHUNK_BYTES, fileSize, listRuns, listSegments, readAt, runOf, takeLines } from '../journal-files.ts';
import { type RunEnd, takeRunLock } from '../run-lock.ts';
import { extendChain } from './chain.ts';
import { markUnknown, writeFinishes, writeRows } from './write-rows.ts';

/** Of rows that became unknown, in one transaction. */
const ROWS_PER_TRANSACTION = 500;

export interface PostgresFoldOptions {
  readonly database: Database;
  readonly journalDir: string;
  /** Of this data directory: no two may have the same. */
  readonly replicaId: string;
  /** The run of this very process, which is not over however its lock looks. */
  readonly ownRunId: string | undefined;
  /** Signs the chain; undefined: nobody does. */
  readonly key?: SealKey | undefined;
}

/** Folds what there is, as `Fold` does. One at a time. */
export type PostgresFold = (ownRunEnds?: boolean) => Promise<FoldReport>;

/** Prepares a fold that can be run again and again. */
export function createPostgresFold(options: PostgresFoldOptions): PostgresFold {
  const { database, journalDir, replicaId, ownRunId, key } = options;
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  /** What is known of segments of this run, which nobody else folds while it lasts: looked up once. */
  const known = new Map<string, number>();

  return async (ownRunEnds = false) => {
    const report = { folded: 0, skipped: 0, unknown: 0 };
    const foldOne = async (runId: string, isOver: boolean): Promise<void> => {
      // Listed only now: a run that is over may have written more since anything was listed before.
      await foldRun(listSegments(journalDir, runId), isOver, report);
      if (isOver) report.unknown += await endRun(runId);
    };
    for (const runId of [...new Set([...listRuns(journalDir), ...(await runsWithRunningRows())])].sort()) {
      const end: RunEnd | undefined = runId === ownRunId ? undefined : takeRunLock(journalDir, runId);
      try {
        await foldOne(runId, end?.isOver ?? ownRunEnds);
        end?.done();
      } finally {
        end?.release();
      }
    }
    return report;
  };

  async function runsWithRunningRows(): Promise<string[]> {
    const { rows } = await database.query(
      'SELECT DISTINCT run_id FROM trail WHERE replica_id = $1 AND result IS NULL',
      [replicaId],
    );
    return rows.map((row) => String(row.run_id));
  }

  async function foldRun(
    segments: readonly string[],
    isOver: boolean,
    report: { folded: number; skipped: number },
  ): Promise<void> {
    for (const [index, name] of segments.entries()) {
      const isClosed = isOver || index < segments.length - 1;
      await foldSegment(name, isClosed, report);
      if (isClosed) await removeSegment(name);
    }
  }

  async function foldSegment(
    name: string,
    isClosed: boolean,
    report: { folded: number; skipped: number },
  ): Promise<void> {
    const path = join(journalDir, name);
    // Without asking the database first: usually there is nothing new.
    if (fileSize(path) <= (known.get(name) ?? 0)) return;
    for (;;) {
      const step = await database.transaction(async (query) => {
        const offset = await lockSegment(query, name);
        // Whoever removes a segment does so in a transaction, so while we are in ours it is there or gone for good.
        if (!existsSync(path)) {
          await forgetSegment(query, name);
          return { consumed: 0, offset, folded: 0, skipped: 0 };
        }
        const { lines, consumed, fragments } = takeLines(chunk.subarray(0, readAt(path, offset, chunk)), isClosed);
        if (consumed === 0) return { consumed, offset, folded: 0, skipped: 0 };
        const { folded, skipped } = await writeLines(query, runOf(name), lines);
        await query('UPDATE trail_segment SET read_bytes = $3 WHERE replica_id = $1 AND name = $2', [
          ...[replicaId, name, offset + consumed],
        ]);
        return { consumed, offset: offset + consumed, folded, skipped: skipped + fragments };
      });
      // Counted once it is known to be there.
      known.set(name, step.offset);
      report.folded += step.folded;
      report.skipped += step.skipped;
      if (step.consumed === 0) return;
    }
  }

  async function writeLines(
    query: Query,
    runId: string,
    lines: readonly string[],
  ): Promise<{ readonly folded: number; readonly skipped: number }> {
    const { rows, finishes, skipped } = collectLines(lines);
    const count = rows.size + finishes.size;
    if (count === 0) return { folded: lines.length - skipped, skipped };
    const firstSeq = (await moveOn(query, database.schema, 'trail', count)) - count + 1;
    const ended = await writeFinishes(query, firstSeq, finishes);
    const written = await writeRows(query, { replicaId, runId, firstSeq: firstSeq + finishes.size }, rows);
    await extendChain(query, key, firstSeq);
    const without = skipped + count - ended - written;
    return { folded: lines.length - without, skipped: without };
  }

  async function endRun(runId: string): Promise<number> {
    let marked = 0;
    for (;;) {
      const now = await database.transaction(async (query) => {
        const last = await moveOn(query, database.schema, 'trail', ROWS_PER_TRANSACTION);
        const firstSeq = last - ROWS_PER_TRANSACTION + 1;
        const unknown = await markUnknown(query, { replicaId, runId, firstSeq }, ROWS_PER_TRANSACTION);
        if (unknown > 0) await extendChain(query, key, firstSeq);
        return unknown;
      });
      marked += now;
      if (now < ROWS_PER_TRANSACTION) return marked;
    }
  }

  /** How far it is folded; nobody else folds or removes it until the transaction ends. */
  async function lockSegment(query: Query, name: string): Promise<number> {
    const { rows } = await query(
      `INSERT INTO trail_segment AS s (replica_id, name, read_bytes) VALUES ($1, $2, 0)
       ON CONFLICT (replica_id, name) DO UPDATE SET read_bytes = s.read_bytes RETURNING read_bytes`,
      [replicaId, name],
    );
    return Number(rows[0]?.read_bytes);
  }

  async function forgetSegment(query: Query, name: string): Promise<void> {
    await query('DELETE FROM trail_segment WHERE replica_id = $1 AND name = $2', [replicaId, name]);
  }

  /** What is folded is on the disk of the server: a transaction that was confirmed is (unless it was set up otherwise). */
  async function removeSegment(name: string): Promise<void> {
    const path = join(journalDir, name);
    if (!existsSync(path)) return;
    await database.transaction(async (query) => {
      if (fileSize(path) > (await lockSegment(query, name))) return;
      rmSync(path, { force: true });
      await forgetSegment(query, name);
    });
    known.delete(name);
  }
}
