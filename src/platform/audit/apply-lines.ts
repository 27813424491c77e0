/** Turns journal lines into rows. Most calls begin and end within one piece of journal and so cost a single insert. */

import type { FoldStatements, NextSeq } from './fold-statements.ts';
import { decodeLine, type FinishColumns, type IntentColumns, type LateFinish, RUN_COLUMN } from './journal-line.ts';

export interface NewRow {
  columns: IntentColumns;
  finish: FinishColumns | undefined;
}

export interface CollectedLines {
  /** By id, in the order they begin. */
  readonly rows: ReadonlyMap<string, NewRow>;
  /** Of calls that began in an earlier piece; an id at most once. */
  readonly finishes: ReadonlyMap<string, LateFinish>;
  /** Lines that are damaged, or say again what was said. */
  readonly skipped: number;
}

/** What a piece of journal says, beginnings and ends put together. */
export function collectLines(lines: readonly string[]): CollectedLines {
  const rows = new Map<string, NewRow>();
  const finishes = new Map<string, LateFinish>();
  let skipped = 0;

  const begin = (id: string, row: NewRow): void => {
    const known = rows.get(id);
    if (known === undefined) rows.set(id, row);
    else if (known.finish === undefined && row.finish !== undefined) known.finish = row.finish;
    else skipped++;
  };
  const finish = (id: string, late: LateFinish): void => {
    const row = rows.get(id);
    if (row?.finish !== undefined || (row === undefined && finishes.has(id))) skipped++;
    else if (row === undefined) finishes.set(id, late);
    else {
      row.finish = late.columns;
      if (late.run !== null) row.columns = withRun(row.columns, late.run);
    }
  };

  for (const text of lines) {
    const line = decodeLine(text);
    if (line === undefined) skipped++;
    else if (line.type === 'finish') finish(line.id, line);
    else begin(line.id, { columns: line.columns, finish: line.type === 'record' ? line.finish : undefined });
  }
  return { rows, finishes, skipped };
}

/** What the intent itself said comes first. */
function withRun(columns: IntentColumns, run: string): IntentColumns {
  return columns.map((value, index) => (index === RUN_COLUMN ? (value ?? run) : value));
}

/** Applies the lines within the caller's transaction. Returns how many of them were damaged or had no effect. */
export function applyLines(
  statements: FoldStatements,
  nextSeq: NextSeq,
  runId: string,
  lines: readonly string[],
): { readonly skipped: number } {
  const { rows, finishes, skipped } = collectLines(lines);
  for (const [id, late] of finishes) statements.finish(nextSeq, id, late);
  for (const { columns, finish } of rows.values()) statements.insert(nextSeq, runId, columns, finish);
  return { skipped: skipped + statements.withoutEffect(nextSeq) };
}
