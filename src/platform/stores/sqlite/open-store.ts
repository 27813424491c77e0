/** Opens `portcullis.db` of a data directory: private files, WAL, newest schema. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { explainDamage, isBusy, openDatabase } from './open-database.ts';

/** Creates the directory (mode 0700) and the database (0600) where they are missing. The caller closes it. */
export function openStore(dataDir: string): DatabaseSync {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'portcullis.db');
  const db = openDatabase(file);
  try {
    retryWhileBusy(() => {
      // Only takes effect on an empty database, and only before it is in WAL mode: retention gives pages back with it.
      db.exec('PRAGMA auto_vacuum = INCREMENTAL');
      db.exec('PRAGMA journal_mode = WAL');
      db.exec('PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = 4000');
      // What SQLite puts aside for a while is of the trail, too: not into files elsewhere.
      db.exec('PRAGMA temp_store = MEMORY');
      migrate(db, MIGRATIONS, Date.now());
    });
    return db;
  } catch (error) {
    db.close();
    throw explainDamage(file, error);
  }
}

/** Changing to WAL does not wait like other statements when two processes create the database at once. */
function retryWhileBusy(work: () => void): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let attempt = 1; ; attempt++) {
    try {
      work();
      return;
    } catch (error) {
      if (!isBusy(error) || attempt === 100) throw error;
      Atomics.wait(pause, 0, 0, 20);
    }
  }
}
