/** What new rows of the trail cost, added up until their transaction ends: one change of the ledger for all that a level spent on a target. */

import type { DatabaseSync } from 'node:sqlite';
import { placeOf, type RowValue } from './row-values.ts';

/** Those a row may count for; its columns are `<type>_id`. */
const LEVELS = ['key', 'user', 'team', 'organization'].map((type) => [type, placeOf(`${type}_id`)] as const);
const [AT_MS, KIND, SERVER_ID, TARGET] = [placeOf('at_ms'), placeOf('kind'), placeOf('server_id'), placeOf('target')];
const PRICE = placeOf('price_micro_usd');
/** What decides, besides its time, which sums a row is part of. */
const DECIDING = [KIND, SERVER_ID, TARGET, ...LEVELS.map(([, place]) => place)];

type Row = readonly RowValue[];

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
  /** A transaction begins; what one before left behind was rolled back. */
  begin(): void;
  /** A new row by its values, as `rowValues` gives them; one without a price adds nothing. */
  add(row: Row): void;
  write(): void;
}

/** As the triggers have it: time zones are apart by quarters of an hour. */
const QUARTER_MS = 900_000;

/** Everything here belongs into one transaction of the caller. */
export function createSpendSums(db: DatabaseSync): SpendSums {
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
  let last: { readonly row: Row; readonly quarter: number; readonly sums: readonly Sum[] } | undefined;
  const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
  const sumsOf = (row: Row, quarter: number): Sum[] => {
    const what = row[KIND] === 'tools.call' ? 'tool' : 'model';
    return LEVELS.flatMap(([type, place]) => {
      const id = row[place];
      if (typeof id !== 'string') return [];
      const of: Sum['of'] = [type, id, quarter, what, textOf(row[SERVER_ID]), textOf(row[TARGET])];
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
    },
    add(row) {
      const microUsd = Number(row[PRICE]);
      if (!(microUsd > 0)) return;
      const atMs = Number(row[AT_MS]);
      const quarter = atMs - (atMs % QUARTER_MS);
      if (last?.quarter !== quarter || !isOfSame(last.row, row)) last = { row, quarter, sums: sumsOf(row, quarter) };
      for (const sum of last.sums) {
        sum.calls++;
        sum.microUsd += microUsd;
      }
    },
    write() {
      for (const { of, calls, microUsd } of sums.values()) {
        const [type, id, quarter] = of;
        byLevel.run(type, id, quarter, calls, microUsd);
        byTarget.run(...of, calls, microUsd);
      }
    },
  };
}

const isOfSame = (a: Row, b: Row): boolean => DECIDING.every((place) => a[place] === b[place]);
