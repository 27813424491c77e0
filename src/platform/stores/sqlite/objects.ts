/** The object store on SQLite: what people manage, and the record of who changed what. */

import type { DatabaseSync } from 'node:sqlite';
import type { JsonObject } from '../../../contracts/json.ts';
import {
  type ChangeOrigin,
  type LookedAt,
  type NotedObject,
  type ObjectChange,
  ObjectConflict,
  type ObjectKind,
  type ObjectPage,
  type ObjectStore,
  type ObjectWrite,
  type StoredObject,
} from '../../../contracts/objects.ts';
import { withoutMembers } from '../../../lib/without-members.ts';
import { inTransaction } from './open-database.ts';
import { openStore } from './open-store.ts';

interface Row {
  readonly [column: string]: unknown;
}

/** How often it looks for what other processes changed, while somebody listens. */
const POLL_MS = 500;
/** What the record of changes does not hold. */
const NEVER_SHOWN = ['hash', 'sealed'];

/** Opens the objects in `<dataDir>/portcullis.db`; several processes may do so at once. */
export function openObjectStore(options: { readonly dataDir: string }): ObjectStore {
  const db = openStore(options.dataDir);
  const selectSeq = db.prepare('SELECT last FROM objects_seq');
  const selectSince = db.prepare('SELECT * FROM objects WHERE seq > ? ORDER BY seq');
  const selectOne = db.prepare('SELECT * FROM objects WHERE kind = ? AND id = ? AND deleted = 0');
  const listeners = new Set<() => void>();
  const selectNoted = db.prepare('SELECT * FROM noted_file');
  const insertNoted = db.prepare('INSERT INTO noted_file (seq, objects) VALUES (?, ?)');
  const nextSeq = prepareNextSeq(db);
  const writeLine = prepareLine(db);
  const write = createWrite(db, nextSeq, writeLine);
  const lastSeq = (): number => Number(selectSeq.get()?.last ?? 0);
  let seenSeq = lastSeq();
  let poll: NodeJS.Timeout | undefined;

  const look = (): void => {
    const seq = lastSeq();
    if (seq === seenSeq) return;
    seenSeq = seq;
    for (const listener of listeners) listener();
  };

  return {
    async changedSince(seq) {
      // Before the rows: what comes in between is read again, and not missed.
      const last = lastSeq();
      return { seq: last, objects: [...mapRows(selectSince.iterate(seq), readObject)] };
    },
    async find(kind, id) {
      const row = selectOne.get(kind, id);
      return row && readObject(row);
    },
    async list(kind, page) {
      const { sql, values } = listQuery(kind, page);
      return db
        .prepare(sql)
        .all(...values)
        .map(readObject);
    },
    async write(writes, origin, nowMs, lookedAt) {
      const [first] = writes;
      if (first === undefined) return [];
      const written = inTransaction(db, () => {
        if (lookedAt !== undefined && hasChanged(db, lookedAt)) throw new ObjectConflict('others', first);
        return writes.map((each) => write(each, origin, nowMs));
      });
      look();
      return written;
    },
    async note(changes, origin, nowMs, file) {
      const done = inTransaction(db, () => {
        if (file !== undefined && file.afterSeq !== Number(selectNoted.get()?.seq ?? 0)) return false;
        for (const change of changes) writeLine({ ...change, ...origin, seq: nextSeq(), atMs: nowMs });
        if (file === undefined) return true;
        db.exec('DELETE FROM noted_file');
        insertNoted.run(nextSeq(), JSON.stringify(file.objects));
        return true;
      });
      look();
      return done;
    },
    async notedFile() {
      const row = selectNoted.get();
      if (row === undefined) return { seq: 0, objects: [] };
      return { seq: Number(row.seq), objects: JSON.parse(String(row.objects)) as NotedObject[] };
    },
    async changes({ kind, id, beforeSeq, limit }) {
      const conditions = [
        ...(kind === undefined ? [] : [{ sql: 'kind = ?', value: kind }]),
        ...(id === undefined ? [] : [{ sql: 'id = ?', value: id }]),
        ...(beforeSeq === undefined ? [] : [{ sql: 'seq < ?', value: beforeSeq }]),
      ];
      const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`;
      const rows = db
        .prepare(`SELECT * FROM object_changes ${where} ORDER BY seq DESC LIMIT ?`)
        .all(...conditions.map(({ value }) => value), limit);
      return rows.map(readChange);
    },
    onChange(listener) {
      if (listeners.size === 0) seenSeq = lastSeq();
      listeners.add(listener);
      poll ??= setInterval(look, POLL_MS).unref();
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(poll);
        poll = undefined;
      };
    },
    async [Symbol.asyncDispose]() {
      clearInterval(poll);
      listeners.clear();
      if (db.isOpen) db.close();
    },
  };
}

/** One write and its line in the record, inside a transaction. Throws ObjectConflict. */
function createWrite(
  db: DatabaseSync,
  nextSeq: () => number,
  writeLine: (line: ObjectChange) => void,
): (write: ObjectWrite, origin: ChangeOrigin, nowMs: number) => StoredObject {
  const select = db.prepare('SELECT * FROM objects WHERE kind = ? AND id = ?');
  const selectNamesake = db.prepare(
    "SELECT 1 FROM objects WHERE kind = ? AND name = ? AND id <> ? AND deleted = 0 AND kind <> 'key'",
  );
  // One that was deleted makes room for one of its id, and its version goes on: whoever still holds an old one must see it.
  const put = db.prepare(
    `INSERT INTO objects (seq, kind, id, name, body, version, deleted, made, created_at_ms, updated_at_ms)
     VALUES (:seq, :kind, :id, :name, :body, :version, 0, :seq, :now, :now)
     ON CONFLICT (kind, id) DO UPDATE SET
       made = iif(deleted = 1, :seq, made), created_at_ms = iif(deleted = 1, :now, created_at_ms),
       seq = :seq, name = :name, body = :body, version = :version, deleted = 0, updated_at_ms = :now`,
  );
  const remove = db.prepare(
    `UPDATE objects SET seq = ?, version = version + 1, deleted = 1, body = '{}', updated_at_ms = ? WHERE kind = ? AND id = ?`,
  );

  return (write, origin, nowMs) => {
    const { action, kind, id } = write;
    const row = select.get(kind, id);
    const stored = row && readObject(row);
    const before = stored?.isDeleted === false ? stored : undefined;
    if (action === 'create' ? before !== undefined : before === undefined)
      throw new ObjectConflict(action === 'create' ? 'exists' : 'missing', write);
    if (action !== 'create' && write.ifVersion !== undefined && write.ifVersion !== before?.version)
      throw new ObjectConflict('version', write);
    if (action !== 'delete' && selectNamesake.get(kind, write.name, id) !== undefined)
      throw new ObjectConflict('exists', write);

    const seq = nextSeq();
    if (action === 'delete') remove.run(seq, nowMs, kind, id);
    else {
      const body = JSON.stringify(write.body);
      const version = (stored?.version ?? 0) + 1;
      put.run({ seq, kind, id, name: write.name, body, version, now: nowMs });
    }
    const after = select.get(kind, id);
    if (after === undefined) throw new Error('what was written is not there');
    const { name } = action === 'delete' ? (before ?? { name: '' }) : write;
    writeLine({
      ...{ ...origin, seq, atMs: nowMs, action, kind, id, name, before: before?.body },
      after: action === 'delete' ? undefined : write.body,
    });
    return readObject(after);
  };
}

function prepareNextSeq(db: DatabaseSync): () => number {
  const next = db.prepare('UPDATE objects_seq SET last = last + 1 RETURNING last');
  return () => Number(next.get()?.last);
}

/** A line of the record, without what it never holds. */
function prepareLine(db: DatabaseSync): (line: ObjectChange) => void {
  const insert = db.prepare(
    `INSERT INTO object_changes (seq, at_ms, action, kind, id, name, actor_type, actor_id, actor_name, via, before, after)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const shown = (body: JsonObject | undefined): string | null =>
    body === undefined ? null : JSON.stringify(withoutMembers(body, NEVER_SHOWN));
  return ({ seq, atMs, action, kind, id, name, actor, via, before, after }) => {
    insert.run(
      ...[seq, atMs, action, kind, id, name, actor.type, actor.id, actor.name, via],
      ...[shown(before), shown(after)],
    );
  };
}

function hasChanged(db: DatabaseSync, { kinds, seq }: LookedAt): boolean {
  const marks = kinds.map(() => '?').join(', ');
  return (
    db.prepare(`SELECT 1 FROM objects WHERE seq > ? AND kind IN (${marks}) LIMIT 1`).get(seq, ...kinds) !== undefined
  );
}

function listQuery(kind: ObjectKind, page: ObjectPage): { readonly sql: string; readonly values: (string | number)[] } {
  const where = ['kind = ?', 'deleted = 0'];
  const values: (string | number)[] = [kind];
  if (page.afterId !== undefined) {
    where.push('made > coalesce((SELECT made FROM objects WHERE kind = ? AND id = ?), 0)');
    values.push(kind, page.afterId);
  }
  if (page.namePrefix !== undefined) {
    where.push('substr(name, 1, ?) = ?');
    values.push(page.namePrefix.length, page.namePrefix);
  }
  for (const [member, value] of Object.entries(page.where ?? {})) {
    if (!/^[A-Za-z]+$/.test(member)) throw new RangeError(`no member to look for: ${member}`);
    where.push(`json_extract(body, '$.${member}') = ?`);
    values.push(typeof value === 'boolean' ? Number(value) : value);
  }
  return {
    sql: `SELECT * FROM objects WHERE ${where.join(' AND ')} ORDER BY made LIMIT ?`,
    values: [...values, page.limit],
  };
}

function* mapRows<T>(rows: Iterable<Row>, read: (row: Row) => T): Iterable<T> {
  for (const row of rows) yield read(row);
}

function readObject(row: Row): StoredObject {
  return {
    kind: String(row.kind) as ObjectKind,
    id: String(row.id),
    name: String(row.name),
    body: JSON.parse(String(row.body)) as JsonObject,
    version: Number(row.version),
    isDeleted: row.deleted === 1,
    createdAtMs: Number(row.created_at_ms),
    updatedAtMs: Number(row.updated_at_ms),
  };
}

function readChange(row: Row): ObjectChange {
  const body = (text: unknown): JsonObject | undefined =>
    typeof text === 'string' ? (JSON.parse(text) as JsonObject) : undefined;
  return {
    seq: Number(row.seq),
    atMs: Number(row.at_ms),
    action: String(row.action) as ObjectChange['action'],
    kind: String(row.kind) as ObjectKind,
    id: String(row.id),
    name: String(row.name),
    actor: {
      type: String(row.actor_type) as ChangeOrigin['actor']['type'],
      id: String(row.actor_id),
      name: String(row.actor_name),
    },
    via: String(row.via) as ChangeOrigin['via'],
    before: body(row.before),
    after: body(row.after),
  };
}
