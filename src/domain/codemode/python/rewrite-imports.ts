/** Imports of what the engine lacks: the host or the prelude has the name already, so the line only gives it another. */

import type { SyntaxNode } from '@lezer/common';
import type { Edit } from './edit.ts';
import { isLibrary } from './library.ts';
import { MODULES } from './modules.ts';
import { PREFIX, patchOf } from './patches.ts';
import { all, breaksOf, dotted, type Needs, type Parsed, type Rewrite, replace } from './syntax.ts';

/** `urllib.parse` is one name to the host. */
const flat = (module: string): string => module.replaceAll('.', '_');
/** Imported for what the rewrites of classes do away with. */
const NEEDLESS: { readonly [module: string]: RegExp } = {
  abc: /^(?:ABC|ABCMeta|abstractmethod)$/,
  enum: /^(?:Enum|IntEnum|StrEnum|auto|unique)$/,
  typing:
    /^(?:TypedDict|NamedTuple|Protocol|Generic|TypeVar|NotRequired|Required|Self|Iterator|AsyncIterator|Generator|AsyncGenerator|Awaitable|Coroutine|Sequence|Mapping|Iterable|Final|Annotated|TypeAlias|overload|cast)$/,
  'collections.abc': /./,
};

export const rewriteImports: Rewrite = (script, needs) => {
  const imports = all(script, 'ImportStatement');
  const modules = modulesOf(script, imports);
  return [
    ...imports.flatMap((node): readonly Edit[] => {
      const text = rewriteImport(script, node, needs);
      return text === undefined ? [] : [replace(node, text + breaksOf(script.text(node)))];
    }),
    ...all(script, 'MemberExpression', 'Decorator').flatMap((node) => rewriteMember(script, node, modules, needs)),
  ];
};

/** Names under which modules are known: `dt` for `import datetime as dt`. */
function modulesOf({ text }: Parsed, imports: readonly SyntaxNode[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const node of imports)
    for (const part of /^import\s+(.*)$/s.exec(text(node))?.[1]?.split(',') ?? []) {
      const [module = '', as] = part.trim().split(/\s+as\s+/);
      names.set(as ?? module, module);
    }
  return names;
}

/** `itertools.groupby`, `urllib.parse.quote`. */
function rewriteMember(
  script: Parsed,
  node: SyntaxNode,
  modules: ReadonlyMap<string, string>,
  needs: Needs,
): readonly Edit[] {
  const { text } = script;
  const isDecorator = node.name === 'Decorator';
  const name = isDecorator ? /^@([\w.]+)/.exec(text(node))?.[1] : dotted(node, text);
  if (name === undefined || !name.includes('.')) return [];
  if (name === 'urllib.parse') return [replace(node, 'urllib_parse')];
  const dot = name.lastIndexOf('.');
  const module = modules.get(name.slice(0, dot));
  if (module === undefined) return [];
  const patch = patchOf(script, module, name.slice(dot + 1), node);
  if (patch === undefined) return [];
  if (patch.startsWith(PREFIX)) needs.helpers.add(patch);
  return [
    { from: node.from + (isDecorator ? 1 : 0), to: node.from + (isDecorator ? 1 : 0) + name.length, text: patch },
  ];
}

/** Undefined: it stays. */
function rewriteImport(script: Parsed, node: SyntaxNode, needs: Needs): string | undefined {
  const text = script.text(node);
  const from = /^from\s+([\w.]+)\s+import\s+\(?([^)]*?),?\s*\)?$/s.exec(text);
  if (from?.[1] !== undefined && from[2] !== undefined) return rewriteFrom(script, node, from[1], from[2], needs);
  const plain = (/^import\s+(.*)$/s.exec(text)?.[1]?.split(',') ?? []).map((part) => part.trim());
  if (!plain.some((part) => isOurs(part.split(/\s+as\s+/)[0] ?? ''))) return undefined;
  const parts = plain.map((part) => {
    const [module = '', as] = part.split(/\s+as\s+/);
    if (NEEDLESS[module] !== undefined && module !== 'typing') return 'pass';
    if (isLibrary(module)) {
      needs.helpers.add(PREFIX + module);
      return `${as ?? module} = ${PREFIX}${module}`;
    }
    if (!MODULES.has(module)) return `import ${part}`;
    needs.modules.add(flat(module));
    return as === undefined ? 'pass' : `${as} = ${flat(module)}`;
  });
  return parts.join('; ');
}

const isOurs = (module: string): boolean =>
  MODULES.has(module) || isLibrary(module) || (NEEDLESS[module] !== undefined && module !== 'typing');

function rewriteFrom(script: Parsed, node: SyntaxNode, from: string, list: string, needs: Needs): string | undefined {
  const module = from === 'urllib' && list.trim() === 'parse' ? 'urllib.parse' : from;
  if (module !== from) {
    needs.modules.add(flat(module));
    return 'parse = urllib_parse';
  }
  const stays: string[] = [];
  const made: string[] = [];
  for (const part of list.replace(/#.*/g, '').split(',')) {
    const [, name, as] = /^\s*(\w+)(?:\s+as\s+(\w+))?\s*$/.exec(part) ?? [];
    if (name === undefined) return undefined;
    const patch = patchOf(script, module, name, node);
    if (NEEDLESS[module]?.test(name) === true) made.push('pass');
    else if (patch !== undefined) {
      if (patch.startsWith(PREFIX)) needs.helpers.add(patch);
      made.push(`${as ?? name} = ${patch}`);
    } else if (isLibrary(module)) {
      needs.helpers.add(PREFIX + module);
      made.push(`${as ?? name} = ${PREFIX}${module}.${name}`);
    } else if (MODULES.has(module)) {
      needs.modules.add(flat(module));
      made.push(`${as ?? name} = ${flat(module)}.${name}`);
    } else stays.push(part.trim());
  }
  if (made.length === 0) return undefined;
  // `from time import time, sleep`: the name of the module is the last to go.
  const last = made.filter((line) => line.startsWith(`${flat(module)} =`));
  const order = [...made.filter((line) => !last.includes(line)), ...last];
  return [...(stays.length > 0 ? [`from ${module} import ${stays.join(', ')}`] : []), ...new Set(order)].join('; ');
}
