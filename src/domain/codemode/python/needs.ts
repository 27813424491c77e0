/** Names that a script uses without a rewrite: functions of Python that the prelude defines as they are. */

import { MISSING_NAMES } from './prelude.ts';
import { all, type Parsed } from './syntax.ts';

export function preludeNeeds(script: Parsed, helpers: Set<string>): void {
  for (const node of all(script, 'VariableName')) {
    const name = script.text(node);
    if (MISSING_NAMES.has(name)) helpers.add(name);
  }
}
