/** Rows of the trail into PostgreSQL, a piece of journal with two statements. What they say is told in `fold-statements.ts`. */

import type { Query } from '../../stores/postgres/open-database.ts';
import { storableText } from '../../stores/postgres/storable-text.ts';
import { answererOf, withAnswerer } from '../answerer.ts';
import type { CollectedLines } from '../apply-lines.ts';
import type { FinishColumns } from '../journal-line.ts';

type Value = string | number | null;
type ColumnType = 'text' | 'bigint' | 'double precision' | 'int';
type Columns = readonly (readonly [name: string, type: ColumnType])[];

const INTENT: Columns = [
  ...(['id', 'parent_id', 'trace_id'] as const).map((name) => [name, 'text'] as const),
  ['at_ms', 'bigint'],
  ...(['kind', 'surface', 'key_id', 'key_name', 'server_id', 'name', 'target', 'client', 'arguments'] as const).map(
    (name) => [name, 'text'] as const,
  ),
  ['reserved_micro_usd', 'bigint'],
  ...(['user_id', 'team_id', 'organization_id', 'labels'] as const).map((name) => [name, 'text'] as const),
  ...(['agent_run_id', 'suggestion_id', 'authority'] as const).map((name) => [name, 'text'] as const),
];
const FINISH: Columns = [
  ['result', 'text'],
  ['error', 'text'],
  ['result_bytes', 'bigint'],
  ['total_ms', 'double precision'],
  ['upstream_ms', 'double precision'],
  ['policy', 'text'],
  ['cached', 'int'],
  ['price_micro_usd', 'bigint'],
  ['input_tokens', 'bigint'],
  ['output_tokens', 'bigint'],
  ['cached_tokens', 'bigint'],
  ['reasoning_tokens', 'bigint'],
  ['first_byte_ms', 'double precision'],
  ['model', 'text'],
];
/** A finish that comes after its run was taken for dead is the better knowledge. */
const IS_OPEN = "(t.result IS NULL OR t.result = 'unknown')";

const names = (columns: Columns): string => columns.map(([name]) => name).join(', ');
const arrays = (columns: Columns, from: number): string =>
  columns.map(([, type], index) => `$${index + from}::${type}[]`).join(', ');

/** Into the trail; `firstSeq` is the first of as many numbers as there are rows. Returns how many had an effect. */
export async function writeRows(
  query: Query,
  whose: { readonly replicaId: string; readonly runId: string; readonly firstSeq: number },
  rows: CollectedLines['rows'],
): Promise<number> {
  if (rows.size === 0) return 0;
  const all = [...INTENT, ...FINISH];
  const none: FinishColumns = FINISH.map(() => null);
  const lines = [...rows.values()].map(({ columns, finish }) => {
    const intent = finish === undefined ? columns : withAnswerer(columns, finish);
    return [...INTENT.map((_, index) => intent[index] ?? null), ...(finish ?? none)];
  });
  const { changes } = await query(
    `INSERT INTO trail AS t (seq, replica_id, run_id, ${names(all)})
     SELECT $1::bigint + place - 1, $2, $3, ${names(all)}
     FROM unnest(${arrays(all, 4)}) WITH ORDINALITY AS line (${names(all)}, place) ORDER BY place
     ON CONFLICT (id) DO UPDATE SET (seq, ${names(FINISH)}) = (excluded.seq, ${FINISH.map(([name]) => `excluded.${name}`).join(', ')})
       WHERE excluded.result IS NOT NULL AND ${IS_OPEN}`,
    [whose.firstSeq, whose.replicaId, whose.runId, ...toArrays(all, lines)],
  );
  return changes;
}

/** Ends rows that are there. As above. */
export async function writeFinishes(
  query: Query,
  firstSeq: number,
  finishes: CollectedLines['finishes'],
): Promise<number> {
  if (finishes.size === 0) return 0;
  const all: Columns = [['id', 'text'], ...FINISH, ['answerer', 'text'], ['answered', 'text'], ['found_run', 'text']];
  const lines = [...finishes].map(([id, { columns, run }]) => {
    const { provider, model } = answererOf(columns);
    return [id, ...columns, provider, model, run];
  });
  const { changes } = await query(
    `UPDATE trail t SET (seq, ${names(FINISH)}) = ($1::bigint + line.place - 1, ${FINISH.map(([name]) => `line.${name}`).join(', ')}),
       server_id = coalesce(line.answerer, t.server_id), target = coalesce(line.answered, t.target),
       agent_run_id = coalesce(t.agent_run_id, line.found_run)
     FROM unnest(${arrays(all, 2)}) WITH ORDINALITY AS line (${names(all)}, place)
     WHERE t.id = line.id AND ${IS_OPEN}`,
    [firstSeq, ...toArrays(all, lines)],
  );
  return changes;
}

/** Ends running rows of a run as `unknown`, at most `limit`, in their order; what may have been made may have been paid for. */
export async function markUnknown(
  query: Query,
  whose: { readonly replicaId: string; readonly runId: string; readonly firstSeq: number },
  limit: number,
): Promise<number> {
  const { changes } = await query(
    `UPDATE trail t SET seq = $1::bigint + open.place - 1, result = 'unknown', price_micro_usd = reserved_micro_usd
     FROM (SELECT row, row_number() OVER (ORDER BY row) AS place FROM trail
           WHERE replica_id = $2 AND run_id = $3 AND result IS NULL ORDER BY row LIMIT $4) open
     WHERE t.row = open.row AND t.result IS NULL`,
    [whose.firstSeq, whose.replicaId, whose.runId, limit],
  );
  return changes;
}

/** A list for each column, in place of one for each row. */
function toArrays(columns: Columns, lines: readonly (readonly Value[])[]): Value[][] {
  return columns.map(([, type], index) => lines.map((line) => toValue(line[index] ?? null, type)));
}

function toValue(value: Value, type: ColumnType): Value {
  if (typeof value === 'string') return storableText(value);
  // A number that is not whole comes from damage only; it must not stop everything that comes after it.
  return typeof value === 'number' && type !== 'double precision' ? Math.round(value) : value;
}
