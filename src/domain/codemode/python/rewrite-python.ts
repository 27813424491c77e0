/** What models write and the engine does not know, made into what it knows, each on the line where it stands. */

import type { Edit } from './edit.ts';
import { forgottenImports } from './forgotten-imports.ts';
import { preludeNeeds } from './needs.ts';
import { rewriteForgottenAwaits, wrapAwaits } from './rewrite-awaits.ts';
import { rewriteClasses } from './rewrite-classes.ts';
import { rewriteErrors } from './rewrite-errors.ts';
import { rewriteExpressions } from './rewrite-expressions.ts';
import { rewriteGenerators } from './rewrite-generators.ts';
import { rewriteImports } from './rewrite-imports.ts';
import { rewriteMatch } from './rewrite-match.ts';
import { rewriteStatements } from './rewrite-statements.ts';
import { apply, MAX_REWRITTEN_CHARS, type Needs, type Parsed, parse, type Rewrite } from './syntax.ts';

export interface PythonScript {
  /** With as many lines as before; as it was where it could not be read. */
  readonly code: string;
  /** Names of the prelude that it uses. */
  readonly helpers: ReadonlySet<string>;
  /** Modules that the host stands in for. */
  readonly modules: ReadonlySet<string>;
  /** Modules of the engine's own that it uses and does not import. */
  readonly forgotten: readonly string[];
  /** Errors of calls are to come as values: the script raises them where it waits. */
  readonly takesErrors: boolean;
}

/** Functions of the host's that helpers call. */
export const SLEEP = '_portcullis_sleep';
export const DIGEST = '_portcullis_digest';

/** One after the other, each on what the one before it left. */
const REWRITES: readonly Rewrite[] = [
  rewriteErrors,
  rewriteClasses,
  rewriteMatch,
  rewriteGenerators,
  rewriteStatements,
  rewriteImports,
  rewriteExpressions,
  rewriteForgottenAwaits,
];
/** A match within a match, and its like, take a round each. */
const MAX_ROUNDS = 4;
/** What runs coroutines side by side, where the engine loses what tools raise. */
const CONCURRENT = /^_portcullis_(?:gather|task|Task|wait|as_completed|TaskGroup|wait_for|shield|main|each|Lock)$/;

export function rewritePython(source: string, namespaces: ReadonlySet<string>): PythonScript {
  const needs: Needs = { namespaces, helpers: new Set(), modules: new Set() };
  const given = source.length > MAX_REWRITTEN_CHARS ? undefined : parse(source);
  if (given === undefined) return asItStands(source, []);
  const forgotten = forgottenImports(given);
  let script: Parsed | undefined = given;
  const rewrite = (edits: (of: Parsed) => readonly Edit[]): boolean => {
    const made = script === undefined ? [] : edits(script);
    if (script !== undefined && made.length > 0) script = parse(apply(script.code, made));
    return made.length > 0;
  };
  for (const each of REWRITES)
    for (let round = 0; round < (each === rewriteMatch ? MAX_ROUNDS : 1); round++)
      if (!rewrite((of) => each(of, needs))) break;
  const takesErrors = [...needs.helpers].some((name) => CONCURRENT.test(name));
  if (takesErrors) {
    needs.helpers.add(ONE);
    rewrite((of) => wrapAwaits(of, ONE));
  }
  const { helpers, modules } = needs;
  // What nobody thought of: the script as it was says more than half of a rewrite.
  if (script === undefined || linesOf(script.code) !== linesOf(source)) return asItStands(source, forgotten);
  preludeNeeds(script, helpers);
  return { code: script.code, helpers, modules, forgotten, takesErrors };
}

const ONE = '_portcullis_one';
const asItStands = (code: string, forgotten: readonly string[]): PythonScript => ({
  ...{ code, helpers: new Set(), modules: new Set(), forgotten, takesErrors: false },
});
const linesOf = (code: string): number => code.split('\n').length;
