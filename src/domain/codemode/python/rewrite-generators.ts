/** Generators: the engine has none, so they run to their end when they are called, and what they yield is gone through after that. */

import type { SyntaxNode } from '@lezer/common';
import type { Edit } from './edit.ts';
import { afterwards, all, around, childrenOf, type Parsed, type Rewrite, replace } from './syntax.ts';

const YIELDED = '_portcullis_yielded';
const GENERATOR = '_portcullis_generator';
const ASYNC_GENERATOR = '_portcullis_async_generator';
const EACH = '_portcullis_each';

export const rewriteGenerators: Rewrite = (script, { helpers }) => {
  const yields = all(script, 'YieldStatement', 'YieldExpression');
  const functions = new Map<number, SyntaxNode[]>();
  const edits: Edit[] = [];
  for (const node of yields) {
    const of = around(node, 'FunctionDefinition', 'LambdaExpression');
    if (of?.name === 'FunctionDefinition') functions.set(of.from, [...(functions.get(of.from) ?? []), node]);
  }
  for (const node of all(script, 'FunctionDefinition')) {
    const own = functions.get(node.from);
    const made = own && rewriteFunction(script, node, own);
    if (made === undefined) continue;
    helpers.add(node.firstChild?.name === 'async' ? ASYNC_GENERATOR : GENERATOR);
    edits.push(...made);
  }
  return [...edits, ...rewriteLoops(script, helpers)];
};

/** Undefined: there is no room for it, or it is sent something. */
function rewriteFunction(script: Parsed, node: SyntaxNode, own: readonly SyntaxNode[]): readonly Edit[] | undefined {
  const { text } = script;
  if (own.some((each) => each.name === 'YieldExpression' && each.parent?.name !== 'ExpressionStatement'))
    return undefined;
  const [name, parameters] = [node.getChild('VariableName'), node.getChild('ParamList')];
  if (name === null || parameters === null) return undefined;
  const isAsync = node.firstChild?.name === 'async';
  const whole = node.parent?.name === 'DecoratedStatement' ? node.parent : node;
  const wrapped = `${text(name)} = ${isAsync ? ASYNC_GENERATOR : GENERATOR}(${text(name)})`;
  const after = afterwards(script, whole, wrapped);
  if (after === undefined) return undefined;
  const isEmpty = childrenOf(parameters).length === 2;
  return [
    after,
    { from: parameters.from + 1, to: parameters.from + 1, text: isEmpty ? YIELDED : `${YIELDED}, ` },
    ...own.flatMap((each): readonly Edit[] => {
      const [keyword, second] = childrenOf(each);
      const isFrom = second?.name === 'from';
      const last = isFrom ? second : keyword;
      const isBare = last === undefined || script.code.slice(last.to, each.to).trim() === '';
      if (isBare) return [replace(each, `${YIELDED}.append(None)`)];
      return [
        { from: each.from, to: last.to, text: `${YIELDED}.${isFrom ? 'extend' : 'append'}(` },
        { from: each.to, to: each.to, text: ')' },
      ];
    }),
  ];
}

/** `async for x in y` and `[… async for x in y]`. */
function rewriteLoops(script: Parsed, helpers: Set<string>): readonly Edit[] {
  const loops = [
    ...all(script, 'ForStatement').filter(({ firstChild }) => firstChild?.name === 'async'),
    ...all(
      script,
      'ArrayComprehensionExpression',
      'ComprehensionExpression',
      'SetComprehensionExpression',
      'DictionaryComprehensionExpression',
      'ArgList',
    ),
  ];
  return loops.flatMap((node) => {
    const parts = childrenOf(node);
    return parts.flatMap((part, i): readonly Edit[] => {
      if (part.name !== 'async' || parts[i + 1]?.name !== 'for') return [];
      const over = parts.slice(i).find((_, at, rest) => rest[at - 1]?.name === 'in');
      if (over === undefined) return [];
      helpers.add(EACH);
      return [
        { from: part.from, to: parts[i + 1]?.from ?? part.to, text: '' },
        { from: over.from, to: over.from, text: `await ${EACH}(` },
        { from: over.to, to: over.to, text: ')' },
      ];
    });
  });
}
