/** Is the trail what was written? Walks the chain from where it begins to its head, and holds every row against it. */

import type { SealKeys } from '../../../contracts/sealing.ts';
import { type ChainEntry, type ChainLink, checkMac, digestRow, linkOf, type Signed } from './links.ts';

type Row = { readonly [column: string]: unknown };
/** One picture of the database, whatever is written beside; `?` marks values. */
export type ReadRows = (sql: string, values: readonly (string | number)[]) => readonly Row[] | Promise<readonly Row[]>;

export interface ChainProblem {
  /**
   * `edited`: a row is another one than was written. `removed`: a row is gone, and retention did not take it. `inserted`: a row
   * that nobody wrote. `restored`: a row that retention took is back. `broken`: the chain itself was changed. `forged`: a
   * signature is not ours. `unsigned`: a link that should be signed is not. `cut-off`: the newest part is gone.
   */
  readonly type: 'edited' | 'removed' | 'inserted' | 'restored' | 'broken' | 'forged' | 'unsigned' | 'cut-off';
  readonly seq: number;
  /** Of the row. */
  readonly id: string | undefined;
}

export interface ChainReport {
  /** Rows that were held against the chain, and those from before there was one. */
  readonly rows: number;
  readonly rowsBefore: number;
  readonly links: number;
  readonly head: { readonly seq: number; readonly link: string };
  /** Up to here a signature of a key that is known here vouches for everything; undefined: none does. */
  readonly signedTo: number | undefined;
  /** All, and the first 100 of them. */
  readonly problemCount: number;
  readonly problems: readonly ChainProblem[];
}

const MAX_PROBLEMS = 100;
const PAGE = 1_000;

/** A head that was seen earlier: it must still be in the chain, or lie before where it begins. */
export interface KnownHead {
  readonly seq: number;
  readonly link: string;
}

/** `keys` undefined: there are none, and nothing is signed. */
export async function verifyChain(
  read: ReadRows,
  keys: SealKeys | undefined,
  knownHeads: readonly KnownHead[] = [],
): Promise<ChainReport> {
  const problems: ChainProblem[] = [];
  let problemCount = 0;
  const report = (type: ChainProblem['type'], seq: number, id?: string): void => {
    problemCount++;
    if (problems.length < MAX_PROBLEMS) problems.push({ type, seq, id });
  };

  const [baseRow] = await read('SELECT seq, link, mac FROM trail_chain_base', []);
  if (baseRow === undefined) {
    report('broken', 0);
    return {
      ...{ rows: 0, rowsBefore: 0, links: 0, head: { seq: 0, link: '' } },
      signedTo: undefined,
      problemCount,
      problems,
    };
  }
  const base = toLink(baseRow);
  /** Whether a known key vouches for it. */
  const isVouchedFor = (what: Signed, link: ChainLink): boolean => {
    const state = keys && checkMac(keys, what, link);
    if (state === 'bad') report('forged', link.seq);
    if (state === 'unsigned') report('unsigned', link.seq);
    return state === 'good';
  };

  let head: ChainLink = base;
  let signedTo: number | undefined;
  let links = 0;
  let expected = base.link;
  const unseen = new Map(knownHeads.filter(({ seq }) => seq > base.seq).map((known) => [known.seq, known.link]));

  const stream = pages(
    read,
    'SELECT seq, id, digest FROM trail_entry WHERE seq > ? ORDER BY seq LIMIT ?',
    base.seq,
    toEntry,
  );
  let next = await stream.next();
  for await (const link of pages(
    read,
    'SELECT seq, link, mac FROM trail_link WHERE seq > ? ORDER BY seq LIMIT ?',
    base.seq,
    toLink,
  )) {
    const entries: ChainEntry[] = [];
    while (next.done !== true && next.value.seq <= link.seq) {
      entries.push(next.value);
      next = await stream.next();
    }
    expected = linkOf(expected, entries);
    if (expected !== link.link) report('broken', link.seq);
    // Told once: what follows is held against what stands there.
    expected = link.link;
    if (isVouchedFor('link', link)) signedTo = link.seq;
    const known = unseen.get(link.seq);
    if (known === link.link) unseen.delete(link.seq);
    head = link;
    links++;
  }
  // Nobody signs it before there is something to sign.
  if (links > 0 || base.mac !== undefined) isVouchedFor('base', base);
  for (const [seq] of unseen) report(seq > head.seq ? 'cut-off' : 'broken', seq);
  if (next.done !== true) report('broken', next.value.seq, next.value.id);

  const { rows, rowsBefore } = await checkRows(read, base.seq, report);
  return {
    ...{ rows, rowsBefore, links, head: { seq: head.seq, link: head.link }, signedTo, problemCount },
    problems: problems.sort((a, b) => a.seq - b.seq),
  };
}

async function checkRows(
  read: ReadRows,
  baseSeq: number,
  report: (type: ChainProblem['type'], seq: number, id?: string) => void,
): Promise<{ readonly rows: number; readonly rowsBefore: number }> {
  let rows = 0;
  const every = `SELECT * FROM trail WHERE seq > ? ORDER BY seq LIMIT ?`;
  const entriesOf = new Map<number, ChainEntry>();
  let entriesTo = baseSeq;
  for await (const row of pages(read, every, baseSeq, (each) => each)) {
    const seq = Number(row.seq);
    while (entriesTo < seq) {
      entriesOf.clear();
      const page = (
        await read('SELECT seq, id, digest FROM trail_entry WHERE seq > ? ORDER BY seq LIMIT ?', [entriesTo, PAGE])
      ).map(toEntry);
      for (const entry of page) entriesOf.set(entry.seq, entry);
      entriesTo = page.length < PAGE ? Number.MAX_SAFE_INTEGER : (page.at(-1)?.seq ?? Number.MAX_SAFE_INTEGER);
    }
    const entry = entriesOf.get(seq);
    const id = String(row.id);
    if (entry === undefined || entry.id !== id) report('inserted', seq, id);
    else if (entry.digest !== digestRow(row)) report(entry.digest === undefined ? 'restored' : 'edited', seq, id);
    rows++;
  }
  // The last word on each row that is not there: it must be that retention took it.
  const gone = await read(
    `SELECT c.id AS id, max(c.seq) AS seq FROM trail_entry c LEFT JOIN trail t ON t.id = c.id
     WHERE t.id IS NULL GROUP BY c.id HAVING count(*) = count(c.digest) ORDER BY 2`,
    [],
  );
  for (const { id, seq } of gone) report('removed', Number(seq), String(id));
  const back = await read(
    'SELECT c.seq AS seq, c.id AS id FROM trail_entry c JOIN trail t ON t.id = c.id WHERE c.digest IS NULL',
    [],
  );
  for (const { id, seq } of back) report('restored', Number(seq), String(id));
  // What a row was earlier is no longer what it is.
  const turnedBack = await read(
    `SELECT t.id AS id, min(c.seq) AS seq FROM trail_entry c JOIN trail t ON t.id = c.id
     WHERE c.seq > t.seq AND c.digest IS NOT NULL GROUP BY t.id`,
    [],
  );
  for (const { id, seq } of turnedBack) report('edited', Number(seq), String(id));
  const [before] = await read('SELECT count(*) AS n FROM trail WHERE seq <= ?', [baseSeq]);
  return { rows, rowsBefore: Number(before?.n ?? 0) };
}

/** `sql` takes the number after which to go on, and how many. */
async function* pages<T>(read: ReadRows, sql: string, afterSeq: number, parse: (row: Row) => T): AsyncGenerator<T> {
  let after = afterSeq;
  for (;;) {
    const rows = await read(sql, [after, PAGE]);
    for (const row of rows) yield parse(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = Number(last.seq);
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function toLink(row: Row): ChainLink {
  return { seq: Number(row.seq), link: String(row.link), mac: textOf(row.mac) };
}

function toEntry(row: Row): ChainEntry {
  return { seq: Number(row.seq), id: String(row.id), digest: textOf(row.digest) };
}
