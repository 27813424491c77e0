/** The operator's log: one line per event, for people or as JSON. Values can neither forge lines nor show a secret. */

import type { Log } from '../../contracts/log.ts';
import { Secret } from '../../contracts/secret.ts';

export type LogThreshold = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  /** Quietest level that is written; a function is asked each time, so that it can change while running. */
  readonly level: LogThreshold | (() => LogThreshold);
  /** Gets each line, without a line feed. Default: standard error, since standard output is for results. */
  readonly write?: (line: string) => void;
  /** One JSON object per line instead of text. Default false. */
  readonly json?: boolean;
  readonly now?: () => number;
}

const RANK = { debug: 0, info: 1, warn: 2, error: 3 } as const;
const OWN_FIELDS: ReadonlySet<string> = new Set(['time', 'level', 'message']);
const MAX_MESSAGE_CHARS = 2_000;
const MAX_VALUE_CHARS = 1_000;
const MAX_STACK_CHARS = 4_000;
const MAX_CAUSES = 4;

/** A log that never throws. Times are UTC. */
export function createLog(options: LogOptions): Log {
  const write = options.write ?? ((line: string) => process.stderr.write(`${line}\n`));
  const now = options.now ?? Date.now;
  const threshold = (): LogThreshold => (typeof options.level === 'function' ? options.level() : options.level);
  const render = options.json === true ? renderJson : renderText;

  const log = (level: LogThreshold, message: string, fields: { readonly [key: string]: unknown } = {}): void => {
    const least = threshold();
    if (RANK[level] < RANK[least]) return;
    try {
      const entries = Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => [key, describeValue(value, least === 'debug')] as const);
      write(render(new Date(now()).toISOString(), level, clean(message, MAX_MESSAGE_CHARS), entries));
    } catch {
      // Whoever logs is busy with something more important than a value that cannot be shown or a closed stream.
    }
  };

  return {
    debug: (message, fields) => log('debug', message, fields),
    info: (message, fields) => log('info', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    error: (message, fields) => log('error', message, fields),
  };
}

type Shown = string | number | boolean | null;
type Entries = readonly (readonly [string, Shown])[];

function renderText(iso: string, level: string, message: string, entries: Entries): string {
  const fields = entries.map(([key, value]) => ` ${escapeControls(key)}=${quote(value)}`).join('');
  return `${iso.slice(11, 19)} ${level.toUpperCase().padEnd(5)} ${escapeControls(message)}${fields}`;
}

function renderJson(iso: string, level: string, message: string, entries: Entries): string {
  const fields = entries.map(([key, value]) => [OWN_FIELDS.has(key) ? `${key}_` : key, value]);
  return JSON.stringify({ time: iso, level, message, ...Object.fromEntries(fields) });
}

function quote(value: Shown): string {
  if (typeof value !== 'string') return String(value);
  return /^[\w.:/@+,*-]+$/.test(value) ? value : `"${escapeControls(value.replace(/["\\]/g, '\\$&'))}"`;
}

function describeValue(value: unknown, withStack: boolean): Shown {
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof Error) {
    const text = clean(describeError(value), MAX_VALUE_CHARS);
    return withStack && value.stack !== undefined ? `${text}\n${clean(value.stack, MAX_STACK_CHARS)}` : text;
  }
  if (value instanceof Secret) return value.toString();
  if (typeof value === 'object') return clean(describeObject(value), MAX_VALUE_CHARS);
  return clean(String(value), MAX_VALUE_CHARS);
}

/** Message and code of an error and of what caused it. */
function describeError(error: Error): string {
  const parts: string[] = [];
  let at: unknown = error;
  while (at instanceof Error && parts.length < MAX_CAUSES) {
    const code = 'code' in at && (typeof at.code === 'string' || typeof at.code === 'number') ? ` (${at.code})` : '';
    parts.push(`${at.message}${code}`);
    at = at.cause;
  }
  return parts.join(': ');
}

function describeObject(value: object): string {
  const seen = new WeakSet<object>();
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'bigint') return String(inner);
    if (inner instanceof Error) return describeError(inner);
    if (typeof inner !== 'object' || inner === null) return inner;
    if (seen.has(inner)) return '[seen above]';
    seen.add(inner);
    return inner;
  });
}

/** Bounds the length and takes out keys of ours that stand in foreign text, a server's stderr for instance. */
function clean(text: string, maxChars: number): string {
  // Cut after hiding: a key cut in half would no longer look like one. The slice before bounds the work.
  const hidden = text.slice(0, maxChars + 64).replace(/pck_[\w-]{16,}/g, 'pck_[redacted]');
  return hidden.length > maxChars ? `${hidden.slice(0, maxChars)}… (${text.length} characters)` : hidden;
}

/** Line breaks, control characters and those that reorder text on a screen become visible escapes. */
function escapeControls(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => {
      if (character === '\n') return '\\n';
      if (character === '\r') return '\\r';
      if (character === '\t') return '\\t';
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
    },
  );
}
