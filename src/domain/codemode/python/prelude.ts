/** What is run before a script that needs it: helpers that its rewrites call, and modules that the engine lacks. */

import { CONCURRENCY } from './prelude/concurrency.ts';
import { ERRORS } from './prelude/errors.ts';
import { LIBRARY } from './prelude/library.ts';
import type { Piece } from './prelude/piece.ts';
import { TEXTS } from './prelude/texts.ts';
import { VALUES } from './prelude/values.ts';

/** What needs another piece comes after it, but for errors, which say more about what gathering only hands on. */
export const PIECES: readonly Piece[] = [...CONCURRENCY, ...ERRORS, ...VALUES, ...LIBRARY, ...TEXTS];

/** Undefined: it needs none. The host answers the others itself. */
export function preludeOf(helpers: ReadonlySet<string>): string | undefined {
  const wanted = new Set(helpers);
  for (let before = -1; before !== wanted.size; ) {
    before = wanted.size;
    for (const { defines, needs } of PIECES)
      if (defines.some((name) => wanted.has(name))) for (const name of needs ?? []) wanted.add(name);
  }
  const code = PIECES.filter(({ defines }) => defines.some((name) => wanted.has(name))).map((piece) => piece.code);
  return code.length === 0 ? undefined : code.join('');
}

/** Names that Python has and the engine lacks, which the prelude defines as they are. */
export const MISSING_NAMES: ReadonlySet<string> = new Set(
  PIECES.flatMap(({ defines }) => defines).filter((name) => /^[a-z]\w*$/.test(name)),
);
