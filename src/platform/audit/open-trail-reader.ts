/** Reads the trail, beside a running gateway or without one. What `portcullis audit` stands on. */

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { SealKeys } from '../../contracts/sealing.ts';
import type { TrailFilter } from '../../contracts/trail.ts';
import { openStore } from '../stores/sqlite/open-store.ts';
import { type AuthorityReport, verifyAuthority } from './chain/verify-authority.ts';
import { type ChainReport, type KnownHead, verifyChain } from './chain/verify-chain.ts';
import { createFold, type FoldReport } from './fold.ts';
import { type CostGroup, type CostSum, sumCosts } from './sum-costs.ts';
import { conditionsOf } from './trail-conditions.ts';
import { parseTrailRow, type SeqRow } from './trail-row.ts';
import { type SpendReport, verifySpend } from './verify-spend.ts';

export interface TrailReader extends Disposable {
  /**
   * Without `afterSeq`: every matching row once, in the order calls were recorded; `limit` keeps the newest.
   * With `afterSeq`: the rows whose call ended (never running ones) with a higher `seq`, in that order; `limit` keeps the
   * oldest. `key` is an id or a name, `name` the exposed or the server's own one; in `name`, `server` and `key` a `*`
   * stands for any run of characters. Rows are read page by page: a slow consumer holds no lock.
   */
  query(filter: TrailFilter): IterableIterator<SeqRow>;
  /** Matching rows, the highest `seq` first, below `beforeSeq`: for pages that begin with the newest. */
  newest(filter: TrailFilter, beforeSeq: number | undefined, limit: number): readonly SeqRow[];
  /** What the calls of tools and models that match cost, added up. */
  costs(by: CostGroup, filter: TrailFilter): readonly CostSum[];
  /** Adds up the rows anew and compares the ledger with them. */
  verifySpend(): SpendReport;
  /** Holds every row against the chain; heads that were seen earlier must still be in it. */
  verifyChain(heads: readonly KnownHead[]): Promise<ChainReport>;
  /** Whether each call that was carried out had its rule or its approval. */
  verifyAuthority(): Promise<AuthorityReport>;
  /** Takes in what the journal holds and no one has folded; calls of dead runs become `unknown`. */
  fold(): FoldReport;
  close(): void;
}

const PAGE_ROWS = 500;

/** Throws if there is no such directory, or it is not ours to read. */
/** `keys` sign what is folded; who has none where the chain is signed folds nothing. */
export function openTrailReader(dataDir: string, keys?: SealKeys): TrailReader {
  if (!existsSync(dataDir)) throw new Error(`there is no data directory ${dataDir}`);
  const journalDir = join(dataDir, 'journal');
  mkdirSync(journalDir, { recursive: true, mode: 0o700 });
  const db = openStore(dataDir);
  const folding = createFold({ db, journalDir, ownRunId: undefined, key: keys?.current });
  const isSigned = (): boolean =>
    db.prepare('SELECT 1 FROM trail_chain_base WHERE mac IS NOT NULL').get() !== undefined;
  const fold = (): FoldReport => (keys === undefined && isSigned() ? NOTHING_FOLDED : folding());
  const close = (): void => {
    if (db.isOpen) db.close();
  };
  return {
    query: (filter) => readPages(db, filter),
    newest(filter, beforeSeq, limit) {
      const conditions = conditionsOf(filter);
      const where = ['seq < ?', ...conditions.map(({ sql }) => sql)].join(' AND ');
      const values = conditions.flatMap((condition) => condition.values);
      const page = db.prepare(`SELECT * FROM trail WHERE ${where} ORDER BY seq DESC LIMIT ?`);
      return page.all(beforeSeq ?? Number.MAX_SAFE_INTEGER, ...values, limit).map(parseTrailRow);
    },
    costs: (by, filter) => sumCosts(db, by, filter),
    verifySpend: () => verifySpend(db),
    verifyAuthority: () => verifyAuthority((sql, values) => db.prepare(sql).all(...values)),
    async verifyChain(heads) {
      // One picture: a fold beside it cannot come between.
      db.exec('BEGIN');
      try {
        return await verifyChain((sql, values) => db.prepare(sql).all(...values), keys, heads);
      } finally {
        db.exec('COMMIT');
      }
    },
    fold: () => fold(),
    close,
    [Symbol.dispose]: close,
  };
}

const NOTHING_FOLDED: FoldReport = { folded: 0, skipped: 0, unknown: 0 };

function* readPages(db: DatabaseSync, filter: TrailFilter): IterableIterator<SeqRow> {
  const follows = filter.afterSeq !== undefined;
  const order = follows ? 'seq' : 'row';
  const conditions = conditionsOf(filter);
  const where = conditions.map((condition) => ` AND ${condition.sql}`).join('');
  const values = conditions.flatMap((condition) => condition.values);
  let after = filter.afterSeq ?? 0;
  let left = filter.limit ?? Number.POSITIVE_INFINITY;
  if (!follows && filter.limit !== undefined) {
    const first = db.prepare(`SELECT row FROM trail WHERE 1${where} ORDER BY row DESC LIMIT 1 OFFSET ?`);
    const row = first.get(...values, Math.max(filter.limit - 1, 0))?.row;
    if (typeof row === 'number') after = row - 1;
  }
  const page = db.prepare(`SELECT * FROM trail WHERE ${order} > ?${where} ORDER BY ${order} LIMIT ?`);
  while (left > 0) {
    const rows = page.all(after, ...values, Math.min(PAGE_ROWS, left));
    for (const row of rows) yield parseTrailRow(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return;
    after = Number(last[order]);
    left -= rows.length;
  }
}
