/** The worker thread that folds the journal and keeps the trail within its bounds, away from the event loop that serves calls. */

import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { openStore } from '../stores/sqlite/open-store.ts';
import { createFold, type FoldReport } from './fold.ts';
import { type Retention, retain } from './retain.ts';

export interface FoldWorkerData extends Retention {
  readonly dataDir: string;
  readonly runId: string;
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

function serve(port: NonNullable<typeof parentPort>, data: FoldWorkerData): void {
  const db = openStore(data.dataDir);
  const fold = createFold({ db, journalDir: join(data.dataDir, 'journal'), ownRunId: data.runId });
  let retainAtMs = 0;

  const work = (request: FoldRequest): FoldReply => {
    const report = fold(request.ends);
    let deleted = 0;
    // The distance is taken without its sign: a clock that was set back must not stop retention.
    if (Math.abs(request.nowMs - retainAtMs) >= RETAIN_EVERY_MS) {
      const retained = retain(db, data, request.nowMs);
      deleted = retained.deleted;
      retainAtMs = retained.more ? 0 : request.nowMs;
    }
    return { type: 'done', report, deleted };
  };

  port.on('message', (request: FoldRequest) => {
    let reply: FoldReply;
    try {
      reply = work(request);
    } catch (error) {
      reply = { type: 'failed', message: error instanceof Error ? error.message : String(error) };
    }
    if (request.ends) db.close();
    port.postMessage(reply);
    if (request.ends) port.close();
  });
  port.postMessage({ type: 'ready' } satisfies FoldReply);
}

if (parentPort !== null) serve(parentPort, workerData as FoldWorkerData);
