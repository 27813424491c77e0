/** What the folding worker does where the trail is in PostgreSQL. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DatabaseOptions, openDatabase } from '../../stores/postgres/open-database.ts';
import type { KnownHead } from '../chain/verify-chain.ts';
import type { FoldReport } from '../fold.ts';
import type { Retention } from '../retain.ts';
import { readHead } from './chain.ts';
import { createPostgresFold } from './fold.ts';
import { noteReplica, retainInPostgres } from './retain.ts';

/** How a worker folds: the same words as for SQLite. */
export interface PostgresFolding extends AsyncDisposable {
  fold(ends: boolean): Promise<FoldReport>;
  head(): Promise<KnownHead>;
  retain(nowMs: number): Promise<{ readonly deleted: number; readonly unknown: number; readonly more: boolean }>;
}

/** Its own connection: one is enough for one thread that does one thing at a time. */
export async function openPostgresFolding(
  options: Retention & {
    readonly database: DatabaseOptions;
    readonly replicaId: string;
    readonly dataDir: string;
    readonly runId: string;
  },
): Promise<PostgresFolding> {
  const journalDir = join(options.dataDir, 'journal');
  mkdirSync(journalDir, { recursive: true, mode: 0o700 });
  // What goes wrong is told with the fold that it stopped.
  const database = await openDatabase({ ...options.database, poolSize: 1 }, { warn: () => undefined });
  const fold = createPostgresFold({
    database,
    journalDir,
    replicaId: options.replicaId,
    ownRunId: options.runId,
    key: options.key,
  });
  return {
    fold,
    head: () => readHead(database.query),
    async retain(nowMs) {
      await noteReplica(database, options.replicaId);
      return retainInPostgres(database, options, nowMs);
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
