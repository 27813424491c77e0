/** Arguments as rules see them: exact, unambiguous, and under the very names that the rules ask for. */

import type { JsonText } from '../../contracts/json.ts';
import { AmbiguousJsonError, type ExactJson, type ExactReading, readExactJson } from '../../lib/exact-json.ts';
import type { CompiledRule } from './judge-rule.ts';

export type ReadArguments = { readonly reading: ExactReading } | { readonly fault: string };

const NONE: ReadArguments = { reading: { value: new Map(), count: 0, longestChars: 0 } };

/** Folds as case-insensitive decoders do, the long s and the Kelvin sign included. */
const fold = (name: string): string => name.toUpperCase().toLowerCase();

/**
 * Reads the text of `arguments` for these rules. A fault: two readers could see different values, because a name stands
 * twice, or because one that a rule reads is there in another spelling, which a server that ignores case would take.
 */
export function readArguments(text: JsonText | undefined, rules: readonly CompiledRule[]): ReadArguments {
  if (text === undefined) return NONE;
  let reading: ExactReading;
  try {
    reading = readExactJson(text);
  } catch (error) {
    if (error instanceof AmbiguousJsonError) return { fault: `in the arguments ${error.message}` };
    throw error;
  }
  if (!(reading.value instanceof Map)) return { fault: 'arguments must be an object' };
  for (const { condition } of rules)
    for (const { path } of condition?.reads ?? []) {
      const other = findOtherSpelling(reading.value, path);
      if (other !== undefined)
        return { fault: `the argument ${JSON.stringify(other[0])} must be written ${JSON.stringify(other[1])}` };
    }
  return { reading };
}

function findOtherSpelling(value: ExactJson, path: readonly string[]): readonly [string, string] | undefined {
  let at: ExactJson | undefined = value;
  for (const name of path) {
    if (!(at instanceof Map)) return undefined;
    const folded = fold(name);
    for (const key of at.keys()) if (key !== name && fold(key) === folded) return [key, name];
    at = at.get(name);
  }
  return undefined;
}
