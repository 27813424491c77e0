/** An object store in memory, for tests of what stands above it; held to the suite of all stores. */

import type { JsonObject } from '../../src/contracts/json.ts';
import {
  type NotedFile,
  type ObjectChange,
  ObjectConflict,
  type ObjectStore,
  type ObjectWrite,
  type StoredObject,
} from '../../src/contracts/objects.ts';
import { withoutMembers } from '../../src/lib/without-members.ts';

export interface MemoryObjects {
  readonly objects: Map<string, StoredObject & { readonly seq: number; readonly made: number }>;
  readonly changes: ObjectChange[];
  readonly listeners: Set<() => void>;
  seq: number;
  noted?: NotedFile;
}

export function createMemoryObjects(
  shared: MemoryObjects = { objects: new Map(), changes: [], listeners: new Set(), seq: 0 },
): ObjectStore {
  const plain = ({ seq: _, made: __, ...object }: StoredObject & { seq: number; made: number }): StoredObject =>
    structuredClone(object);
  const shown = (body: JsonObject): JsonObject => withoutMembers(structuredClone(body), ['hash', 'sealed']);
  const living = () => [...shared.objects.values()].filter(({ isDeleted }) => !isDeleted);

  const check = (write: ObjectWrite): void => {
    const there = shared.objects.get(`${write.kind} ${write.id}`);
    const isThere = there?.isDeleted === false;
    if (write.action === 'create' && isThere) throw new ObjectConflict('exists', write);
    if (write.action !== 'create' && !isThere) throw new ObjectConflict('missing', write);
    if (write.action !== 'create' && write.ifVersion !== undefined && write.ifVersion !== there?.version)
      throw new ObjectConflict('version', write);
    if (write.action === 'delete' || write.kind === 'key') return;
    if (living().some(({ kind, name, id }) => kind === write.kind && name === write.name && id !== write.id))
      throw new ObjectConflict('exists', write);
  };

  return {
    async changedSince(seq) {
      const changed = [...shared.objects.values()].filter((object) => object.seq > seq);
      return { seq: shared.seq, objects: changed.sort((a, b) => a.seq - b.seq).map(plain) };
    },
    async find(kind, id) {
      const found = shared.objects.get(`${kind} ${id}`);
      return found === undefined || found.isDeleted ? undefined : plain(found);
    },
    async list(kind, { afterId, limit, namePrefix = '', where = {} }) {
      for (const member of Object.keys(where)) if (!/^[A-Za-z]+$/.test(member)) throw new RangeError(member);
      const after = afterId === undefined ? 0 : (shared.objects.get(`${kind} ${afterId}`)?.made ?? 0);
      return living()
        .filter((object) => object.kind === kind && object.made > after && object.name.startsWith(namePrefix))
        .filter(({ body }) => Object.entries(where).every(([member, value]) => body[member] === value))
        .sort((a, b) => a.made - b.made)
        .slice(0, limit)
        .map(plain);
    },
    async write(writes, origin, nowMs, lookedAt) {
      const [first] = writes;
      const { kinds = [], seq: seenSeq = 0 } = lookedAt ?? {};
      const isLate = [...shared.objects.values()].some((object) => kinds.includes(object.kind) && object.seq > seenSeq);
      if (first !== undefined && isLate) throw new ObjectConflict('others', first);
      const before = new Map(shared.objects);
      const { seq } = shared;
      const lines = shared.changes.length;
      try {
        const written = writes.map((write) => {
          check(write);
          const key = `${write.kind} ${write.id}`;
          const there = shared.objects.get(key);
          const old = there?.isDeleted === false ? there : undefined;
          const next = {
            ...{
              kind: write.kind,
              id: write.id,
              version: (there?.version ?? 0) + 1,
              updatedAtMs: nowMs,
              seq: ++shared.seq,
            },
            name: write.action === 'delete' ? (old?.name ?? '') : write.name,
            body: write.action === 'delete' ? {} : structuredClone(write.body),
            isDeleted: write.action === 'delete',
            createdAtMs: old?.createdAtMs ?? nowMs,
            made: old?.made ?? shared.seq,
          };
          shared.objects.set(key, next);
          shared.changes.push({
            ...{ ...origin, seq: next.seq, atMs: nowMs, action: write.action, kind: write.kind, id: write.id },
            ...{
              name: next.name,
              before: old && shown(old.body),
              after: next.isDeleted ? undefined : shown(next.body),
            },
          });
          return plain(next);
        });
        for (const listener of shared.listeners) listener();
        return written;
      } catch (error) {
        shared.objects.clear();
        for (const [key, object] of before) shared.objects.set(key, object);
        shared.changes.length = lines;
        shared.seq = seq;
        throw error;
      }
    },
    async note(changes, origin, nowMs, file) {
      if (file !== undefined && file.afterSeq !== (shared.noted?.seq ?? 0)) return false;
      for (const { before, after, ...change } of changes)
        shared.changes.push({
          ...{ ...change, ...origin, seq: ++shared.seq, atMs: nowMs },
          ...{ before: before && shown(before), after: after && shown(after) },
        });
      if (file !== undefined) shared.noted = { seq: ++shared.seq, objects: structuredClone(file.objects) };
      for (const listener of shared.listeners) listener();
      return true;
    },
    notedFile: async () => structuredClone(shared.noted ?? { seq: 0, objects: [] }),
    async changes({ kind, id, beforeSeq = Number.POSITIVE_INFINITY, limit }) {
      return shared.changes
        .filter((change) => change.seq < beforeSeq)
        .filter((change) => (kind ?? change.kind) === change.kind && (id ?? change.id) === change.id)
        .toReversed()
        .slice(0, limit);
    },
    onChange(listener) {
      shared.listeners.add(listener);
      return () => shared.listeners.delete(listener);
    },
    async [Symbol.asyncDispose]() {},
  };
}
