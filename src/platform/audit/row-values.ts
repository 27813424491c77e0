/** A new row as the values of its columns: what a line says of a call, put in order once, for its digest and for the statement that writes it. */

import { answererOf, isAnsweredBy } from './answerer.ts';
import { type FinishColumns, type IntentColumns, RUN_COLUMN } from './journal-line.ts';

export type RowValue = string | number | null;

/** In the order of `IntentColumns` and `FinishColumns`. */
export const INTENT_NAMES = [
  ...['id', 'parent_id', 'trace_id', 'at_ms', 'kind', 'surface', 'key_id', 'key_name', 'server_id', 'name', 'target'],
  ...['client', 'arguments', 'reserved_micro_usd', 'user_id', 'team_id', 'organization_id', 'labels'],
  ...['agent_run_id', 'suggestion_id', 'authority'],
];
export const FINISH_NAMES = [
  ...['result', 'error', 'result_bytes', 'total_ms', 'upstream_ms', 'policy', 'cached', 'price_micro_usd'],
  ...['input_tokens', 'output_tokens', 'cached_tokens', 'reasoning_tokens', 'first_byte_ms', 'model'],
];

/** Those of `rowValues`: the order in which digests are made. */
export const ROW_NAMES: readonly string[] = assemble('run_id', INTENT_NAMES, FINISH_NAMES);

export const placeOf = (name: string): number => ROW_NAMES.indexOf(name);
const SERVER_ID = placeOf('server_id');
const TARGET = placeOf('target');
const RESERVED = placeOf('reserved_micro_usd');
const MODEL = placeOf('model');

const NO_FINISH: FinishColumns = FINISH_NAMES.map(() => null);

/** `finish` undefined: the call runs. One that set money aside was written before it was known who answers; the row names who did. */
export function rowValues(runId: string, intent: IntentColumns, finish: FinishColumns = NO_FINISH): RowValue[] {
  const values: RowValue[] = assemble(runId, intent, finish);
  if (values[RESERVED] === null || values[MODEL] === null) return values;
  if (isAnsweredBy(finish, values[SERVER_ID], values[TARGET])) return values;
  const { provider, model } = answererOf(finish);
  if (provider !== null) values[SERVER_ID] = provider;
  if (model !== null) values[TARGET] = model;
  return values;
}

function assemble<T>(run: T, intent: readonly T[], finish: readonly T[]): T[] {
  const values: T[] = [intent[0] as T, run];
  for (let i = 1; i < RUN_COLUMN; i++) values.push(intent[i] as T);
  for (let i = 0; i < finish.length; i++) values.push(finish[i] as T);
  for (let i = RUN_COLUMN; i < intent.length; i++) values.push(intent[i] as T);
  return values;
}
