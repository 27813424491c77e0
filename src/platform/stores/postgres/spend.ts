/** What every level has spent: sums that triggers keep beside the trail in PostgreSQL, of all replicas together. */

import type { LimitLine } from '../../../contracts/limits.ts';
import type { Log } from '../../../contracts/log.ts';
import type { Database, Query } from './open-database.ts';

const QUARTER_MS = 900_000;

/** Whether the patterns of a line speak of what was called. */
export type SpeaksOf = (
  on: readonly string[],
  target: { readonly kind: 'tool' | 'model'; readonly server: string; readonly name: string },
) => boolean;

/** By a level since then, of calls that `on` speaks of; whole quarters of an hour, also the one that was running. Micro-dollars. */
export function createReadSpent(deps: { readonly query: Query; readonly speaksOf: SpeaksOf }) {
  return async ({ level, on }: Pick<LimitLine, 'level' | 'on'>, sinceMs: number): Promise<number> => {
    const of = [level.type, level.id, Math.floor(sinceMs / QUARTER_MS) * QUARTER_MS];
    const where = 'WHERE level_type = $1 AND level_id = $2 AND at_ms >= $3';
    if (on === undefined) {
      const { rows } = await deps.query(
        `SELECT coalesce(sum(micro_usd), 0)::bigint AS spent FROM spend_by_level ${where}`,
        of,
      );
      return Number(rows[0]?.spent);
    }
    const { rows } = await deps.query(
      `SELECT kind, server_id, target, sum(micro_usd)::bigint AS spent FROM spend_by_target ${where} GROUP BY 1, 2, 3`,
      of,
    );
    return rows
      .filter((row) =>
        deps.speaksOf(on, {
          ...{ kind: row.kind === 'tool' ? 'tool' : 'model', server: String(row.server_id), name: String(row.target) },
        }),
      )
      .reduce((sum, row) => sum + Number(row.spent), 0);
  };
}

export interface SpendAtHand extends Disposable {
  /** By this key since then, as of some seconds ago. */
  spentSince(keyId: string, sinceMs: number): number;
}

const REREAD_MS = 5_000;
/** Longer than any window of the calendar; what is older is one sum. */
const KEPT_MS = 32 * 86_400_000;

/** A copy for those who cannot wait, read again every few seconds. Rejects if it cannot be read a first time. */
export async function openSpendAtHand(
  database: Pick<Database, 'query'>,
  deps: { readonly now: () => number; readonly log: Pick<Log, 'warn'> },
): Promise<SpendAtHand> {
  const read = async (): Promise<ReadonlyMap<string, readonly (readonly [atMs: number, microUsd: number])[]>> => {
    const { rows } = await database.query(
      `SELECT level_id, greatest(at_ms, $1) AS at_ms, sum(micro_usd)::bigint AS spent FROM spend_by_level
       WHERE level_type = 'key' GROUP BY 1, 2`,
      [Math.floor((deps.now() - KEPT_MS) / QUARTER_MS) * QUARTER_MS - QUARTER_MS],
    );
    const sums = new Map<string, [number, number][]>();
    for (const row of rows) {
      const key = String(row.level_id);
      const sum: [number, number] = [Number(row.at_ms), Number(row.spent)];
      const known = sums.get(key);
      if (known === undefined) sums.set(key, [sum]);
      else known.push(sum);
    }
    return sums;
  };
  let sums = await read();
  let isReading = false;
  const timer = setInterval(() => {
    if (isReading) return;
    isReading = true;
    read()
      .then((next) => {
        sums = next;
      })
      .catch((error: unknown) => deps.log.warn('what was spent cannot be read for now', { error: String(error) }))
      .finally(() => {
        isReading = false;
      });
  }, REREAD_MS).unref();
  return {
    spentSince: (keyId, sinceMs) =>
      (sums.get(keyId) ?? []).reduce(
        (sum, [atMs, microUsd]) => (sinceMs <= 0 || atMs >= sinceMs ? sum + microUsd : sum),
        0,
      ),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
