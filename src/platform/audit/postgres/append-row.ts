/** Puts a finished row into the trail in PostgreSQL from outside the gateway, as `append-row` does for SQLite. */

import { moveOn } from '../../stores/postgres/follow-changes.ts';
import type { Database } from '../../stores/postgres/open-database.ts';
import { type DecisionLine, RUN_ID } from '../append-row.ts';
import { writeRows } from './write-rows.ts';

export async function appendToPostgres(database: Database, line: DecisionLine): Promise<void> {
  await database.transaction(async (query) => {
    const firstSeq = await moveOn(query, database.schema, 'trail');
    const rows = new Map([[line.id, { columns: line.columns, finish: line.finish }]]);
    await writeRows(query, { replicaId: RUN_ID, runId: RUN_ID, firstSeq }, rows);
  });
}
