/** What commands say of rows that were copied, and of why they could not be. */

import { NotEmpty, type RowCounts } from '../../platform/stores/postgres/dump.ts';
import { CommandError, EXIT, messageOf } from './command-error.ts';
import { printTable } from './terminal.ts';

export function printCounts(counts: RowCounts): void {
  printTable(
    ['TABLE', 'ROWS'],
    Object.entries(counts)
      .filter(([, rows]) => rows > 0)
      .map(([table, rows]) => [table, String(rows)]),
  );
}

/** Throws a CommandError in its place. */
export function explainTransfer(error: unknown): never {
  if (error instanceof NotEmpty)
    throw new CommandError(EXIT.failed, error.message, '--force deletes what is there; make a backup of it first.');
  throw new CommandError(EXIT.failed, messageOf(error));
}
