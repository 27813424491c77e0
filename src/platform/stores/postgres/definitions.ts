/** Decisions about definitions on PostgreSQL: read from memory, written behind, followed as other replicas and people decide. */

import type { DefinitionRecord, DefinitionRef, DefinitionStore } from '../../../contracts/definitions.ts';
import type { Log } from '../../../contracts/log.ts';
import { readDefinition } from '../definition-row.ts';
import { type Changes, moveOn } from './follow-changes.ts';
import { followRows } from './follow-rows.ts';
import type { Database, Query } from './open-database.ts';
import { storableText } from './storable-text.ts';
import { createWriteBehind } from './write-behind.ts';

interface Known {
  readonly version: number;
  readonly records: ReadonlyMap<string, DefinitionRecord>;
}

const keyOf = ({ serverId, kind, name }: DefinitionRef): string => JSON.stringify([serverId, kind, name]);

/**
 * Rejects if they cannot be read. What policy decides holds here at once and is written a moment later, unless a person decided
 * meanwhile: then that is read, and `version()` changes. Disposing of it asynchronously waits for the writes.
 */
export async function openDefinitionStore(
  database: Database,
  changes: Changes,
  log: Log,
): Promise<DefinitionStore & AsyncDisposable> {
  const writes = createWriteBehind('decisions about definitions', log);
  const rows = await followRows<Known>({
    ...{ changes, topic: 'definitions', log, settled: () => writes.flush() },
    load: () => database.transaction(load, { isSnapshot: true }),
  });
  const { schema } = database;
  const put = (records: readonly DefinitionRecord[], version: number): void => {
    const all = new Map(rows.now().records);
    for (const record of records) all.set(keyOf(record), record);
    rows.set({ version, records: all });
  };

  return {
    list: (serverId) =>
      [...rows.now().records.values()]
        .filter((record) => serverId === undefined || record.serverId === serverId)
        .sort(inOrder),
    save(records, expectedVersion) {
      if (rows.now().version !== expectedVersion) return false;
      put(records, expectedVersion);
      for (const record of records)
        writes.add(keyOf(record), async () => {
          const isWritten = await database.transaction(async (query) => {
            await moveOn(query, schema, 'definitions');
            if ((await readVersion(query)) !== expectedVersion) return false;
            await write(query, record);
            return true;
          });
          // A person was first, and what policy made of the time before is nothing any more.
          if (!isWritten) changes.look();
        });
      return true;
    },
    async decide(ref, decide) {
      await writes.flush();
      const decided = await database.transaction(async (query) => {
        await moveOn(query, schema, 'definitions');
        const found = await query('SELECT * FROM definitions WHERE server_id = $1 AND kind = $2 AND name = $3', [
          ...[ref.serverId, ref.kind, ref.name],
        ]);
        const record = found.rows[0] && decide(readDefinition(found.rows[0]));
        if (record === undefined) return undefined;
        await write(query, record);
        await query('UPDATE definitions_version SET version = version + 1');
        return record;
      });
      if (decided !== undefined) await rows.read();
      return decided;
    },
    version: () => rows.now().version,
    [Symbol.dispose]() {
      rows[Symbol.dispose]();
    },
    async [Symbol.asyncDispose]() {
      rows[Symbol.dispose]();
      await writes[Symbol.asyncDispose]();
    },
  };
}

async function load(query: Query): Promise<Known> {
  const version = await readVersion(query);
  const { rows } = await query('SELECT * FROM definitions');
  return { version, records: new Map(rows.map(readDefinition).map((record) => [keyOf(record), record])) };
}

async function readVersion(query: Query): Promise<number> {
  const { rows } = await query('SELECT version FROM definitions_version');
  return Number(rows[0]?.version);
}

/** By server, kind (tools before prompts) and name, by their bytes, as SQLite has it. */
function inOrder(a: DefinitionRecord, b: DefinitionRecord): number {
  return compare(a.serverId, b.serverId) || compare(b.kind, a.kind) || compare(a.name, b.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const COLUMNS = `server_id, kind, name, state, reason, pinned_hash, pinned_text, pinned_at_ms, pinned_by, other_hash,
  other_text, other_at_ms, findings_json, first_seen_ms`;

async function write(query: Query, record: DefinitionRecord): Promise<void> {
  const { pinned, other } = record;
  const values = [
    ...[record.serverId, record.kind, record.name, record.state, record.reason],
    ...[pinned?.hash, pinned?.text, pinned?.atMs, record.pinnedBy],
    ...[other?.hash, other?.text, other?.atMs, JSON.stringify(record.findings), record.firstSeenMs],
  ];
  await query(
    `INSERT INTO definitions (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     ON CONFLICT (server_id, kind, name) DO UPDATE SET (state, reason, pinned_hash, pinned_text, pinned_at_ms, pinned_by,
       other_hash, other_text, other_at_ms, findings_json) = (excluded.state, excluded.reason, excluded.pinned_hash,
       excluded.pinned_text, excluded.pinned_at_ms, excluded.pinned_by, excluded.other_hash, excluded.other_text,
       excluded.other_at_ms, excluded.findings_json)`,
    values.map((value) => (typeof value === 'string' ? storableText(value) : (value ?? null))),
  );
}
