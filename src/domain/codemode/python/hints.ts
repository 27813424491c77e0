/** One line on what to write instead, for what the engine does not know. */

import type { ScriptError } from '../../../contracts/sandbox.ts';

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/\bmatch\b.*not|not.*\bmatch\b|match statement/i, 'there is no match statement; use if and elif'],
  [/yield|generator/i, 'there are no generators; build a list'],
  [/\bdel\b/i, 'there is no del; build a new dict or list without it, or use pop'],
  [/with statement|context manager|__enter__/i, 'with is not available for this; write it without'],
  [
    /No module named '?(\w+)/i,
    'only json, re, math, datetime, collections, itertools, functools, base64, asyncio, time, random, statistics, uuid and urllib.parse are there',
  ],
  [/unsupported operand type\(s\) for %/i, 'there is no % formatting; use an f-string'],
  [/unsupported operand type\(s\) for \|.*dict/i, 'dicts have no |; use {**a, **b}'],
  [/inheritance|base class/i, 'classes cannot inherit; raise a built-in exception, or use a plain class'],
  [/coroutine|was never awaited|not subscriptable.*coroutine/i, 'await the call of the tool'],
  [/scheduler stalled/i, 'an error in a coroutine was lost; await such calls one after the other'],
  [/has no tool/i, 'look the tool up with search_tools'],
];

/** Undefined: nobody knows better than the error itself. */
export function hintFor({ kind, exception, message }: ScriptError, code: string): string | undefined {
  if (kind === 'limit') return undefined;
  const text = `${exception}: ${message}`;
  const found = HINTS.find(([pattern]) => pattern.test(text));
  if (found !== undefined) return found[1];
  if (exception === 'PermissionError' && /\bopen\(/.test(code))
    return 'there is no file system; keep data in variables';
  return undefined;
}
