/** The worker thread that folds the journal and keeps the trail within its bounds, away from the event loop that serves calls. */

import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { DatabaseOptions } from '../stores/postgres/open-database.ts';
import { openStore } from '../stores/sqlite/open-store.ts';
import { writeHead } from './chain/head-file.ts';
import type { KnownHead } from './chain/verify-chain.ts';
import { createChainWriter } from './chain/write-chain.ts';
import { createFold, type FoldReport } from './fold.ts';
import { openPostgresFolding } from './postgres/serve-fold.ts';
import { type Retention, retain } from './retain.ts';

export interface FoldWorkerData extends Retention {
  readonly dataDir: string;
  readonly runId: string;
  /** Where the trail is, if not in the data directory. */
  readonly postgres?: { readonly database: DatabaseOptions; readonly replicaId: string } | undefined;
}

/** `ends`: the run writes no more; fold the rest and close. */
export interface FoldRequest {
  readonly nowMs: number;
  readonly ends: boolean;
}

export type FoldReply =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly report: FoldReport; readonly deleted: number }
  | { readonly type: 'failed'; readonly message: string };

const RETAIN_EVERY_MS = 60_000;

interface Folding {
  fold(ends: boolean): FoldReport | Promise<FoldReport>;
  retain(nowMs: number): Retained | Promise<Retained>;
  head(): KnownHead | Promise<KnownHead>;
  close(): void | Promise<void>;
}

interface Retained {
  readonly deleted: number;
  readonly unknown?: number;
  readonly more: boolean;
}

async function serve(port: NonNullable<typeof parentPort>, data: FoldWorkerData): Promise<void> {
  const folding = data.postgres === undefined ? openSqliteFolding(data) : await openPostgres(data, data.postgres);
  let retainAtMs = 0;

  const work = async (request: FoldRequest): Promise<FoldReply> => {
    const report = await folding.fold(request.ends);
    if (report.folded + report.unknown > 0) writeHead(data.dataDir, await folding.head());
    // The distance is taken without its sign: a clock that was set back must not stop retention.
    if (Math.abs(request.nowMs - retainAtMs) < RETAIN_EVERY_MS) return { type: 'done', report, deleted: 0 };
    const { deleted, unknown = 0, more } = await folding.retain(request.nowMs);
    retainAtMs = more ? 0 : request.nowMs;
    if (deleted > 0) writeHead(data.dataDir, await folding.head());
    return { type: 'done', report: { ...report, unknown: report.unknown + unknown }, deleted };
  };

  const answer = async (request: FoldRequest): Promise<void> => {
    const reply = await work(request).catch(
      (error: unknown): FoldReply => ({ type: 'failed', message: reasonOf(error) }),
    );
    if (request.ends) await folding.close();
    port.postMessage(reply);
    if (request.ends) port.close();
  };

  // One at a time: the other side waits for the reply before it asks again.
  port.on('message', (request: FoldRequest) => void answer(request));
  port.postMessage({ type: 'ready' } satisfies FoldReply);
}

function openSqliteFolding(data: FoldWorkerData): Folding {
  const db = openStore(data.dataDir);
  const fold = createFold({ db, journalDir: join(data.dataDir, 'journal'), ownRunId: data.runId, key: data.key });
  const { head } = createChainWriter(db, undefined);
  return { fold, head, retain: (nowMs) => retain(db, data, nowMs), close: () => db.close() };
}

async function openPostgres(data: FoldWorkerData, postgres: NonNullable<FoldWorkerData['postgres']>): Promise<Folding> {
  const folding = await openPostgresFolding({ ...data, ...postgres });
  return { ...folding, close: () => Promise.resolve(folding[Symbol.asyncDispose]()).catch(() => undefined) };
}

/** Where several addresses were tried, the error itself says nothing. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

if (parentPort !== null) await serve(parentPort, workerData as FoldWorkerData);
