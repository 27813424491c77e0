/** Reads the trail in PostgreSQL: of all replicas, beside running gateways or without one. */

import type { SealKeys } from '../../../contracts/sealing.ts';
import type { TrailFilter } from '../../../contracts/trail.ts';
import type { Database } from '../../stores/postgres/open-database.ts';
import { type AuthorityReport, verifyAuthority } from '../chain/verify-authority.ts';
import { type ChainReport, type KnownHead, verifyChain } from '../chain/verify-chain.ts';
import type { FoldReport } from '../fold.ts';
import { type CostGroup, type CostSum, costsQuery, readCostSum } from '../sum-costs.ts';
import { conditionsOf } from '../trail-conditions.ts';
import { parseTrailRow, type SeqRow } from '../trail-row.ts';
import type { SpendReport } from '../verify-spend.ts';
import { isSigned } from './chain.ts';
import { createPostgresFold } from './fold.ts';
import { verifyPostgresSpend } from './verify-spend.ts';

/** As `TrailReader` for SQLite, but for the waiting. */
export interface PostgresTrailReader {
  query(filter: TrailFilter): AsyncIterableIterator<SeqRow>;
  newest(filter: TrailFilter, beforeSeq: number | undefined, limit: number): Promise<readonly SeqRow[]>;
  costs(by: CostGroup, filter: TrailFilter): Promise<readonly CostSum[]>;
  verifyChain(heads: readonly KnownHead[]): Promise<ChainReport>;
  verifyAuthority(): Promise<AuthorityReport>;
  /** Takes in what the journals of this data directory hold; those of other replicas are theirs to fold. */
  fold(): Promise<FoldReport>;
  /** Adds up the trail anew and compares the ledger with it. */
  verifySpend(): Promise<SpendReport>;
}

const PAGE_ROWS = 500;
const VERIFY_TIMEOUT_MS = 600_000;

/**
 * `local`: whose journals are folded; undefined: there are none here. `keys` sign what is folded; who has none where the chain is
 * signed folds nothing. Leaves the database open.
 */
export function createPostgresTrailReader(
  database: Database,
  local: { readonly journalDir: string; readonly replicaId: string } | undefined,
  keys?: SealKeys,
): PostgresTrailReader {
  const folding = local && createPostgresFold({ database, ...local, ownRunId: undefined, key: keys?.current });
  const fold = async (): Promise<FoldReport> =>
    folding === undefined || (keys === undefined && (await isSigned(database.query)))
      ? { folded: 0, skipped: 0, unknown: 0 }
      : folding();
  return {
    query: (filter) => readPages(database, filter),
    async newest(filter, beforeSeq, limit) {
      const conditions = conditionsOf(filter, 'postgres');
      const where = ['seq < ?', ...conditions.map(({ sql }) => sql)].join(' AND ');
      const values = conditions.flatMap((condition) => condition.values);
      const page = numbered(`SELECT * FROM trail WHERE ${where} ORDER BY seq DESC LIMIT ?`);
      const { rows } = await database.query(page, [beforeSeq ?? Number.MAX_SAFE_INTEGER, ...values, limit]);
      return rows.map(parseTrailRow);
    },
    async costs(by, filter) {
      const { sql, values } = costsQuery(by, filter, 'postgres');
      return (await database.query(numbered(sql), values)).rows.map((row) => readCostSum(row, by));
    },
    verifyAuthority: () =>
      database.transaction(
        (query) => verifyAuthority(async (sql, values) => (await query(numbered(sql), values)).rows),
        { isSnapshot: true, statementTimeoutMs: VERIFY_TIMEOUT_MS },
      ),
    verifyChain: (heads) =>
      database.transaction(
        (query) => verifyChain(async (sql, values) => (await query(numbered(sql), values)).rows, keys, heads),
        { isSnapshot: true, statementTimeoutMs: VERIFY_TIMEOUT_MS },
      ),
    fold,
    verifySpend: () => verifyPostgresSpend(database),
  };
}

async function* readPages({ query }: Database, filter: TrailFilter): AsyncIterableIterator<SeqRow> {
  const follows = filter.afterSeq !== undefined;
  const order = follows ? 'seq' : 'row';
  const conditions = conditionsOf(filter, 'postgres');
  const where = conditions.map((condition) => ` AND ${condition.sql}`).join('');
  const values = conditions.flatMap((condition) => condition.values);
  let after = filter.afterSeq ?? 0;
  let left = filter.limit ?? Number.POSITIVE_INFINITY;
  if (!follows && filter.limit !== undefined) {
    const first = await query(numbered(`SELECT row FROM trail WHERE true${where} ORDER BY row DESC LIMIT 1 OFFSET ?`), [
      ...values,
      Math.max(filter.limit - 1, 0),
    ]);
    const row = first.rows[0]?.row;
    if (typeof row === 'number') after = row - 1;
  }
  const page = numbered(`SELECT * FROM trail WHERE ${order} > ?${where} ORDER BY ${order} LIMIT ?`);
  while (left > 0) {
    const { rows } = await query(page, [after, ...values, Math.min(PAGE_ROWS, left)]);
    for (const row of rows) yield parseTrailRow(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return;
    after = Number(last[order]);
    left -= rows.length;
  }
}

function numbered(sql: string): string {
  let count = 0;
  return sql.replaceAll('?', () => `$${++count}`);
}
