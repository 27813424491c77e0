/** A new row as the values of its columns: what a line says of a call, put in order once, for its digest and for the statement that writes it. */

import { withAnswerer } from './answerer.ts';
import { DIGESTED } from './chain/links.ts';
import { type FinishColumns, type IntentColumns, RUN_COLUMN } from './journal-line.ts';

export type RowValue = string | number | null;

/** Those of `rowValues`. */
export const ROW_NAMES: readonly string[] = DIGESTED;
/** In the order of `FinishColumns`. */
export const FINISH_NAMES = ROW_NAMES.slice(ROW_NAMES.indexOf('result'), ROW_NAMES.indexOf('model') + 1);

export const placeOf = (name: string): number => ROW_NAMES.indexOf(name);

const NO_FINISH: FinishColumns = FINISH_NAMES.map(() => null);

/** `finish` undefined: the call runs. */
export function rowValues(runId: string, intent: IntentColumns, finish: FinishColumns | undefined): RowValue[] {
  return finish === undefined
    ? assemble(runId, intent, NO_FINISH)
    : assemble(runId, withAnswerer(intent, finish), finish);
}

/** What executions added to intents stands last, as it came last. */
function assemble(runId: string, intent: IntentColumns, finish: FinishColumns): RowValue[] {
  const values: RowValue[] = [intent[0] ?? null, runId];
  for (let i = 1; i < RUN_COLUMN; i++) values.push(intent[i] ?? null);
  for (const value of finish) values.push(value);
  for (let i = RUN_COLUMN; i < intent.length; i++) values.push(intent[i] ?? null);
  return values;
}
