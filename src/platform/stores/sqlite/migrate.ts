/** Brings a database to the newest schema, forwards only, whoever of several processes comes first. */

import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from './open-database.ts';

/** One step forward. Its place in the list is its version; a step that was ever released is never changed. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** Applies what is missing, all in one transaction. Throws if the database was made by a newer version of the program. */
export function migrate(db: DatabaseSync, migrations: readonly Migration[], nowMs: number): void {
  if (readSchemaVersion(db) === migrations.length) return;
  inTransaction(db, () => {
    db.exec(
      'CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, name TEXT, applied_at_ms INTEGER)',
    );
    const from = readSchemaVersion(db);
    if (from > migrations.length) throw newerSchema(from, migrations.length);
    const note = db.prepare('INSERT INTO schema_version (version, name, applied_at_ms) VALUES (?, ?, ?)');
    migrations.slice(from).forEach((migration, index) => {
      db.exec(migration.sql);
      note.run(from + index + 1, migration.name, nowMs);
    });
  });
}

/** For people: a database that a newer version of the program made. */
export function newerSchema(version: number, known: number): Error {
  return new Error(
    `the database has schema version ${version}, this program knows ${known}: it was used by a newer Portcullis; run that one, or restore a backup from before`,
  );
}

/** Steps applied; 0: the database is empty. */
export function readSchemaVersion(db: DatabaseSync): number {
  const table = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'").get();
  if (table === undefined) return 0;
  const row = db.prepare('SELECT max(version) AS version FROM schema_version').get();
  return typeof row?.version === 'number' ? row.version : 0;
}
