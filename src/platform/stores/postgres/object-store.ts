/** The object store on PostgreSQL: what people manage, and the record of who changed what. Writers queue at one counter. */

import type { JsonObject } from '../../../contracts/json.ts';
import {
  type ChangeOrigin,
  type LookedAt,
  type NotedFile,
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
import { type Changes, moveOn } from './follow-changes.ts';
import type { Database, Query, Row } from './open-database.ts';
import { storableText } from './storable-text.ts';

/** What the record of changes does not hold. */
const NEVER_SHOWN = ['hash', 'sealed'];

/** Of a database whose schema is the newest. Disposing of it leaves both open. */
export function createObjectStore(database: Database, changes: Changes): ObjectStore {
  const { query, schema } = database;
  const stops = new Set<() => void>();
  return {
    async changedSince(seq) {
      // One statement, so that no change falls between the number and the rows.
      const { rows } = await query(
        `SELECT c.last, o.* FROM change_counter c LEFT JOIN objects o ON o.seq > $1
         WHERE c.topic = 'objects' ORDER BY o.seq`,
        [seq],
      );
      const last = Number(rows[0]?.last ?? seq);
      return { seq: last, objects: rows.filter((row) => row.id !== null).map(readObject) };
    },
    async find(kind, id) {
      const { rows } = await query('SELECT * FROM objects WHERE kind = $1 AND id = $2 AND NOT deleted', [kind, id]);
      return rows[0] && readObject(rows[0]);
    },
    async list(kind, page) {
      const { sql, values } = listQuery(kind, page);
      return (await query(sql, values)).rows.map(readObject);
    },
    async write(writes, origin, nowMs, lookedAt) {
      const [first] = writes;
      if (first === undefined) return [];
      const written = await database.transaction(async (inside) => {
        // From here on nobody else writes.
        const last = await moveOn(inside, schema, 'objects', writes.length);
        if (lookedAt !== undefined && (await hasChanged(inside, lookedAt))) throw new ObjectConflict('others', first);
        const done: StoredObject[] = [];
        for (const [index, each] of writes.entries())
          done.push(await writeOne(inside, each, { origin, nowMs, seq: last - writes.length + index + 1 }));
        return done;
      });
      changes.look();
      return written;
    },
    async note(lines, origin, nowMs, file) {
      if (lines.length === 0 && file === undefined) return true;
      const done = await database.transaction(async (inside) => {
        const last = await moveOn(inside, schema, 'objects', lines.length + 1);
        if (file !== undefined && file.afterSeq !== (await readNoted(inside)).seq) return false;
        for (const [index, line] of lines.entries())
          await writeLine(inside, { ...line, ...origin, seq: last - lines.length + index, atMs: nowMs });
        if (file === undefined) return true;
        await inside('DELETE FROM noted_file');
        await inside('INSERT INTO noted_file (seq, objects) VALUES ($1, $2)', [last, JSON.stringify(file.objects)]);
        return true;
      });
      changes.look();
      return done;
    },
    notedFile: () => readNoted(query),
    async changes({ kind, id, beforeSeq, limit }) {
      const conditions = [
        ...(kind === undefined ? [] : [{ sql: 'kind =', value: kind }]),
        ...(id === undefined ? [] : [{ sql: 'id =', value: id }]),
        ...(beforeSeq === undefined ? [] : [{ sql: 'seq <', value: beforeSeq }]),
      ];
      const where = ['true', ...conditions.map(({ sql }, index) => `${sql} $${index + 2}`)].join(' AND ');
      const { rows } = await query(`SELECT * FROM object_changes WHERE ${where} ORDER BY seq DESC LIMIT $1`, [
        limit,
        ...conditions.map(({ value }) => value),
      ]);
      return rows.map(readChange);
    },
    onChange(listener) {
      const stop = changes.on('objects', listener);
      stops.add(stop);
      return () => {
        stops.delete(stop);
        stop();
      };
    },
    async [Symbol.asyncDispose]() {
      for (const stop of stops) stop();
      stops.clear();
    },
  };
}

/** One write and its line in the record, inside a transaction that holds the counter. Throws ObjectConflict. */
async function writeOne(
  query: Query,
  write: ObjectWrite,
  { origin, nowMs, seq }: { readonly origin: ChangeOrigin; readonly nowMs: number; readonly seq: number },
): Promise<StoredObject> {
  const { action, kind, id } = write;
  const found = await query('SELECT * FROM objects WHERE kind = $1 AND id = $2', [kind, id]);
  const stored = found.rows[0] && readObject(found.rows[0]);
  const before = stored?.isDeleted === false ? stored : undefined;
  if (action === 'create' ? before !== undefined : before === undefined)
    throw new ObjectConflict(action === 'create' ? 'exists' : 'missing', write);
  if (action !== 'create' && write.ifVersion !== undefined && write.ifVersion !== before?.version)
    throw new ObjectConflict('version', write);
  const name = storableText(action === 'delete' ? (before?.name ?? '') : write.name);
  if (action !== 'delete') {
    const namesakes = await query(
      "SELECT 1 FROM objects WHERE kind = $1 AND name = $2 AND id <> $3 AND NOT deleted AND kind <> 'key'",
      [kind, name, id],
    );
    if (namesakes.rows.length > 0) throw new ObjectConflict('exists', write);
  }
  const written =
    action === 'delete'
      ? await query(
          `UPDATE objects SET seq = $1, version = version + 1, deleted = true, body = '{}', updated_at_ms = $2
           WHERE kind = $3 AND id = $4 RETURNING *`,
          [seq, nowMs, kind, id],
        )
      : await query(
          // One that was deleted makes room for one of its id, and its version goes on: whoever still holds an old one must see it.
          `INSERT INTO objects AS o (seq, kind, id, name, body, version, deleted, made, created_at_ms, updated_at_ms)
           VALUES ($1, $2, $3, $4, $5, 1, false, $1, $6, $6)
           ON CONFLICT (kind, id) DO UPDATE SET
             made = CASE WHEN o.deleted THEN excluded.made ELSE o.made END,
             created_at_ms = CASE WHEN o.deleted THEN excluded.created_at_ms ELSE o.created_at_ms END,
             seq = excluded.seq, name = excluded.name, body = excluded.body, version = o.version + 1, deleted = false,
             updated_at_ms = excluded.updated_at_ms
           RETURNING *`,
          [seq, kind, id, name, toJson(write.body), nowMs],
        );
  await writeLine(query, {
    ...{ ...origin, seq, atMs: nowMs, action, kind, id, name, before: before?.body },
    after: action === 'delete' ? undefined : write.body,
  });
  const row = written.rows[0];
  if (row === undefined) throw new Error('what was written is not there');
  return readObject(row);
}

/** A line of the record, without what it never holds. */
async function writeLine(query: Query, line: ObjectChange): Promise<void> {
  const { seq, atMs, action, kind, id, name, actor, via, before, after } = line;
  const shown = (body: JsonObject | undefined): string | null =>
    body === undefined ? null : toJson(withoutMembers(body, NEVER_SHOWN));
  await query(
    `INSERT INTO object_changes (seq, at_ms, action, kind, id, name, actor_type, actor_id, actor_name, via, before, after)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [
      ...[seq, atMs, action, kind, storableText(id), storableText(name)],
      ...[actor.type, actor.id, storableText(actor.name), via, shown(before), shown(after)],
    ],
  );
}

async function hasChanged(query: Query, { kinds, seq }: LookedAt): Promise<boolean> {
  const { rows } = await query('SELECT 1 FROM objects WHERE seq > $1 AND kind = ANY($2) LIMIT 1', [seq, kinds]);
  return rows.length > 0;
}

async function readNoted(query: Query): Promise<NotedFile> {
  const [row] = (await query('SELECT * FROM noted_file')).rows;
  if (row === undefined) return { seq: 0, objects: [] };
  return { seq: Number(row.seq), objects: JSON.parse(String(row.objects)) as NotedObject[] };
}

function listQuery(kind: ObjectKind, page: ObjectPage): { readonly sql: string; readonly values: unknown[] } {
  const values: unknown[] = [kind, page.limit];
  const mark = (value: unknown): string => `$${values.push(value)}`;
  const where = ['kind = $1', 'NOT deleted'];
  if (page.afterId !== undefined)
    where.push(`made > coalesce((SELECT made FROM objects WHERE kind = $1 AND id = ${mark(page.afterId)}), 0)`);
  if (page.namePrefix !== undefined) where.push(`starts_with(name, ${mark(storableText(page.namePrefix))})`);
  for (const [member, value] of Object.entries(page.where ?? {})) {
    if (!/^[A-Za-z]+$/.test(member)) throw new RangeError(`no member to look for: ${member}`);
    // A body is as we wrote it, so a value in it has one spelling.
    where.push(`(body -> '${member}')::text = ${mark(toJson(value))}`);
  }
  return { sql: `SELECT * FROM objects WHERE ${where.join(' AND ')} ORDER BY made LIMIT $2`, values };
}

/** Without what PostgreSQL has no place for. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'string' ? storableText(each) : each));
}

function readObject(row: Row): StoredObject {
  return {
    kind: String(row.kind) as ObjectKind,
    id: String(row.id),
    name: String(row.name),
    body: row.body as JsonObject,
    version: Number(row.version),
    isDeleted: row.deleted === true,
    createdAtMs: Number(row.created_at_ms),
    updatedAtMs: Number(row.updated_at_ms),
  };
}

function readChange(row: Row): ObjectChange {
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
    before: (row.before ?? undefined) as JsonObject | undefined,
    after: (row.after ?? undefined) as JsonObject | undefined,
  };
}
