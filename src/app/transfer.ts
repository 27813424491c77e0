/** Backups, restores, and the way from SQLite to PostgreSQL: what is read where, and written to what. */

import {
  closeSync,
  createReadStream,
  fsyncSync,
  mkdtempSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SealKeys } from '../contracts/sealing.ts';
import { readLines } from '../lib/read-lines.ts';
import { forgetHead } from '../platform/audit/chain/head-file.ts';
import { lockDataDir } from '../platform/audit/lock-data-dir.ts';
import { openTrailReader } from '../platform/audit/open-trail-reader.ts';
import { openReplicaId } from '../platform/audit/replica-id.ts';
import {
  type DumpedRow,
  dump,
  load,
  NotEmpty,
  type RowCounts,
  schemaVersionOf,
} from '../platform/stores/postgres/dump.ts';
import { MIGRATIONS } from '../platform/stores/postgres/migrations.ts';
import type { Database } from '../platform/stores/postgres/open-database.ts';
import { backUpDatabase, isInUse, restoreDatabase } from '../platform/stores/sqlite/backup.ts';
import { openStore } from '../platform/stores/sqlite/open-store.ts';
import { readAll } from '../platform/stores/sqlite/read-all.ts';

/** Of SQLite: everything, as one database file. What the journal holds is folded first. */
export function backUpDataDir(dataDir: string, file: string, keys?: SealKeys): void {
  const reader = openTrailReader(dataDir, keys);
  try {
    reader.fold();
  } finally {
    reader.close();
  }
  backUpDatabase(dataDir, file);
}

/** Of PostgreSQL: a line of JSON for each row, as of one moment; at the end how many there are. */
export async function backUpPostgres(database: Database, file: string, nowMs: number): Promise<RowCounts> {
  const draft = `${file}.${process.pid}.tmp`;
  const fd = openSync(draft, 'wx', 0o600);
  try {
    const version = await schemaVersionOf(database);
    writeSync(fd, `${JSON.stringify({ portcullis: 'backup', version, atMs: nowMs })}\n`);
    const counts = await dump(database, ({ table, row }) => {
      writeSync(fd, `{"table":${JSON.stringify(table)},"row":${row}}\n`);
    });
    writeSync(fd, `${JSON.stringify({ end: counts })}\n`);
    fsyncSync(fd);
    renameSync(draft, file);
    return counts;
  } finally {
    closeSync(fd);
    rmSync(draft, { force: true });
  }
}

/** What kind of backup a file is. */
export function kindOfBackup(file: string): 'sqlite' | 'lines' | undefined {
  const fd = openSync(file, 'r');
  try {
    const head = Buffer.alloc(64);
    const text = head.toString('latin1', 0, readSync(fd, head, 0, head.length, 0));
    if (text.startsWith('SQLite format 3\0')) return 'sqlite';
    return text.startsWith('{"portcullis":"backup",') ? 'lines' : undefined;
  } finally {
    closeSync(fd);
  }
}

/** Throws NotEmpty if something is there and `replaces` is not set, and an Error for people if a gateway runs. */
export function restoreDataDir(dataDir: string, file: string, replaces: boolean): void {
  const lock = lockDataDir(dataDir);
  try {
    if (!replaces && isInUse(dataDir)) throw new NotEmpty(`there is something in ${dataDir} already`);
    restoreDatabase(dataDir, file);
    // Of the database before.
    forgetHead(dataDir);
  } finally {
    lock.release();
  }
}

/** From lines, as `backUpPostgres` writes them. */
export async function restorePostgres(
  database: Database,
  file: string,
  options: { readonly replaces: boolean; readonly nowMs: number },
): Promise<RowCounts> {
  const lines = readLines(createReadStream(file));
  const head = await lines.next();
  const version = Number((JSON.parse(String(head.value)) as { version?: unknown }).version);
  return load(database, { version, rows: readRows(lines) }, options);
}

async function* readRows(lines: AsyncIterator<string>): AsyncGenerator<DumpedRow> {
  let count = 0;
  for (;;) {
    const { value: line, done } = await lines.next();
    if (done === true) throw new Error('the backup is cut off: its last line is missing');
    const row = /^\{"table":"(\w+)","row":(.*)\}$/s.exec(line);
    if (row !== null) {
      count++;
      yield { table: row[1] ?? '', row: row[2] ?? '' };
      continue;
    }
    const { end } = JSON.parse(line) as { end?: RowCounts };
    const expected = Object.values(end ?? {}).reduce((sum, n) => sum + n, 0);
    if (end === undefined || expected !== count) throw new Error(`the backup is damaged: it has ${count} rows`);
    return;
  }
}

/** Takes everything of a data folder into an empty database. No gateway may run on the folder; it stays as it is. */
export async function copyDataDir(
  dataDir: string,
  database: Database,
  options: { readonly replaces: boolean; readonly nowMs: number; readonly keys?: SealKeys | undefined },
): Promise<RowCounts> {
  const lock = lockDataDir(dataDir);
  try {
    const reader = openTrailReader(dataDir, options.keys);
    try {
      reader.fold();
    } finally {
      reader.close();
    }
    return await copyDatabase(dataDir, openReplicaId(dataDir), database, options);
  } finally {
    lock.release();
  }
}

/** As `copyDataDir`, from a backup of such a folder. */
export async function restoreIntoPostgres(
  file: string,
  database: Database,
  options: { readonly replaces: boolean; readonly nowMs: number },
): Promise<RowCounts> {
  const scratch = mkdtempSync(join(tmpdir(), 'portcullis-restore-'));
  try {
    restoreDatabase(scratch, file);
    return await copyDatabase(scratch, openReplicaId(scratch), database, options);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function copyDatabase(
  dataDir: string,
  replicaId: string,
  database: Database,
  options: { readonly replaces: boolean; readonly nowMs: number },
): Promise<RowCounts> {
  const db = openStore(dataDir);
  try {
    db.exec('BEGIN');
    return await load(database, { version: MIGRATIONS.length, rows: readAll(db, replicaId) }, options);
  } finally {
    if (db.isTransaction) db.exec('ROLLBACK');
    db.close();
  }
}
