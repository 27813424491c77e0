/** Who answered a call of a model, where another was meant: what one row of the trail says in two places. */

import type { FinishColumns, IntentColumns } from './journal-line.ts';

/** Places in the columns of an intent. */
const SERVER_ID = 8;
const TARGET = 10;
const RESERVED = 13;

/** One that set money aside was written before it was known who answers. */
export function withAnswerer(columns: IntentColumns, finish: FinishColumns): IntentColumns {
  if (columns[RESERVED] === null || columns[RESERVED] === undefined) return columns;
  if (isAnsweredBy(finish, columns[SERVER_ID], columns[TARGET])) return columns;
  const { provider, model } = answererOf(finish);
  if (provider === null && model === null) return columns;
  return columns.map((value, index) =>
    index === SERVER_ID ? (provider ?? value) : index === TARGET ? (model ?? value) : value,
  );
}

/**
 * True if it is plain that the one attempt there was is theirs: most calls, which are spared the reading of their note. In JSON, a
 * quote within a text is escaped, so what is looked for is the name of a member wherever it stands.
 */
function isAnsweredBy(finish: FinishColumns, provider: unknown, model: unknown): boolean {
  const note = finish.at(-1);
  if (typeof note !== 'string') return false;
  const at = note.indexOf('"provider":');
  return (
    note.startsWith(`"provider":"${provider}","model":"${model}"`, at) && note.indexOf('"provider":', at + 1) === -1
  );
}

/** By the note of its attempts; null: it is not told. */
export function answererOf(finish: FinishColumns): { readonly provider: string | null; readonly model: string | null } {
  const note = finish.at(-1);
  try {
    const last = typeof note === 'string' ? JSON.parse(note)?.attempts?.at(-1) : undefined;
    return {
      provider: typeof last?.provider === 'string' ? last.provider : null,
      model: typeof last?.model === 'string' ? last.model : null,
    };
  } catch {
    return { provider: null, model: null };
  }
}
