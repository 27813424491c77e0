/** Reads the trail, beside a running gateway or without one. What `portcullis audit` stands on. */

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { CallKind } from '../../contracts/call.ts';
import type { PolicyNote } from '../../contracts/policy.ts';
import type { ModelNote, ResultClass, TrailFilter, TrailRow } from '../../contracts/trail.ts';
import { openStore } from '../stores/sqlite/open-store.ts';
import { createFold, type FoldReport } from './fold.ts';
import { type CostGroup, type CostSum, sumCosts } from './sum-costs.ts';
import { conditionsOf } from './trail-conditions.ts';
import { type SpendReport, verifySpend } from './verify-spend.ts';

/**
 * A row and where it stands in the order of changes. `seq` is given when the row is made and given anew, higher, when its
 * call ends (or is found to be unknown), so the highest one seen is the cursor from which to follow.
 */
export type SeqRow = TrailRow & { readonly seq: number };

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
  /** Takes in what the journal holds and no one has folded; calls of dead runs become `unknown`. */
  fold(): FoldReport;
  close(): void;
}

const PAGE_ROWS = 500;

/** Throws if there is no such directory, or it is not ours to read. */
export function openTrailReader(dataDir: string): TrailReader {
  if (!existsSync(dataDir)) throw new Error(`there is no data directory ${dataDir}`);
  const journalDir = join(dataDir, 'journal');
  mkdirSync(journalDir, { recursive: true, mode: 0o700 });
  const db = openStore(dataDir);
  const fold = createFold({ db, journalDir, ownRunId: undefined });
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
      return page.all(beforeSeq ?? Number.MAX_SAFE_INTEGER, ...values, limit).map(parseRow);
    },
    costs: (by, filter) => sumCosts(db, by, filter),
    verifySpend: () => verifySpend(db),
    fold: () => fold(),
    close,
    [Symbol.dispose]: close,
  };
}

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
    for (const row of rows) yield parseRow(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return;
    after = Number(last[order]);
    left -= rows.length;
  }
}

function parseRow(row: { readonly [column: string]: unknown }): SeqRow {
  const text = (column: string): string | undefined => {
    const value = row[column];
    return typeof value === 'string' ? value : undefined;
  };
  const number = (column: string): number | undefined => {
    const value = row[column];
    return typeof value === 'number' ? value : undefined;
  };
  const policy = parseOwn<PolicyNote>(text('policy'));
  const model = parseModel(text('model'), number);
  return {
    seq: number('seq') ?? 0,
    id: text('id') ?? '',
    parentId: text('parent_id'),
    traceId: text('trace_id') ?? '',
    atMs: number('at_ms') ?? 0,
    kind: text('kind') as CallKind,
    surface: text('surface') ?? '',
    keyId: text('key_id'),
    keyName: text('key_name'),
    serverId: text('server_id'),
    name: text('name') ?? '',
    target: text('target'),
    client: text('client'),
    arguments: text('arguments'),
    result: text('result') as ResultClass | undefined,
    error: text('error'),
    resultBytes: number('result_bytes'),
    totalMs: number('total_ms'),
    upstreamMs: number('upstream_ms'),
    ...parseBelonging(text),
    ...(policy === undefined ? {} : { policy }),
    ...(row.cached === 1 && { cached: true }),
    ...(typeof row.price_micro_usd === 'number' && { priceMicroUsd: row.price_micro_usd }),
    ...(model && { model }),
  };
}

/** Whom the call counts for above its key, as far as there is anybody. */
function parseBelonging(text: (column: string) => string | undefined): Partial<TrailRow> {
  const [userId, teamId, organizationId] = ['user_id', 'team_id', 'organization_id'].map(text);
  const labels = parseOwn<{ readonly [label: string]: string }>(text('labels'));
  return {
    ...(userId !== undefined && { userId }),
    ...(teamId !== undefined && { teamId }),
    ...(organizationId !== undefined && { organizationId }),
    ...(labels !== undefined && { labels }),
  };
}

/** The note as it was, from its columns and its text. */
function parseModel(text: string | undefined, number: (column: string) => number | undefined): ModelNote | undefined {
  const note = parseOwn<ModelNote>(text);
  const inputTokens = number('input_tokens');
  if (note === undefined) return undefined;
  const cachedTokens = number('cached_tokens');
  const reasoningTokens = number('reasoning_tokens');
  const firstByteMs = number('first_byte_ms');
  return {
    ...note,
    ...(inputTokens !== undefined && {
      usage: {
        ...{ inputTokens, outputTokens: number('output_tokens') ?? 0 },
        ...(cachedTokens !== undefined && { cachedTokens }),
        ...(reasoningTokens !== undefined && { reasoningTokens }),
        ...note.usage,
      },
    }),
    ...(firstByteMs !== undefined && { firstByteMs }),
  };
}

/** Written by ourselves, so what does not read is damage, and shown as none. */
function parseOwn<T>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
