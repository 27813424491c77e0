/** For tests: an open database with the newest schema, closed when the test is over. */

import type { Cleanup } from '../../../../../test/support/temp-dir.ts';
import { type Changes, followChanges } from '../follow-changes.ts';
import { migrate } from '../migrate.ts';
import { MIGRATIONS } from '../migrations.ts';
import { type Database, openDatabase } from '../open-database.ts';

export async function openForTest(cleanup: Cleanup, url: string, schema = 'portcullis'): Promise<Database> {
  const database = await openDatabase({ url, schema, poolSize: 4 }, { warn: () => undefined });
  cleanup.after(() => database[Symbol.asyncDispose]());
  await migrate(database, MIGRATIONS, 1);
  return database;
}

export async function followForTest(cleanup: Cleanup, database: Database): Promise<Changes> {
  const changes = await followChanges(database, { warn: () => undefined, info: () => undefined });
  cleanup.after(() => changes[Symbol.asyncDispose]());
  return changes;
}
