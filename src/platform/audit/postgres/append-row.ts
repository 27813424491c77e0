/** Puts a finished row into the trail in PostgreSQL from outside the gateway, as `append-row` does for SQLite. */

import type { SealKey } from '../../../contracts/sealing.ts';
import { moveOn } from '../../stores/postgres/follow-changes.ts';
import type { Database } from '../../stores/postgres/open-database.ts';
import { type DecisionLine, NO_KEY, RUN_ID } from '../append-row.ts';
import { extendChain, isSigned } from './chain.ts';
import { writeRows } from './write-rows.ts';

export async function appendToPostgres(database: Database, line: DecisionLine, key?: SealKey): Promise<void> {
  await database.transaction(async (query) => {
    if (key === undefined && (await isSigned(query))) throw new Error(NO_KEY);
    const firstSeq = await moveOn(query, database.schema, 'trail');
    const rows = new Map([[line.id, { columns: line.columns, finish: line.finish }]]);
    await writeRows(query, { replicaId: RUN_ID, runId: RUN_ID, firstSeq }, rows);
    await extendChain(query, key, firstSeq);
  });
}
