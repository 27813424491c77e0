/** One line on what to write instead, for what the engine does not know. */

import type { ScriptError } from '../../../contracts/sandbox.ts';

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/\bmatch\b.*not|not.*\bmatch\b|match statement|pattern matching/i, 'this pattern is not known; use if and elif'],
  [/contextmanager/, 'write a class with __enter__ and __exit__ in place of contextmanager'],
  [/yield/i, 'this generator cannot be run; build a list'],
  [/\bdel\b/i, 'this del is not known; build a new dict or list without it, or use pop'],
  [/async context|with statement|context manager|__enter__/i, 'with is not available for this; write it without'],
  [/module named '?decimal|module named '?fractions/i, 'there is no Decimal; use whole numbers of cents, or round()'],
  [
    /No module named '?(\w+)/i,
    'only json, re, math, datetime, collections, itertools, functools, base64, asyncio, time, random, statistics, uuid, urllib.parse, string, textwrap, csv, io, hashlib, heapq, bisect, operator, copy, html, enum, dataclasses, contextlib and typing are there',
  ],
  [/unsupported operand type\(s\) for %/i, 'use an f-string in place of this % formatting'],
  [/unsupported operand type\(s\) for \|.*dict/i, 'dicts have no | here; use {**a, **b}'],
  [
    /method decorators|class inheritance|metaclass|base class/i,
    'this class cannot be made; use a plain class or functions',
  ],
  [
    /operand type\(s\) for \S+ '[A-Z]|between instances of '[A-Z]/,
    'objects have no operators of their own here; call a method',
  ],
  [/no attribute '(?:Queue|Event|Condition)'/, 'there are no queues and events; gather the calls'],
  [/coroutine|was never awaited|not subscriptable.*coroutine/i, 'await the call of the tool'],
  [/scheduler stalled/i, 'an error in a coroutine was lost; await such calls one after the other'],
  [/has no tool/i, 'look the tool up with search_tools'],
];

/** Undefined: nobody knows better than the error itself. */
export function hintFor({ kind, exception, message }: ScriptError, code: string): string | undefined {
  if (kind === 'limit')
    return /\byield\b/.test(code) && /while True/.test(code)
      ? 'a generator runs to its end before anything is taken from it; let it end by itself'
      : undefined;
  const text = `${exception}: ${message}`;
  const found = HINTS.find(([pattern]) => pattern.test(text));
  if (found !== undefined) return found[1];
  if (exception === 'PermissionError' && /\bopen\(/.test(code))
    return 'there is no file system; keep data in variables';
  return undefined;
}
