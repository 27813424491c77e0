/** Makes the chain of the trail in SQLite longer, within the transactions that change rows. */

import type { DatabaseSync } from 'node:sqlite';
import type { SealKey } from '../../../contracts/sealing.ts';
import { type ChainEntry, linkOf, sign } from './links.ts';

/** A row carries the digest of what it is; the table of entries has those of what rows were, and of rows that are gone. */
export interface ChainWriter {
  /** A transaction begins; what one before left behind was rolled back. */
  begin(): void;
  /** A row is now so, and carries this digest. */
  add(entry: ChainEntry): void;
  /** A row is about to be changed, or to go: what it was stays in the chain. */
  keep(seq: number, id: string, digest: unknown): void;
  /** Retention took the row; `keep` was told. */
  remove(seq: number, id: string): void;
  /** Joins what was added and removed to all before. */
  join(): void;
  /** Lets go of what stands before all rows that are left; what remains says where it begins. */
  cut(): void;
  /** How far it is. */
  head(): { readonly seq: number; readonly link: string };
}

/** `key` undefined: links are not signed. */
export function createChainWriter(db: DatabaseSync, key: SealKey | undefined): ChainWriter {
  const insertEntry = db.prepare('INSERT INTO trail_chain (seq, id, digest) VALUES (?, ?, ?)');
  const insertLink = db.prepare('INSERT INTO trail_link (seq, link, mac) VALUES (?, ?, ?)');
  const selectHead = db.prepare(
    'SELECT seq, link FROM trail_link UNION ALL SELECT seq, link FROM trail_chain_base ORDER BY seq DESC LIMIT 1',
  );
  const selectCut = db.prepare(
    `SELECT seq, link FROM trail_link
     WHERE seq < (SELECT coalesce(min(seq), (SELECT last FROM trail_seq)) FROM trail) ORDER BY seq DESC LIMIT 1`,
  );
  const updateBase = db.prepare('UPDATE trail_chain_base SET seq = ?, link = ?, mac = ?');
  const signBase = db.prepare('SELECT seq, link FROM trail_chain_base WHERE mac IS NULL');
  const deleteEntries = db.prepare('DELETE FROM trail_chain WHERE seq <= ?');
  const deleteLinks = db.prepare('DELETE FROM trail_link WHERE seq <= ?');

  const readHead = (): { seq: number; link: string } => {
    const row = selectHead.get();
    return { seq: Number(row?.seq ?? 0), link: String(row?.link ?? '') };
  };
  const setBase = (base: { readonly seq: number; readonly link: string }): void => {
    updateBase.run(base.seq, base.link, sign(key, 'base', base) ?? null);
  };
  let added: ChainEntry[] = [];

  return {
    begin() {
      added = [];
    },
    add(entry) {
      added.push(entry);
    },
    keep(seq, id, digest) {
      // Rows of before there was a chain have none.
      if (typeof digest === 'string') insertEntry.run(seq, id, digest);
    },
    remove(seq, id) {
      insertEntry.run(seq, id, null);
      added.push({ seq, id, digest: undefined });
    },
    join() {
      const last = added.at(-1);
      if (last === undefined) return;
      const unsigned = key === undefined ? undefined : signBase.get();
      if (unsigned !== undefined) setBase({ seq: Number(unsigned.seq), link: String(unsigned.link) });
      const link = linkOf(readHead().link, added);
      insertLink.run(last.seq, link, sign(key, 'link', { seq: last.seq, link }) ?? null);
      added = [];
    },
    cut() {
      const found = selectCut.get();
      if (found === undefined) return;
      const base = { seq: Number(found.seq), link: String(found.link) };
      setBase(base);
      deleteEntries.run(base.seq);
      deleteLinks.run(base.seq);
    },
    head: readHead,
  };
}
