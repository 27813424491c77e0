/** What new rows of the trail cost, added up until their transaction ends: one change of the ledger for all that a level spent on a target. */

import type { DatabaseSync } from 'node:sqlite';

/** Those a row may count for; its columns are `<type>_id`. */
export const LEVEL_TYPES = ['key', 'user', 'team', 'organization'] as const;

/** What of a row the ledger goes by. */
export interface PricedRow {
  readonly atMs: number;
  readonly kind: unknown;
  readonly serverId: unknown;
  readonly target: unknown;
  /** In the order of `LEVEL_TYPES`; null: it counts for none such. */
  readonly levelIds: readonly unknown[];
  /** Above 0. */
  readonly microUsd: number;
}

interface Sum {
  readonly of: readonly [
    levelType: string,
    levelId: string,
    atMs: number,
    kind: string,
    serverId: string,
    target: string,
  ];
  calls: number;
  microUsd: number;
}

export interface SpendSums {
  /** From here on the trigger leaves new rows to us, until `write`, or until the transaction is rolled back. */
  begin(): void;
  add(row: PricedRow): void;
  write(): void;
}

/** As the triggers have it: time zones are apart by quarters of an hour. */
const QUARTER_MS = 900_000;

/** Everything here belongs into one transaction of the caller. */
export function createSpendSums(db: DatabaseSync): SpendSums {
  const mode = db.prepare('UPDATE spend_mode SET sums_follow = ?');
  const more = 'DO UPDATE SET calls = calls + excluded.calls, micro_usd = micro_usd + excluded.micro_usd';
  const byLevel = db.prepare(
    `INSERT INTO spend_by_level (level_type, level_id, at_ms, calls, micro_usd) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (level_type, level_id, at_ms) ${more}`,
  );
  const byTarget = db.prepare(
    `INSERT INTO spend_by_target (level_type, level_id, at_ms, kind, server_id, target, calls, micro_usd)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (level_type, level_id, at_ms, kind, server_id, target) ${more}`,
  );
  const sums = new Map<string, Sum>();
  /** Of the row before: calls that come together mostly count for the same. */
  let last: { readonly row: PricedRow; readonly quarter: number; readonly sums: readonly Sum[] } | undefined;
  const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
  const sumsOf = ({ kind, serverId, target, levelIds }: PricedRow, quarter: number): Sum[] => {
    const what = kind === 'tools.call' ? 'tool' : 'model';
    return LEVEL_TYPES.flatMap((type, i) => {
      const id = levelIds[i];
      if (typeof id !== 'string') return [];
      const of: Sum['of'] = [type, id, quarter, what, textOf(serverId), textOf(target)];
      const key = JSON.stringify(of);
      const sum = sums.get(key) ?? { of, calls: 0, microUsd: 0 };
      sums.set(key, sum);
      return [sum];
    });
  };
  return {
    begin() {
      sums.clear();
      last = undefined;
      mode.run(1);
    },
    add(row) {
      const quarter = row.atMs - (row.atMs % QUARTER_MS);
      if (last?.quarter !== quarter || !isOfSame(last.row, row)) last = { row, quarter, sums: sumsOf(row, quarter) };
      for (const sum of last.sums) {
        sum.calls++;
        sum.microUsd += row.microUsd;
      }
    },
    write() {
      for (const { of, calls, microUsd } of sums.values()) {
        const [type, id, quarter] = of;
        byLevel.run(type, id, quarter, calls, microUsd);
        byTarget.run(...of, calls, microUsd);
      }
      mode.run(0);
    },
  };
}

const isOfSame = (a: PricedRow, b: PricedRow): boolean =>
  a.kind === b.kind &&
  a.serverId === b.serverId &&
  a.target === b.target &&
  a.levelIds.every((id, i) => id === b.levelIds[i]);
