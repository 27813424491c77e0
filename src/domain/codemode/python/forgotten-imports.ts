/** Modules that a script uses without importing them: nobody else can be meant, so they are there. */

import type { SyntaxNode } from '@lezer/common';
import { all, type Parsed } from './syntax.ts';

/** Of the engine's own. `datetime` is left out: without an import nobody knows whether its class is meant. */
const MODULES = new Set(['asyncio', 'json', 're', 'math', 'itertools', 'functools', 'collections', 'base64']);

/** In order of the alphabet. A name that is set anywhere in it is the script's own. */
export function forgottenImports(script: Parsed): readonly string[] {
  const used = new Set<string>();
  const own = new Set<string>();
  for (const node of all(script, 'VariableName')) {
    const name = script.text(node);
    if (!MODULES.has(name)) continue;
    if (isRead(script, node)) used.add(name);
    else own.add(name);
  }
  return [...used].filter((name) => !own.has(name)).sort();
}

/** `json.dumps`: what is not the beginning of such an expression imports, sets or names something of the script's own. */
function isRead({ text }: Parsed, node: SyntaxNode): boolean {
  const { parent } = node;
  return parent?.name === 'MemberExpression' && parent.firstChild?.from === node.from && text(parent).length > 0;
}
