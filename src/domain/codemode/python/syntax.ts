/** A script as a tree, and what the rewrites need of it: texts, walks, and places where a statement may still stand. */

import type { SyntaxNode } from '@lezer/common';
import { parser } from '@lezer/python';
import type { Edit } from './edit.ts';

export interface Parsed {
  readonly code: string;
  /** By name, in order of the text. */
  readonly nodes: ReadonlyMap<string, readonly SyntaxNode[]>;
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
const STARRED_TARGET = /(\bfor\s[^:\n[\]{}]{0,200}?)\*(\w+(?:\s*,\s*\w+)*\s+in\b)/g;

/**
 * Reading takes up to ten microseconds a character, in which nothing else is served: what models write has a few thousand, and longer
 * scripts are run as they stand.
 */
export const MAX_REWRITTEN_CHARS = 12_288;
/** Rewrites make a script longer, each on the text of the one before. */
const MAX_PARSED_CHARS = 8 * MAX_REWRITTEN_CHARS;

/** Undefined: it cannot be read, or is too long. */
export function parse(code: string): Parsed | undefined {
  if (code.length > MAX_PARSED_CHARS) return undefined;
  const tree = parser.parse(code.replace(STARRED_TARGET, '$1 $2'));
  const nodes = new Map<string, SyntaxNode[]>(LISTED.map((name) => [name, []]));
  let isBroken = false;
  tree.iterate({
    enter: (at) => {
      if (at.type.isError && !(at.from === at.to && FORGIVEN.has(at.node.parent?.name ?? ''))) isBroken = true;
      nodes.get(at.name)?.push(at.node);
      return !isBroken;
    },
  });
  return isBroken ? undefined : { code, nodes, text: (node) => code.slice(node.from, node.to) };
}

/** The grammar misses a bare `yield` and a pattern without arguments, `int()`. */
const FORGIVEN = new Set(['YieldStatement', 'YieldExpression', 'LiteralPattern', 'PatternArgList']);

/** What rewrites ask for. */
const LISTED = [
  ...['ArgList', 'ArrayComprehensionExpression', 'AssignStatement', 'AwaitExpression', 'BinaryExpression'],
  ...['CallExpression', 'ClassDefinition', 'Comment', 'ComprehensionExpression', 'Decorator', 'DeleteStatement'],
  ...['DictionaryComprehensionExpression', 'ForStatement', 'FunctionDefinition', 'ImportStatement', 'MatchStatement'],
  ...['MemberExpression', 'RaiseStatement', 'SetComprehensionExpression', 'TryStatement', 'UpdateStatement'],
  ...['VariableName', 'WithStatement', 'YieldExpression', 'YieldStatement'],
] as const;
type Listed = (typeof LISTED)[number];

function joined(edits: readonly Edit[]): readonly Edit[] {
  const kept = new Map<string, Edit>();
  for (const [i, edit] of edits.entries()) {
    const place = edit.isStatement ? `statement ${edit.from}` : `${i}`;
    const first = kept.get(place);
    const text = first === undefined ? edit.text : `${first.text.trimEnd()}; ${edit.text.trimStart()}`;
    kept.set(place, { ...edit, text });
  }
  return [...kept.values()];
}

export function apply(code: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let at = 0;
  // What is put at one place stays in the order it was given, and before what is replaced there.
  for (const { from, to, text } of joined(edits).toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    parts.push(code.slice(at, from), text);
    at = Math.max(at, to);
  }
  return parts.join('') + code.slice(at);
}

/** Every node of these names, in order of the text. */
export function all({ nodes }: Parsed, ...names: readonly Listed[]): readonly SyntaxNode[] {
  const found = names.flatMap((name) => nodes.get(name) ?? []);
  return names.length === 1 ? found : found.toSorted((a, b) => a.from - b.from || b.to - a.to);
}

/** Those within it. */
export function within(nodes: readonly SyntaxNode[], { from, to }: SyntaxNode): readonly SyntaxNode[] {
  const start = nodes.findIndex((node) => node.from >= from);
  const end = nodes.findIndex((node) => node.from >= to);
  return start === -1 ? [] : nodes.slice(start, end === -1 ? undefined : end);
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
export function afterwards(script: Parsed, node: SyntaxNode, statement: string): Edit | undefined {
  const { code } = script;
  // The node of a block takes the line break after it along.
  const end = code[node.to - 1] === '\n' ? node.to - 1 : code.indexOf('\n', node.to);
  if (end !== -1) {
    const stop = code.indexOf('\n', end + 1);
    const line = code.slice(end + 1, stop === -1 ? undefined : stop);
    const [, before = '', comment = ''] = /^([ \t]*)(#.*)?$/.exec(line) ?? [];
    if (before + comment === line) {
      const text = indentAt(code, node.from) + statement + (comment === '' ? '' : '  ');
      return { from: end + 1, to: end + 1 + before.length, text, isStatement: true };
    }
  }
  const next = node.nextSibling;
  if (next === null || indentAt(code, next.from) !== indentAt(code, node.from)) return undefined;
  // What only defines something may come before it.
  if (/^(?:Class|Function)Definition$/.test(next.name)) return afterwards(script, next, statement);
  if (COMPOUND.test(next.name)) return undefined;
  return { from: next.from, to: next.from, text: `${statement}; ` };
}
