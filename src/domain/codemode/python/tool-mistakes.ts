/** Findings of the type checker that are mistakes in calls of tools: only they keep a script from running. */

import type { TypeDiagnostic } from '../../../contracts/sandbox.ts';

/** Rules about arguments speak of the method they were given to; the classes of servers are ours. */
const ARGUMENT_RULES = new Set([
  'missing-argument',
  'unknown-argument',
  'invalid-argument-type',
  'parameter-already-assigned',
]);
const OURS = /\b_S_\w+/;

export function isToolMistake({ rule, message }: TypeDiagnostic): boolean {
  if (ARGUMENT_RULES.has(rule)) return OURS.test(message) && !mayBeRight(message);
  // Of a server's class, and not of what a tool gave.
  if (rule === 'unresolved-attribute') return /^Object of type `_S_\w+` has no attribute/.test(message);
  return false;
}

/**
 * `**options` and loops over mixed lists are found to be any of several types, one of which fits; and a text that was read or put
 * together may well be one of those that are asked for.
 */
function mayBeRight(message: string): boolean {
  const [, expected = '', found = ''] = /Expected `(.*)`, found `(.*)`$/s.exec(message) ?? [];
  return (
    /\||\bUnknown\b|\bAny\b/.test(found) ||
    (found === 'str' && /\bLiteral\[/.test(expected)) ||
    (found === 'int' && /\bLiteral\[-?\d/.test(expected))
  );
}

/** What a run would have told by itself, or what the rewrites and the prelude brought in. */
export function isNoise({ rule, message }: TypeDiagnostic): boolean {
  return /^unresolved-/.test(rule) || /_portcullis_/.test(message);
}

/** Without the names that only the declarations have. */
export const plainMessage = (message: string): string =>
  message
    .replace(/\bbound method `_S_(\w+)\.(\w+)`/g, '$1.$2')
    .replace(/`_S_(\w+)`/g, '$1')
    .replace(/\b_S_(\w+)/g, '$1');
