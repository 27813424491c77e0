/** Turns journal lines into rows. Most calls begin and end within one piece of journal and so cost a single insert. */

import type { FoldStatements, NextSeq } from './fold-statements.ts';
import { decodeLine, type FinishColumns, type IntentColumns } from './journal-line.ts';

interface NewRow {
  readonly columns: IntentColumns;
  finish: FinishColumns | undefined;
}

/** Applies the lines within the caller's transaction. Returns how many of them were damaged or had no effect. */
export function applyLines(
  statements: FoldStatements,
  nextSeq: NextSeq,
  runId: string,
  lines: readonly string[],
): { readonly skipped: number } {
  const rows = new Map<string, NewRow>();
  let skipped = 0;

  const begin = (id: string, row: NewRow): void => {
    const known = rows.get(id);
    if (known === undefined) rows.set(id, row);
    else if (known.finish === undefined && row.finish !== undefined) known.finish = row.finish;
    else skipped++;
  };
  const finish = (id: string, columns: FinishColumns): void => {
    const row = rows.get(id);
    if (row === undefined) {
      if (!statements.finish(nextSeq, id, columns)) skipped++;
    } else if (row.finish === undefined) row.finish = columns;
    else skipped++;
  };

  for (const text of lines) {
    const line = decodeLine(text);
    if (line === undefined) skipped++;
    else if (line.type === 'finish') finish(line.id, line.columns);
    else begin(line.id, { columns: line.columns, finish: line.type === 'record' ? line.finish : undefined });
  }
  for (const row of rows.values()) {
    const isNew =
      row.finish === undefined
        ? statements.insertRunning(nextSeq, runId, row.columns)
        : statements.insertFinished(nextSeq, runId, row.columns, row.finish);
    if (!isNew) skipped++;
  }
  return { skipped };
}
