/** Names that a script uses without a rewrite: functions of Python that the prelude defines as they are. */

import { MISSING_NAMES } from './prelude.ts';
import { all, parse } from './syntax.ts';

export function preludeNeeds(code: string, helpers: Set<string>): void {
  const script = parse(code);
  if (script === undefined) return;
  for (const node of all(script, 'VariableName')) {
    const name = script.text(node);
    if (MISSING_NAMES.has(name)) helpers.add(name);
  }
}
