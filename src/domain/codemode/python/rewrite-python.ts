/** Small rewrites of what models write and the engine does not know, each on the line where it stands. */

import type { SyntaxNode, Tree } from '@lezer/common';
import { parser } from '@lezer/python';
import type { Edit } from './edit.ts';
import { rewriteImports } from './rewrite-imports.ts';

export interface PythonScript {
  /** With as many lines as before; as it was where it could not be read. */
  readonly code: string;
  /** Names of the prelude that it uses. */
  readonly helpers: ReadonlySet<string>;
  /** Modules that the host stands in for. */
  readonly modules: ReadonlySet<string>;
}

/** Waits for awaitables in order; CAUGHT gives what one raised, rather than raising it. */
export const IN_ORDER = '_portcullis_in_order';
export const CAUGHT = '_portcullis_caught';
export const SLEEP = '_portcullis_sleep';

export function rewritePython(code: string, namespaces: ReadonlySet<string>): PythonScript {
  const tree = parser.parse(code);
  const untouched = { code, helpers: new Set<string>(), modules: new Set<string>() };
  if (hasErrors(tree)) return untouched;
  const source = (node: SyntaxNode): string => code.slice(node.from, node.to);
  const edits: Edit[] = [];
  const helpers = new Set<string>();
  const later = awaitedLater(tree, source);
  const hasCoroutines = hasAsyncFunctions(tree);

  tree.iterate({
    enter: ({ node }) => {
      if (node.name !== 'CallExpression') return;
      const callee = node.firstChild;
      if (callee === null) return;
      const name = source(callee).replace(/\s+/g, '');
      if (isToolCall(callee, namespaces, source) && needsAwait(node, source, later)) {
        // In brackets: what follows may be an index, a call or an attribute.
        edits.push({ from: node.from, to: node.from, text: '(await ' }, { from: node.to, to: node.to, text: ')' });
        return;
      }
      switch (name) {
        case 'asyncio.create_task':
        case 'asyncio.ensure_future':
          edits.push({ from: callee.from, to: callee.to, text: '' });
          break;
        case 'asyncio.sleep':
          helpers.add(SLEEP);
          edits.push({ from: callee.from, to: callee.to, text: SLEEP });
          break;
        case 'asyncio.wait_for':
          edits.push(...firstArgumentOnly(node, callee));
          break;
        case 'asyncio.gather': {
          const made = gathered(node, source, hasCoroutines);
          if (made === undefined) break;
          helpers.add(made.helper);
          edits.push(...made.edits);
          break;
        }
        case 'next':
          edits.push(...iterated(node, source));
      }
    },
  });
  const imports = rewriteImports(tree, source);
  return { code: apply(code, [...edits, ...imports.edits]), helpers, modules: imports.modules };
}

function hasErrors(tree: Tree): boolean {
  let found = false;
  tree.iterate({
    enter: ({ type }) => {
      if (type.isError) found = true;
      return !found;
    },
  });
  return found;
}

function apply(code: string, edits: readonly Edit[]): string {
  let text = code;
  for (const { from, to, text: by } of edits.toSorted((a, b) => b.from - a.from || b.to - a.to))
    text = text.slice(0, from) + by + text.slice(to);
  return text;
}

function isToolCall(
  callee: SyntaxNode,
  namespaces: ReadonlySet<string>,
  source: (node: SyntaxNode) => string,
): boolean {
  const object = callee.name === 'MemberExpression' ? callee.firstChild : null;
  return object?.name === 'VariableName' && namespaces.has(source(object));
}

/** Functions that take what can be awaited. */
const TAKERS = /^(?:asyncio\.)?(?:gather|create_task|ensure_future|wait_for|wait|as_completed|run|shield)$/;

/** Not where it is awaited already, given to somebody who will, or where nobody can. */
function needsAwait(call: SyntaxNode, source: (node: SyntaxNode) => string, later: ReadonlySet<string>): boolean {
  for (let node = call.parent, inner = call; node !== null; inner = node, node = node.parent) {
    switch (node.name) {
      case 'AwaitExpression':
        if (inner === call || inner.name === 'ParenthesizedExpression') return false;
        break;
      case 'CallExpression': {
        const callee = node.firstChild;
        if (callee === null || callee.from === inner.from) break;
        if (TAKERS.test(source(callee).replace(/\s+/g, ''))) return false;
        // `tasks.append(server.tool())`
        const list = /^(\w+)\.(?:append|add|insert|extend)$/.exec(source(callee));
        if (list?.[1] !== undefined && later.has(list[1])) return false;
        break;
      }
      case 'LambdaExpression':
        return false;
      case 'FunctionDefinition':
        return node.firstChild?.name === 'async';
      case 'AssignStatement': {
        const target = node.firstChild;
        const name = target === null ? '' : /^\w+/.exec(source(target))?.[0];
        if (name !== undefined && later.has(name)) return false;
        break;
      }
      case 'ReturnStatement':
        break;
    }
  }
  return true;
}

/** Variables that hold what is awaited only later: `await x`, `gather(*x)`, `for t in x: await t`. */
function awaitedLater(tree: Tree, source: (node: SyntaxNode) => string): ReadonlySet<string> {
  const names = new Set<string>();
  const loops: (readonly [variable: string, over: string])[] = [];
  tree.iterate({
    enter: ({ node }) => {
      if (node.name === 'AwaitExpression') {
        const waited = node.lastChild;
        if (waited?.name === 'VariableName') names.add(source(waited));
        if (waited?.name === 'MemberExpression' && waited.firstChild?.name === 'VariableName') {
          const isIndexed = waited.getChild('[') !== null;
          if (isIndexed) names.add(source(waited.firstChild));
        }
      }
      if (node.name === 'CallExpression') {
        const [callee, list] = [node.firstChild, node.getChild('ArgList')];
        if (callee === null || list === null || !TAKERS.test(source(callee))) return;
        for (let child = list.firstChild; child !== null; child = child.nextSibling)
          if (child.name === 'VariableName') names.add(source(child));
        const values = /\*\s*(\w+)(?:\.values\(\))?/.exec(source(list));
        if (values?.[1] !== undefined) names.add(values[1]);
      }
      const loop = /^(?:async\s+)?for\s+(?:\w+\s*,\s*)?(\w+)\s+in\s+(\w+)(?:\.(?:items|values)\(\))?\s*:/.exec(
        node.name === 'ForStatement' ? source(node) : '',
      );
      if (loop?.[1] !== undefined && loop[2] !== undefined) loops.push([loop[1], loop[2]]);
    },
  });
  for (const [variable, over] of loops) if (names.has(variable)) names.add(over);
  return names;
}

/** `wait_for(x, timeout=5)`: each call of a tool has a deadline of its own. */
function firstArgumentOnly(call: SyntaxNode, callee: SyntaxNode): readonly Edit[] {
  const list = call.getChild('ArgList');
  const first = list?.firstChild?.nextSibling;
  if (list === null || list === undefined || first === null || first === undefined) return [];
  return [
    { from: callee.from, to: callee.to, text: '' },
    ...(first.to < list.to - 1 ? [{ from: first.to, to: list.to - 1, text: '' }] : []),
  ];
}

/**
 * `gather` of the engine loses what a call raises in a coroutine of its own (0.0.23). Where there are coroutines, or exceptions are
 * wanted as results, a helper waits for one after the other: calls of tools that were made already run at the same time all the same.
 */
function gathered(
  call: SyntaxNode,
  source: (node: SyntaxNode) => string,
  hasCoroutines: boolean,
): Gathered | undefined {
  const [callee, list] = [call.firstChild, call.getChild('ArgList')];
  if (callee === null || list === null) return undefined;
  const catches = /\breturn_exceptions\s*=\s*True\b/.test(source(list));
  if (!catches && !hasCoroutines) return undefined;
  const helper = catches ? CAUGHT : IN_ORDER;
  const edits: Edit[] = [{ from: callee.from, to: callee.to, text: helper }];
  for (let child = list.firstChild; child !== null; child = child.nextSibling) {
    const value = child.nextSibling?.nextSibling;
    if (child.nextSibling?.name !== 'AssignOp' || source(child) !== 'return_exceptions' || !value) continue;
    const comma = child.prevSibling?.name === ',' ? child.prevSibling : child;
    edits.push({ from: comma.from, to: value.to, text: '' });
  }
  return { helper, edits };
}

interface Gathered {
  readonly helper: string;
  readonly edits: readonly Edit[];
}

function hasAsyncFunctions(tree: Tree): boolean {
  let found = false;
  tree.iterate({
    enter: ({ node }) => {
      if (node.name === 'FunctionDefinition' && node.firstChild?.name === 'async') found = true;
      return !found;
    },
  });
  return found;
}

/** A generator expression is a list here, and `next` wants an iterator. */
function iterated(call: SyntaxNode, source: (node: SyntaxNode) => string): readonly Edit[] {
  const list = call.getChild('ArgList');
  const first = list?.firstChild?.nextSibling;
  if (list === null || list === undefined || first === null || first === undefined) return [];
  if (first.name === 'ComprehensionExpression' || first.name === 'ParenthesizedExpression')
    return [
      { from: first.from, to: first.from, text: 'iter(' },
      { from: first.to, to: first.to, text: ')' },
    ];
  // `next(x for x in xs)`: the brackets of the call are those of the expression.
  if (/\sfor\s/.test(source(list)) && list.getChild('for') !== null)
    return [
      { from: list.from + 1, to: list.from + 1, text: 'iter([' },
      { from: list.to - 1, to: list.to - 1, text: '])' },
    ];
  return [];
}
