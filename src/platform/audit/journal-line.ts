/**
 * What one line of the journal says. A line is a JSON array, for calls with arguments followed by a tab and their text,
 * which thereby keeps its bytes. Lines are bounded, and a line that does not decode is damage, never a surprise later.
 */

import { createHash } from 'node:crypto';
import type { JsonText } from '../../contracts/json.ts';
import type { CallFinish, CallIntent, ModelNote } from '../../contracts/trail.ts';
import { isObject } from '../../lib/is-object.ts';
import { toWholeMicros } from '../../lib/whole-micros.ts';
import { plainNote } from './plain-note.ts';

/** Larger arguments are replaced by their size and digest. UTF-8 bytes. */
export const MAX_ARGUMENT_BYTES = 16 * 1024;
const MAX_FIELD_CHARS = 2_048;

/**
 * Columns of an intent, in the order of the table: the fields of the line, arguments, reserved_micro_usd, user_id, team_id,
 * organization_id, labels (JSON), agent_run_id, suggestion_id, authority.
 */
export type IntentColumns = readonly (string | number | null)[];
/** Place of agent_run_id among them. */
export const RUN_COLUMN = 18;
/**
 * result, error, result_bytes, total_ms, upstream_ms, policy (JSON), cached, price_micro_usd, and for calls of models
 * input_tokens, output_tokens, cached_tokens, reasoning_tokens, first_byte_ms, model (JSON: what else there is).
 */
export type FinishColumns = readonly (string | number | null)[];

/** The end of a call, and the run it was found to belong to after its intent was written. */
export interface LateFinish {
  readonly columns: FinishColumns;
  readonly run: string | null;
}

export type JournalLine =
  | { readonly type: 'intent'; readonly id: string; readonly columns: IntentColumns }
  | ({ readonly type: 'finish'; readonly id: string } & LateFinish)
  | {
      readonly type: 'record';
      readonly id: string;
      readonly columns: IntentColumns;
      readonly finish: FinishColumns;
    };

export function encodeIntent(intent: CallIntent): string {
  const { reservedMicroUsd } = intent;
  const fields = intentFields('i', intent);
  if (reservedMicroUsd !== undefined) fields.push(reservedMicroUsd);
  addOther(fields, intent);
  return `${JSON.stringify(fields)}${argumentPart(intent.arguments)}\n`;
}

export function encodeFinish(finish: CallFinish): string {
  const fields: unknown[] = ['f', cap(finish.id)];
  const note = addFinish(fields, finish, finish.runId === undefined);
  if (finish.runId !== undefined) fields.push({ r: cap(finish.runId) });
  return `${renderFields(fields, note)}\n`;
}

export function encodeRecord(intent: CallIntent, finish: CallFinish): string {
  const fields = intentFields('r', intent);
  const note = addFinish(fields, finish, !hasOther(intent));
  addOther(fields, intent);
  return `${renderFields(fields, note)}${argumentPart(intent.arguments)}\n`;
}

/** `note`: a last field, escaped already. */
function renderFields(fields: readonly unknown[], note: string | undefined): string {
  const text = JSON.stringify(fields);
  return note === undefined ? text : `${text.slice(0, -1)},"${note}"]`;
}

const INTENT_FIELDS = 12;
const FINISH_FIELDS = 14;
/** The last of a finish (policy note, cached, price, figures of models) are left out where they say nothing. */
const OPTIONAL_FIELDS = 9;
/** Which fields may be null, and which are numbers: everything else is text. */
const INTENT_SHAPE = ['s', 's?', 's', 'n', 's', 's', 's?', 's?', 's?', 's', 's?', 's?'] as const;
const FINISH_SHAPE = [
  ...(['s', 's?', 'n', 'n', 'n', 's?', 'n?', 'n?'] as const),
  ...(['n?', 'n?', 'n?', 'n?', 'n?', 's?'] as const),
];

/** One array for each line: every call writes one or two. */
function intentFields(type: 'i' | 'r', intent: CallIntent): unknown[] {
  return [
    type,
    cap(intent.id),
    cap(intent.parentId),
    cap(intent.traceId),
    Math.round(intent.atMs),
    intent.kind,
    cap(intent.surface),
    cap(intent.keyId),
    cap(intent.keyName),
    cap(intent.serverId),
    cap(intent.name),
    cap(intent.target),
    cap(intent.client),
  ];
}

const MAX_LABEL_CHARS = 4_096;

/** Names of members of the one field that is an object, always the last; in the order of the columns they become. */
const OTHER = ['u', 't', 'o', 'l', 'r', 's', 'a'] as const;

const NO_OTHER = OTHER.map(() => null);

/** The levels above its key, its labels, what it belongs to and who allowed it. Most calls have none. */
function addOther(fields: unknown[], intent: CallIntent): void {
  if (!hasOther(intent)) return;
  const { userId, teamId, organizationId, labels, runId, suggestionId, authority } = intent;
  const text = labels && JSON.stringify(labels);
  const fits = text === undefined || text.length <= MAX_LABEL_CHARS;
  fields.push({
    ...{ u: cap(userId), t: cap(teamId), o: cap(organizationId), l: fits ? text : undefined },
    ...{ r: cap(runId), s: cap(suggestionId), a: cap(authority) },
  });
}

function hasOther({ userId, teamId, organizationId, labels, runId, suggestionId, authority }: CallIntent): boolean {
  const isAbove = userId !== undefined || teamId !== undefined || organizationId !== undefined || labels !== undefined;
  return isAbove || runId !== undefined || suggestionId !== undefined || authority !== undefined;
}

/** Takes that field off the line. */
function takeOther(fields: unknown[]): readonly (string | null)[] {
  const last = fields[fields.length - 1];
  if (!isObject(last)) return NO_OTHER;
  fields.pop();
  return OTHER.map((name) => {
    const value = last[name];
    return typeof value === 'string' ? value : null;
  });
}

/** `isLast`: nothing follows. Returns the note of a model where that is the last field, and is not among `fields`. */
function addFinish(fields: unknown[], finish: CallFinish, isLast: boolean): string | undefined {
  const { result, error, resultBytes, totalMs, upstreamMs, policy, cached, priceMicroUsd, model } = finish;
  fields.push(result, cap(error), Math.round(resultBytes), toWholeMicros(totalMs), toWholeMicros(upstreamMs));
  if (policy === undefined && cached !== true && priceMicroUsd === undefined && model === undefined) return undefined;
  fields.push(policy && JSON.stringify({ ...policy, problem: cap(policy.problem) }));
  if (cached === true || priceMicroUsd !== undefined || model !== undefined)
    fields.push(cached === true ? 1 : undefined, priceMicroUsd);
  return model === undefined ? undefined : addModel(fields, model, isLast);
}

/** What is added up has a column of its own; the rest of the note is one text. */
function addModel(fields: unknown[], note: ModelNote, isLast: boolean): string | undefined {
  const { usage, firstByteMs } = note;
  fields.push(usage?.inputTokens, usage?.outputTokens, usage?.cachedTokens, usage?.reasoningTokens, firstByteMs);
  const text = isLast && !saysMore(usage) ? plainNote(note) : undefined;
  if (text === undefined) fields.push(restOf(note));
  return text;
}

/** Figures that have no column. */
function saysMore(usage: ModelNote['usage']): boolean {
  if (usage === undefined) return false;
  const { cacheWriteTokens, searches, estimated } = usage;
  return cacheWriteTokens !== undefined || searches !== undefined || estimated !== undefined;
}

function restOf({ usage, firstByteMs: _, ...rest }: ModelNote): string {
  const {
    inputTokens: _i,
    outputTokens: _o,
    cachedTokens: _c,
    reasoningTokens: _r,
    ...more
  }: Partial<ModelUsage> = usage ?? {};
  return JSON.stringify(Object.keys(more).length === 0 ? rest : { ...rest, usage: more });
}

type ModelUsage = NonNullable<ModelNote['usage']>;

function cap(text: string | undefined): string | undefined {
  return text === undefined || text.length <= MAX_FIELD_CHARS ? text : `${text.slice(0, MAX_FIELD_CHARS)}…`;
}

function argumentPart(text: JsonText | undefined): string {
  if (text === undefined) return '';
  // A character is one to three bytes, so most texts need no counting.
  if (text.length * 3 > MAX_ARGUMENT_BYTES) {
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_ARGUMENT_BYTES) {
      const sha256 = createHash('sha256').update(text).digest('hex');
      return `\t{"truncated":true,"bytes":${bytes},"sha256":"${sha256}"}`;
    }
  }
  return `\t${text.includes('\n') || text.includes('\r') ? text.replace(/[\r\n]+/g, ' ') : text}`;
}

/** Reads one line (without its line feed); undefined if it is damaged. */
export function decodeLine(line: string): JournalLine | undefined {
  const tab = line.indexOf('\t');
  const fields = parseArray(tab === -1 ? line : line.slice(0, tab));
  const id = fields?.[1];
  if (fields === undefined || typeof id !== 'string') return undefined;
  const argumentText = tab === -1 ? null : line.slice(tab + 1);
  const other = takeOther(fields);
  switch (fields[0]) {
    case 'f': {
      const columns = readColumns(fields, 2, FINISH_SHAPE);
      return columns && isWhole(fields, 2 + FINISH_FIELDS)
        ? { type: 'finish', id, columns, run: other[OTHER.indexOf('r')] ?? null }
        : undefined;
    }
    case 'i': {
      const columns = readColumns(fields, 1, INTENT_SHAPE);
      const reserved = fields[1 + INTENT_FIELDS] ?? null;
      if (fields.length > 2 + INTENT_FIELDS || (reserved !== null && typeof reserved !== 'number')) return undefined;
      columns?.push(argumentText, reserved, ...other);
      return columns && fields.length >= 1 + INTENT_FIELDS ? { type: 'intent', id, columns } : undefined;
    }
    case 'r': {
      const columns = readColumns(fields, 1, INTENT_SHAPE);
      columns?.push(argumentText, null, ...other);
      const finish = readColumns(fields, 1 + INTENT_FIELDS, FINISH_SHAPE);
      return columns && finish && isWhole(fields, 1 + INTENT_FIELDS + FINISH_FIELDS)
        ? { type: 'record', id, columns, finish }
        : undefined;
    }
    default:
      return undefined;
  }
}

/** All of them, but for the last, which may be left out. */
function isWhole(fields: readonly unknown[], length: number): boolean {
  return fields.length <= length && fields.length >= length - OPTIONAL_FIELDS;
}

function parseArray(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The fields from `at` on, checked; undefined if one is missing or not of its kind. */
function readColumns(
  fields: readonly unknown[],
  at: number,
  kinds: readonly ('s' | 's?' | 'n' | 'n?')[],
): (string | number | null)[] | undefined {
  const columns: (string | number | null)[] = [];
  for (let i = 0; i < kinds.length; i++) {
    const kind = kinds[i];
    const value = fields[at + i] ?? null;
    if (typeof value === 'string' && (kind === 's' || kind === 's?')) columns.push(value);
    else if (kind === 'n' && (typeof value === 'number' || value === null)) columns.push(value ?? 0);
    else if ((kind === 's?' || kind === 'n?') && value === null) columns.push(null);
    else if (kind === 'n?' && typeof value === 'number') columns.push(value);
    else return undefined;
  }
  return columns;
}
