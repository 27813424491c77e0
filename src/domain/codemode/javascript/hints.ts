/** One line on what to write instead, for what scripts in JavaScript expect and do not find. */

import type { ScriptError } from '../../../contracts/sandbox.ts';
import { closest } from '../../../lib/closest.ts';

const NO_MODULES =
  'there are no modules; servers are globals, and so are JSON, Math, Date, RegExp, Map, Set, Promise and the like';

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/'import' and 'export' may appear|could not load module|'(?:require|module|exports)' is not defined/, NO_MODULES],
  [/'(?:fetch|XMLHttpRequest|WebSocket|axios)' is not defined/, 'there is no network; call a tool'],
  [
    /'(?:process|fs|Deno|Bun|Buffer)' is not defined/,
    'there is no process, no environment and no file system; call a tool',
  ],
  [/'set(?:Interval|Immediate)' is not defined/, 'use a loop that awaits a timer of 10 s at most'],
  [
    /'(?:Intl|URL|URLSearchParams|TextEncoder|TextDecoder|btoa|atob|crypto|performance)' is not defined/,
    'only what the language itself brings is there: write it yourself, or call a tool',
  ],
  [/has no tool/, 'look the tool up with search_tools'],
  [/stack overflow/, 'it goes too deep; use a loop in place of recursion'],
  [/memory runs out/, 'keep less in memory at once'],
  [/nobody will ever settle/, 'wait for calls of tools, and for timers of 10 s at most, only'],
  [/circular reference/, 'return plain values without references to themselves'],
  [/not a function|cannot read property/i, 'look at what the tool really gave: console.log it first'],
];

/** Of a script that is looked at for its language. */
const MAX_LOOKED_AT = 20_000;
const isPython = (code: string): boolean =>
  /^[ \t]*(?:def \w+\(|from \w+ import |import \w+$|elif |print\()/m.test(code);
const hasTypes = (code: string): boolean =>
  /\b(?:const|let|var) \w+ ?: ?\w|\) ?: ?\w{1,40}[^\n]{0,40}[{=]|^[ \t]*(?:interface|type) \w|\bas (?:any|const|unknown|string)\b/m.test(
    code,
  );
const endsWithObject = (code: string): boolean => /^\{/m.test(code) && /\};?$/.test(code.slice(-200).trimEnd());

/** `names`: globals that stand for servers. Undefined: nobody knows better than the error itself. */
export function hintFor(
  { kind, exception, message }: ScriptError,
  code: string,
  names: ReadonlySet<string>,
): string | undefined {
  if (kind === 'limit') return undefined;
  const found = HINTS.find(([pattern]) => pattern.test(message));
  if (found !== undefined) return found[1];
  if (kind === 'syntax') {
    const looked = code.slice(0, MAX_LOOKED_AT);
    if (isPython(looked)) return 'scripts are JavaScript here';
    if (hasTypes(looked)) return 'write plain JavaScript, without types';
    if (endsWithObject(code)) return 'put an object that is the result in brackets: ({...})';
    return undefined;
  }
  const unknown = exception === 'ReferenceError' ? /^'([\w$]+)' is not defined$/.exec(message)?.[1] : undefined;
  if (unknown === undefined) return undefined;
  const near = closest(unknown, names);
  if (near !== undefined) return `did you mean ${near}?`;
  return new RegExp(`\\b${unknown.replaceAll('$', '\\$')}\\s*\\.`).test(code)
    ? 'no server has that name; look for tools with search_tools'
    : undefined;
}
