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

/** Of `**more` the checker knows the types of all values together, and holds them against every parameter. */
const SPREADS = /\*\*\s*[\w({]/;

function isToolMistake({ rule, message, line }: TypeDiagnostic, lines: readonly string[]): boolean {
  if (ARGUMENT_RULES.has(rule))
    return OURS.test(message) && !mayBeRight(message) && !SPREADS.test(lines[(line ?? 0) - 1] ?? '');
  // Of a server's class, and not of what a tool gave.
  if (rule === 'unresolved-attribute') return /^Object of type `_S_\w+` has no attribute/.test(message);
  return false;
}

/**
 * Loops over mixed lists are found to be any of several types, one of which fits; and a text that was read or put together may well be
 * one of those that are asked for.
 */
function mayBeRight(message: string): boolean {
  const [, expected = '', found = ''] = /Expected `(.*)`, found `(.*)`$/s.exec(message) ?? [];
  return (
    /\||\bUnknown\b|\bAny\b/.test(found) ||
    (found === 'str' && /\bLiteral\[/.test(expected)) ||
    (found === 'int' && /\bLiteral\[-?\d/.test(expected))
  );
}

/**
 * What a run tells by itself (names of an earlier run are unknown to the checker, and of a module that is missing the error says so),
 * or what the rewrites and the prelude brought in.
 */
const isNoise = ({ rule, message }: TypeDiagnostic): boolean =>
  /^unresolved-/.test(rule) || /_portcullis_/.test(message);

/** `code`: what was checked. */
export function weighFinding(finding: TypeDiagnostic, code: string): 'mistake' | 'remark' | 'nothing' {
  if (isToolMistake(finding, code.split('\n'))) return 'mistake';
  return isNoise(finding) ? 'nothing' : 'remark';
}

const NO_METHOD = /^Object of type `_S_(\w+)` has no attribute `(\w+)`/;

/** Without the names that only the declarations have. */
export function plainMessage(
  message: string,
  nearest: (namespace: string, method: string) => string | undefined,
): string {
  const [, namespace, method] = NO_METHOD.exec(message) ?? [];
  if (namespace !== undefined && method !== undefined) {
    const meant = nearest(namespace, method);
    const remedy = meant === undefined ? 'search_tools lists what it has' : `did you mean ${namespace}.${meant}?`;
    return `there is no ${namespace}.${method}; ${remedy}`;
  }
  return message
    .replace(/\bbound method `_S_(\w+)\.(\w+)`/g, '$1.$2')
    .replace(/`_S_(\w+)`/g, '$1')
    .replace(/\b_S_(\w+)/g, '$1');
}
