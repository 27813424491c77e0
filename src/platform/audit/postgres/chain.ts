/** Makes the chain of the trail in PostgreSQL longer. Writers of the trail queue (`moveOn`), so there is one chain for all replicas. */

import type { SealKey } from '../../../contracts/sealing.ts';
import type { Query } from '../../stores/postgres/open-database.ts';
import { type ChainEntry, digestRow, linkOf, sign } from '../chain/links.ts';

/** Joins the rows whose number lies in what this transaction was given: from `firstSeq` on. */
export async function extendChain(query: Query, key: SealKey | undefined, firstSeq: number): Promise<void> {
  const { rows } = await query('SELECT * FROM trail WHERE seq >= $1 ORDER BY seq', [firstSeq]);
  await join(
    query,
    key,
    rows.map((row) => ({ seq: Number(row.seq), id: String(row.id), digest: digestRow(row) })),
  );
}

/** Notes that these rows are gone, each with a number of its own; and lets go of what stands before all rows that are left. */
export async function removeFromChain(
  query: Query,
  key: SealKey | undefined,
  entries: readonly Pick<ChainEntry, 'seq' | 'id'>[],
): Promise<void> {
  await join(
    query,
    key,
    entries.map((entry) => ({ ...entry, digest: undefined })),
  );
  const { rows } = await query(
    `SELECT seq, link FROM trail_link
     WHERE seq < coalesce((SELECT min(seq) FROM trail), (SELECT last FROM change_counter WHERE topic = 'trail'))
     ORDER BY seq DESC LIMIT 1`,
  );
  const [found] = rows;
  if (found === undefined) return;
  const base = { seq: Number(found.seq), link: String(found.link) };
  await setBase(query, key, base);
  await query('DELETE FROM trail_chain WHERE seq <= $1', [base.seq]);
  await query('DELETE FROM trail_link WHERE seq <= $1', [base.seq]);
}

/** Whoever makes it longer has to sign. */
export async function isSigned(query: Query): Promise<boolean> {
  return (await query('SELECT 1 FROM trail_chain_base WHERE mac IS NOT NULL')).rows.length > 0;
}

export async function readHead(query: Query): Promise<{ readonly seq: number; readonly link: string }> {
  const { rows } = await query(
    'SELECT seq, link FROM trail_link UNION ALL SELECT seq, link FROM trail_chain_base ORDER BY seq DESC LIMIT 1',
  );
  return { seq: Number(rows[0]?.seq ?? 0), link: String(rows[0]?.link ?? '') };
}

async function setBase(
  query: Query,
  key: SealKey | undefined,
  base: { readonly seq: number; readonly link: string },
): Promise<void> {
  await query('UPDATE trail_chain_base SET seq = $1, link = $2, mac = $3', [
    ...[base.seq, base.link],
    sign(key, 'base', base) ?? null,
  ]);
}

async function join(query: Query, key: SealKey | undefined, entries: readonly ChainEntry[]): Promise<void> {
  const last = entries.at(-1);
  if (last === undefined) return;
  if (key !== undefined) {
    const { rows } = await query('SELECT seq, link FROM trail_chain_base WHERE mac IS NULL');
    const [base] = rows;
    if (base !== undefined) await setBase(query, key, { seq: Number(base.seq), link: String(base.link) });
  }
  const link = linkOf((await readHead(query)).link, entries);
  await query('INSERT INTO trail_chain (seq, id, digest) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])', [
    entries.map(({ seq }) => seq),
    entries.map(({ id }) => id),
    entries.map(({ digest }) => digest ?? null),
  ]);
  await query('INSERT INTO trail_link (seq, link, mac) VALUES ($1, $2, $3)', [
    ...[last.seq, link],
    sign(key, 'link', { seq: last.seq, link }) ?? null,
  ]);
}
