/** What models write and the engine does not know, made into what it knows, each on the line where it stands. */

import { preludeNeeds } from './needs.ts';
import { rewriteForgottenAwaits, wrapAwaits } from './rewrite-awaits.ts';
import { rewriteClasses } from './rewrite-classes.ts';
import { rewriteErrors } from './rewrite-errors.ts';
import { rewriteExpressions } from './rewrite-expressions.ts';
import { rewriteGenerators } from './rewrite-generators.ts';
import { rewriteImports } from './rewrite-imports.ts';
import { rewriteMatch } from './rewrite-match.ts';
import { rewriteStatements } from './rewrite-statements.ts';
import { apply, type Needs, parse, type Rewrite } from './syntax.ts';

export interface PythonScript {
  /** With as many lines as before; as it was where it could not be read. */
  readonly code: string;
  /** Names of the prelude that it uses. */
  readonly helpers: ReadonlySet<string>;
  /** Modules that the host stands in for. */
  readonly modules: ReadonlySet<string>;
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
  let code = source;
  for (const rewrite of REWRITES)
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const script = parse(code);
      const edits = script === undefined ? [] : rewrite(script, needs);
      if (edits.length === 0) break;
      code = apply(code, edits);
      if (rewrite !== rewriteMatch) break;
    }
  const takesErrors = [...needs.helpers].some((name) => CONCURRENT.test(name));
  const script = takesErrors ? parse(code) : undefined;
  if (script !== undefined) {
    needs.helpers.add(ONE);
    code = apply(code, wrapAwaits(script, ONE));
  }
  const { helpers, modules } = needs;
  preludeNeeds(code, helpers);
  return { code, helpers, modules, takesErrors };
}

const ONE = '_portcullis_one';
