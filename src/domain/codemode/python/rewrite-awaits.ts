/** Calls of tools that nobody awaits, and what an `await` gives where errors come as values. */

import type { SyntaxNode } from '@lezer/common';
import type { Edit } from './edit.ts';
import { all, type Parsed, type Rewrite, wrap } from './syntax.ts';

/** In brackets: what follows may be an index, a call or an attribute. */
export const rewriteForgottenAwaits: Rewrite = (script, { namespaces }) => {
  const later = awaitedLater(script);
  return all(script, 'CallExpression').flatMap((call): readonly Edit[] =>
    isToolCall(call.firstChild, namespaces, script.text) && needsAwait(call, script.text, later)
      ? wrap(call, '(await ', ')')
      : [],
  );
};

/** `helper` takes what is awaited, and raises what came as a value. */
export function wrapAwaits(script: Parsed, helper: string): readonly Edit[] {
  return all(script, 'AwaitExpression').flatMap((node): readonly Edit[] => {
    const waited = node.lastChild;
    if (waited === null || waited.name === 'await' || script.text(waited).startsWith(`${helper}(`)) return [];
    return wrap(waited, `${helper}(`, ')');
  });
}

function isToolCall(callee: SyntaxNode | null, namespaces: ReadonlySet<string>, text: Parsed['text']): boolean {
  const object = callee?.name === 'MemberExpression' ? callee.firstChild : null;
  return object?.name === 'VariableName' && namespaces.has(text(object));
}

/** Functions that take what can be awaited. */
const TAKERS =
  /^(?:(?:asyncio\.)?(?:gather|create_task|ensure_future|wait_for|wait|as_completed|run|shield)|\w+\.create_task|_portcullis_\w+)$/;

const nameOf = (callee: SyntaxNode, text: Parsed['text']): string => text(callee).replace(/\s+/g, '');

/** Not where it is awaited already, given to somebody who will, or where nobody can. */
function needsAwait(call: SyntaxNode, text: Parsed['text'], later: ReadonlySet<string>): boolean {
  for (let node = call.parent, inner = call; node !== null; inner = node, node = node.parent) {
    switch (node.name) {
      case 'AwaitExpression':
        if (inner === call || inner.name === 'ParenthesizedExpression' || isChoice(inner)) return false;
        break;
      case 'CallExpression': {
        const callee = node.firstChild;
        if (callee === null || callee.from === inner.from) break;
        if (TAKERS.test(nameOf(callee, text))) return false;
        // `tasks.append(server.tool())`
        const list = /^(\w+)\.(?:append|add|insert|extend)$/.exec(text(callee));
        if (list?.[1] !== undefined && later.has(list[1])) return false;
        // `probe("a", server.tool())`, where `probe` awaits what it is given.
        if (inner === call.parent && later.has(`${nameOf(callee, text)}(awaitable)`)) return false;
        break;
      }
      case 'LambdaExpression':
        return false;
      case 'FunctionDefinition':
        // One that only hands on what its callers await.
        if (node.firstChild?.name === 'async') return true;
        return !isHandedOn(call) || !later.has(`${nameOfFunction(node, text)}()`);
      case 'AssignStatement': {
        const target = node.firstChild;
        const name = target === null ? '' : /^\w+/.exec(text(target))?.[0];
        if (name !== undefined && later.has(name)) return false;
        break;
      }
    }
  }
  return true;
}

const isChoice = (node: SyntaxNode): boolean =>
  node.name === 'ConditionalExpression' || node.name === 'BinaryExpression';

const isHandedOn = (call: SyntaxNode): boolean => call.parent?.name === 'ReturnStatement';

function nameOfFunction(node: SyntaxNode, text: Parsed['text']): string {
  const name = node.getChild('VariableName');
  return name === null ? '' : text(name);
}

/**
 * What is awaited only later: variables (`await x`, `gather(*x)`, `for t in x: await t`), what functions give (`f()`), and what they
 * are given (`f(awaitable)`).
 */
function awaitedLater(script: Parsed): ReadonlySet<string> {
  const { text } = script;
  const names = new Set<string>();
  const loops: (readonly [variable: string, over: string])[] = [];
  const addCalls = (within: SyntaxNode): void => {
    within.cursor().iterate(({ node }) => {
      const callee = node.name === 'CallExpression' ? node.firstChild : null;
      if (callee?.name === 'VariableName') names.add(`${text(callee)}()`);
    });
  };
  for (const node of all(script, 'AwaitExpression')) {
    const waited = node.lastChild;
    if (waited?.name === 'VariableName') names.add(text(waited));
    if (waited?.name === 'CallExpression' && waited.firstChild?.name === 'VariableName')
      names.add(`${text(waited.firstChild)}()`);
    const isIndexed = waited?.name === 'MemberExpression' && waited.getChild('[') !== null;
    if (isIndexed && waited.firstChild?.name === 'VariableName') names.add(text(waited.firstChild));
  }
  for (const node of all(script, 'CallExpression')) {
    const [callee, list] = [node.firstChild, node.getChild('ArgList')];
    if (callee === null || list === null || !TAKERS.test(nameOf(callee, text))) continue;
    addCalls(list);
    for (let child = list.firstChild; child !== null; child = child.nextSibling)
      if (child.name === 'VariableName') names.add(text(child));
    const values = /\*\s*(\w+)(?:\.values\(\))?/.exec(text(list));
    if (values?.[1] !== undefined) names.add(values[1]);
  }
  for (const node of all(script, 'ForStatement', 'ArrayComprehensionExpression', 'ComprehensionExpression')) {
    const loop = /\bfor\s+(?:\w+\s*,\s*)?(\w+)\s+in\s+(\w+)(?:\.(?:items|values)\(\))?\s*[:\])]/.exec(text(node));
    if (loop?.[1] !== undefined && loop[2] !== undefined) loops.push([loop[1], loop[2]]);
  }
  for (const [variable, over] of loops) if (names.has(variable)) names.add(over);
  for (const node of all(script, 'FunctionDefinition')) {
    const given = (node.getChild('ParamList')?.getChildren('VariableName') ?? []).map(text);
    if (given.some((name) => names.has(name))) names.add(`${nameOfFunction(node, text)}(awaitable)`);
  }
  return names;
}
