/** Imports of modules that the engine lacks and the host stands in for: the name is there already, so the line only renames it. */

import type { SyntaxNode, Tree } from '@lezer/common';
import type { Edit } from './edit.ts';
import { MODULES } from './modules.ts';

/** `urllib.parse` is one name to the host. */
const flat = (module: string): string => module.replaceAll('.', '_');

export function rewriteImports(
  tree: Tree,
  source: (node: SyntaxNode) => string,
): { readonly edits: readonly Edit[]; readonly modules: ReadonlySet<string> } {
  const edits: Edit[] = [];
  const modules = new Set<string>();
  tree.iterate({
    enter: ({ node }) => {
      if (node.name === 'ImportStatement') {
        const text = rewriteImport(source(node), modules);
        if (text !== undefined) edits.push({ from: node.from, to: node.to, text });
        return false;
      }
      // `urllib.parse.quote(…)` after `import urllib.parse`.
      if (node.name === 'MemberExpression' && /^urllib\s*\.\s*parse$/.test(source(node)))
        edits.push({ from: node.from, to: node.to, text: 'urllib_parse' });
      return undefined;
    },
  });
  return { edits, modules };
}

/** Undefined: it stays. */
function rewriteImport(text: string, modules: Set<string>): string | undefined {
  const from = /^from\s+([\w.]+)\s+import\s+\(?([^)]*)\)?$/s.exec(text);
  const lines = text.split('\n').length - 1;
  const keepLines = (code: string): string => code + '\n'.repeat(lines);
  if (from?.[1] !== undefined && from[2] !== undefined) {
    const module = from[1] === 'urllib' && from[2].trim() === 'parse' ? 'urllib.parse' : from[1];
    if (!MODULES.has(module)) return undefined;
    modules.add(flat(module));
    if (module !== from[1]) return keepLines('parse = urllib_parse');
    const names = from[2].split(',').flatMap((part) => {
      const [, name, as] = /^\s*(\w+)(?:\s+as\s+(\w+))?\s*$/.exec(part) ?? [];
      return name === undefined ? [] : [`${as ?? name} = ${flat(module)}.${name}`];
    });
    // `from time import time, sleep`: the name of the module is the last to go.
    const last = names.filter((line) => line.startsWith(`${flat(module)} =`));
    const order = [...names.filter((line) => !last.includes(line)), ...last];
    return names.length === 0 ? undefined : keepLines(order.join('; '));
  }
  const plain =
    /^import\s+(.*)$/s
      .exec(text)?.[1]
      ?.split(',')
      .map((part) => part.trim()) ?? [];
  if (!plain.some((part) => MODULES.has(part.split(/\s+as\s+/)[0] ?? ''))) return undefined;
  const parts = plain.map((part) => {
    const [module = '', as] = part.split(/\s+as\s+/);
    if (!MODULES.has(module)) return `import ${part}`;
    modules.add(flat(module));
    return as === undefined ? 'pass' : `${as} = ${flat(module)}`;
  });
  return keepLines(parts.join('; '));
}
