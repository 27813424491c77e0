/** A script as a tree, and what the rewrites need of it: texts, walks, and places where a statement may still stand. */

import type { SyntaxNode, Tree } from '@lezer/common';
import { parser } from '@lezer/python';
import type { Edit } from './edit.ts';

export interface Parsed {
  readonly code: string;
  readonly tree: Tree;
  /** Of a node. */
  readonly text: (node: SyntaxNode) => string;
}

/** What rewrites leave behind besides the text. */
export interface Needs {
  /** Namespaces of tools. */
  readonly namespaces: ReadonlySet<string>;
  /** Names of the prelude that are used. */
  readonly helpers: Set<string>;
  /** Modules that the host stands in for. */
  readonly modules: Set<string>;
}

/** One kind of rewrite. Changes never overlap, and hold no line break that they do not replace. */
export type Rewrite = (script: Parsed, needs: Needs) => readonly Edit[];

/** `for first, *rest in …`, which the grammar misses in comprehensions: it is read without the star, in its place. */
const STARRED_TARGET = /(\bfor\s[^:\n[\]{}]*?)\*(\w+(?:\s*,\s*\w+)*\s+in\b)/g;

/** Undefined: it cannot be read. */
export function parse(code: string): Parsed | undefined {
  const tree = parser.parse(code.replace(STARRED_TARGET, '$1 $2'));
  return isBroken(tree) ? undefined : { code, tree, text: (node) => code.slice(node.from, node.to) };
}

/** The grammar misses a bare `yield` and a pattern without arguments, `int()`. */
const FORGIVEN = new Set(['YieldStatement', 'YieldExpression', 'LiteralPattern', 'PatternArgList']);

function isBroken(tree: Tree): boolean {
  let found = false;
  tree.iterate({
    enter: ({ type, node }) => {
      if (type.isError && !(node.from === node.to && FORGIVEN.has(node.parent?.name ?? ''))) found = true;
      return !found;
    },
  });
  return found;
}

export function apply(code: string, edits: readonly Edit[]): string {
  let text = code;
  // What is put at one place stays in the order it was given.
  const last = edits.map((edit, i) => ({ ...edit, i })).toSorted((a, b) => b.from - a.from || b.to - a.to || b.i - a.i);
  for (const { from, to, text: by } of last) text = text.slice(0, from) + by + text.slice(to);
  return text;
}

/** Every node of this name, outer ones first. */
export function all({ tree }: Parsed, ...names: readonly string[]): readonly SyntaxNode[] {
  const found: SyntaxNode[] = [];
  tree.iterate({ enter: ({ node }) => void (names.includes(node.name) && found.push(node)) });
  return found;
}

export function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) found.push(child);
  return found;
}

/** Nearest around it. */
export function around(node: SyntaxNode, ...names: readonly string[]): SyntaxNode | undefined {
  for (let at = node.parent; at !== null; at = at.parent) if (names.includes(at.name)) return at;
  return undefined;
}

export interface Argument {
  readonly name: string | undefined;
  readonly value: SyntaxNode;
  /** `*` or `**` before it. */
  readonly stars: string;
}

/** Of a call; undefined for `f(x for x in y)`, whose brackets are those of the expression. */
export function argumentsOf(call: SyntaxNode, text: Parsed['text']): readonly Argument[] | undefined {
  const list = call.getChild('ArgList');
  if (list === null || list.getChild('for') !== null) return undefined;
  const inner = childrenOf(list).slice(1, -1);
  const found: Argument[] = [];
  let part: SyntaxNode[] = [];
  const finish = (): void => {
    const [first, second, third] = part;
    part = [];
    if (first === undefined) return;
    if (second?.name === 'AssignOp' && third !== undefined) found.push({ name: text(first), value: third, stars: '' });
    else if (/^\*\*?$/.test(text(first)) && second !== undefined)
      found.push({ name: undefined, value: second, stars: text(first) });
    else found.push({ name: undefined, value: first, stars: '' });
  };
  for (const child of inner) {
    if (child.name === ',') finish();
    else part.push(child);
  }
  finish();
  return found;
}

/** `a.b.c` of names alone, as one text; undefined: it is something else. */
export function dotted(node: SyntaxNode | null, text: Parsed['text']): string | undefined {
  if (node === null) return undefined;
  if (node.name === 'VariableName') return text(node);
  if (node.name !== 'MemberExpression' || node.lastChild?.name !== 'PropertyName') return undefined;
  const object = dotted(node.firstChild, text);
  return object === undefined ? undefined : `${object}.${text(node.lastChild)}`;
}

/** Puts `before` and `after` around it. */
export const wrap = (node: SyntaxNode, before: string, after: string): readonly Edit[] => [
  { from: node.from, to: node.from, text: before },
  { from: node.to, to: node.to, text: after },
];

export const replace = (node: SyntaxNode, text: string): Edit => ({ from: node.from, to: node.to, text });

/** As many line breaks as it has, so that what replaces it keeps its lines. */
export const breaksOf = (text: string): string => '\n'.repeat(text.split('\n').length - 1);

const indentAt = (code: string, at: number): string => {
  const start = code.lastIndexOf('\n', at - 1) + 1;
  return /^[ \t]*/.exec(code.slice(start))?.[0] ?? '';
};

const COMPOUND = /^(?:If|For|While|Try|With|Match)Statement$|^(?:Function|Class)Definition$|^DecoratedStatement$/;

/**
 * A statement right after `node`, which is one itself: on the next line, if that is blank or holds only a comment, or before the
 * next statement on its line. Undefined: there is no room.
 */
export function afterwards({ code }: Parsed, node: SyntaxNode, statement: string): Edit | undefined {
  // The node of a block takes the line break after it along.
  const end = code[node.to - 1] === '\n' ? node.to - 1 : code.indexOf('\n', node.to);
  if (end !== -1) {
    const stop = code.indexOf('\n', end + 1);
    const line = code.slice(end + 1, stop === -1 ? undefined : stop);
    if (/^[ \t]*(?:#.*)?$/.test(line))
      return { from: end + 1, to: end + 1 + line.length, text: indentAt(code, node.from) + statement };
  }
  const next = node.nextSibling;
  if (next === null || COMPOUND.test(next.name) || indentAt(code, next.from) !== indentAt(code, node.from))
    return undefined;
  return { from: next.from, to: next.from, text: `${statement}; ` };
}
