/** Decisions about definitions on SQLite: one row per tool, prompt and instructions a server ever offered. */

import type { DatabaseSync } from 'node:sqlite';
import type { DefinitionRecord, DefinitionRef, DefinitionStore } from '../../../contracts/definitions.ts';
import { readDefinition } from '../definition-row.ts';
import { inTransaction } from './open-database.ts';
import { openStore } from './open-store.ts';

const COLUMNS = `server_id, kind, name, state, reason, pinned_hash, pinned_text, pinned_at_ms, pinned_by, other_hash,
  other_text, other_at_ms, findings_json, first_seen_ms`;

/** As the port, but nobody waits. */
interface LocalDefinitionStore extends DefinitionStore {
  decide(
    ref: DefinitionRef,
    decide: (record: DefinitionRecord) => DefinitionRecord | undefined,
  ): DefinitionRecord | undefined;
}

/** Opens the decisions in `<dataDir>/portcullis.db`; several processes may do so at once. */
export function openDefinitionStore(options: { dataDir: string }): LocalDefinitionStore {
  const db = openStore(options.dataDir);
  const order = 'ORDER BY server_id, kind DESC, name';
  const selectAll = db.prepare(`SELECT * FROM definitions ${order}`);
  const selectServer = db.prepare(`SELECT * FROM definitions WHERE server_id = ? ${order}`);
  const selectOne = db.prepare('SELECT * FROM definitions WHERE server_id = ? AND kind = ? AND name = ?');
  const selectVersion = db.prepare('SELECT version FROM definitions_version');
  const bumpVersion = db.prepare('UPDATE definitions_version SET version = version + 1');
  const write = prepareWrite(db);
  const version = (): number => Number(selectVersion.get()?.version ?? 0);

  return {
    list: (serverId) => (serverId === undefined ? selectAll.all() : selectServer.all(serverId)).map(readDefinition),
    save(records, expectedVersion) {
      return inTransaction(db, () => {
        if (version() !== expectedVersion) return false;
        for (const record of records) write(record);
        return true;
      });
    },
    decide(ref, decide) {
      return inTransaction(db, () => {
        const row = selectOne.get(ref.serverId, ref.kind, ref.name);
        const decided = row === undefined ? undefined : decide(readDefinition(row));
        if (decided === undefined) return undefined;
        write(decided);
        bumpVersion.run();
        return decided;
      });
    },
    version,
    [Symbol.dispose]() {
      if (db.isOpen) db.close();
    },
  };
}

function prepareWrite(db: DatabaseSync): (record: DefinitionRecord) => void {
  const upsert = db.prepare(
    `INSERT INTO definitions (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (server_id, kind, name) DO UPDATE SET (state, reason, pinned_hash, pinned_text, pinned_at_ms, pinned_by,
       other_hash, other_text, other_at_ms, findings_json) = (excluded.state, excluded.reason, excluded.pinned_hash,
       excluded.pinned_text, excluded.pinned_at_ms, excluded.pinned_by, excluded.other_hash, excluded.other_text,
       excluded.other_at_ms, excluded.findings_json)`,
  );
  return (record) => {
    const { pinned, other } = record;
    upsert.run(
      record.serverId,
      record.kind,
      record.name,
      record.state,
      record.reason ?? null,
      pinned?.hash ?? null,
      pinned?.text ?? null,
      pinned?.atMs ?? null,
      record.pinnedBy ?? null,
      other?.hash ?? null,
      other?.text ?? null,
      other?.atMs ?? null,
      JSON.stringify(record.findings),
      record.firstSeenMs,
    );
  };
}
