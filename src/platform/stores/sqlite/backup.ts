/** Copies of `portcullis.db`: one consistent file, made beside a running gateway and put back without one. */

import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { createPrivateFile, openDatabase } from './open-database.ts';
import { openStore } from './open-store.ts';

/** Writes the copy to a file that does not exist yet, readable by its owner only. */
export function backUpDatabase(dataDir: string, file: string): void {
  if (existsSync(file)) throw new Error(`${file} is there already`);
  const db = openStore(dataDir);
  try {
    // Made before anything is in it: VACUUM INTO takes an empty file.
    createPrivateFile(file);
    db.prepare('VACUUM INTO ?').run(file);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    db.close();
  }
}

/** True if there is anything that a restore would take away. */
export function isInUse(dataDir: string): boolean {
  if (!existsSync(join(dataDir, 'portcullis.db'))) return false;
  const db = openStore(dataDir);
  try {
    return ['objects', 'trail', 'definitions', 'server_credentials'].some(
      (table) => db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() !== undefined,
    );
  } finally {
    db.close();
  }
}

/** Puts the copy in the place of the database, brought forward. No gateway may run. The database before stays if it is no good. */
export function restoreDatabase(dataDir: string, file: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const draft = join(dataDir, 'portcullis.db.restored');
  rmSync(draft, { force: true });
  try {
    createPrivateFile(draft);
    copyFileSync(file, draft);
    openCopy(draft).close();
    const target = join(dataDir, 'portcullis.db');
    // Of the database before; they would be taken for those of the new one.
    for (const suffix of ['-wal', '-shm']) rmSync(`${target}${suffix}`, { force: true });
    renameSync(draft, target);
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${draft}${suffix}`, { force: true });
  }
  openStore(dataDir).close();
}

/** Checked and brought forward. */
function openCopy(file: string): DatabaseSync {
  const db = openDatabase(file);
  try {
    const check = db.prepare('PRAGMA quick_check(1)').get();
    if (Object.values(check ?? {})[0] !== 'ok') throw new Error(`${file} is damaged`);
    if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'").get() === undefined)
      throw new Error('it is no database of Portcullis');
    migrate(db, MIGRATIONS, Date.now());
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
