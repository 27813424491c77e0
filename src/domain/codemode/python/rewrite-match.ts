/** `match` as a chain of conditions: each pattern becomes one, and what it captures is set within it. */

import type { SyntaxNode } from '@lezer/common';
import type { Edit } from './edit.ts';
import { all, childrenOf, type Parsed, type Rewrite } from './syntax.ts';

const SUBJECT = '_portcullis_subject';
const SEQUENCE = '_portcullis_sequence';
const REST = '_portcullis_rest';

/** Types that a pattern with one argument captures whole: `str(s)`. */
const PLAIN = /^(?:str|int|float|bool|bytes|list|dict|set|tuple)$/;

/** Innermost first, since a clause may hold another; each time the outermost that are left. */
export const rewriteMatch: Rewrite = (script, { helpers }) => {
  const statements = all(script, 'MatchStatement');
  return statements.flatMap((node, n) => {
    // One within another is done in the next round.
    if (statements.some((other) => other !== node && other.from < node.from && other.to >= node.to)) return [];
    return rewriteOne(script, node, `${SUBJECT}_${n}_${node.from}`, helpers) ?? [];
  });
};

/** Undefined: a pattern cannot be told in conditions. */
function rewriteOne(
  script: Parsed,
  node: SyntaxNode,
  subject: string,
  helpers: Set<string>,
): readonly Edit[] | undefined {
  const body = node.getChild('MatchBody');
  const keyword = node.firstChild;
  if (body === null || keyword === null) return undefined;
  const clauses = body.getChildren('MatchClause');
  const given = script.code.slice(keyword.to, body.from).trim();
  // A list that holds something is true, whatever it holds.
  const edits: Edit[] = [{ from: node.from, to: body.from, text: `if [${subject} := (${given})]` }];
  for (const [i, clause] of clauses.entries()) {
    const [, pattern] = childrenOf(clause);
    const block = clause.getChild('Body');
    const guard = clause.getChild('Guard');
    if (pattern === undefined || block === null) return undefined;
    const patterns = childrenOf(clause)
      .slice(1)
      .filter(({ name, from }) => /Pattern$/.test(name) && from < block.from);
    const told = condition(script, pattern, patterns, subject, helpers);
    if (told === undefined) return undefined;
    const guarded = guard === null ? '' : ` and (${script.code.slice(guard.from + 2, guard.to).trim()})`;
    edits.push({ from: clause.from, to: block.from, text: `${i === 0 ? 'if' : 'elif'} ${told}${guarded}` });
  }
  return edits;
}

/** `case a, b:` is a sequence without brackets. */
function condition(
  script: Parsed,
  first: SyntaxNode,
  all: readonly SyntaxNode[],
  subject: string,
  helpers: Set<string>,
) {
  return all.length > 1 ? sequence(script, all, subject, helpers) : test(script, first, subject, helpers);
}

/** True whatever is set. */
const capture = (name: string, value: string): string => (name === '_' ? 'True' : `[${name} := ${value}]`);

const both = (parts: readonly (string | undefined)[]): string | undefined => {
  if (parts.some((part) => part === undefined)) return undefined;
  const kept = parts.filter((part) => part !== 'True');
  return kept.length === 0 ? 'True' : kept.length === 1 ? kept[0] : `(${kept.join(' and ')})`;
};

/** Whether `value`, an expression, fits; undefined: it cannot be told. */
function test(script: Parsed, pattern: SyntaxNode, value: string, helpers: Set<string>): string | undefined {
  const { text } = script;
  const inner = childrenOf(pattern);
  switch (pattern.name) {
    case 'CapturePattern':
      return capture(text(pattern), value);
    case 'LiteralPattern': {
      const literal = text(pattern).trim();
      return /^(?:None|True|False)$/.test(literal) ? `${value} is ${literal}` : `${value} == ${literal}`;
    }
    case 'AttributePattern':
      return `${value} == ${text(pattern)}`;
    case 'OrPattern': {
      const parts = inner.filter(({ name }) => /Pattern$/.test(name)).map((each) => test(script, each, value, helpers));
      return parts.includes(undefined) ? undefined : `(${parts.join(' or ')})`;
    }
    case 'AsPattern': {
      const [of, , name] = inner;
      if (of === undefined || name === undefined) return undefined;
      return both([test(script, of, value, helpers), capture(text(name), value)]);
    }
    case 'GroupPattern':
      return inner[1] === undefined ? undefined : test(script, inner[1], value, helpers);
    case 'SequencePattern': {
      const of = inner.filter(({ name, from, to }) => /Pattern$/.test(name) && to > from);
      // `(x)` is a group, `(x,)` is not.
      if (text(pattern).startsWith('(') && of.length === 1 && !inner.some(({ name }) => name === ','))
        return of[0] === undefined ? undefined : test(script, of[0], value, helpers);
      return sequence(script, of, value, helpers);
    }
    case 'MappingPattern':
      return mapping(script, inner, value, helpers);
    case 'ClassPattern':
      return classOf(script, pattern, value, helpers);
    default:
      return undefined;
  }
}

function sequence(
  script: Parsed,
  parts: readonly SyntaxNode[],
  value: string,
  helpers: Set<string>,
): string | undefined {
  helpers.add(SEQUENCE);
  const star = parts.findIndex(({ name }) => name === 'StarPattern');
  const after = star === -1 ? 0 : parts.length - star - 1;
  const tests = parts.map((part, i) => {
    if (i === star) {
      const name = part.lastChild === null ? '_' : script.text(part.lastChild);
      return capture(name, `list(${value}[${i}:${after === 0 ? '' : -after}])`);
    }
    return test(script, part, `${value}[${star === -1 || i < star ? i : i - parts.length}]`, helpers);
  });
  const least = star === -1 ? parts.length : parts.length - 1;
  return both([`${SEQUENCE}(${value}, ${least}, ${star === -1 ? 'True' : 'False'})`, ...tests]);
}

function mapping(
  script: Parsed,
  inner: readonly SyntaxNode[],
  value: string,
  helpers: Set<string>,
): string | undefined {
  const tests: (string | undefined)[] = [`isinstance(${value}, dict)`];
  const keys: string[] = [];
  for (const [i, node] of inner.entries()) {
    const next = inner[i + 2];
    if (node.name === '**' || script.text(node) === '**') {
      const name = inner[i + 1];
      if (name === undefined) return undefined;
      helpers.add(REST);
      tests.push(capture(script.text(name), `${REST}(${value}, [${keys.join(', ')}])`));
      break;
    }
    if (inner[i + 1]?.name !== ':' || next === undefined) continue;
    const key = script.text(node);
    keys.push(key);
    tests.push(`${key} in ${value}`, test(script, next, `${value}[${key}]`, helpers));
  }
  return both(tests);
}

function classOf(script: Parsed, pattern: SyntaxNode, value: string, helpers: Set<string>): string | undefined {
  const { text } = script;
  const list = pattern.getChild('PatternArgList');
  const name = script.code.slice(pattern.from, list?.from ?? pattern.to).trim();
  const given = (list === null ? [] : childrenOf(list)).filter(
    ({ name: kind }) => /Pattern$/.test(kind) && kind !== 'LiteralPattern',
  );
  const literals = (list?.getChildren('LiteralPattern') ?? []).filter(({ from, to }) => to > from);
  const tests: (string | undefined)[] = [`isinstance(${value}, ${name})`];
  for (const part of [...given, ...literals]) {
    if (part.name === 'KeywordPattern') {
      const [attribute, of] = [part.firstChild, part.lastChild];
      if (attribute === null || of === null) return undefined;
      tests.push(`hasattr(${value}, "${text(attribute)}")`, test(script, of, `${value}.${text(attribute)}`, helpers));
    } else if (PLAIN.test(name) && given.length + literals.length === 1) tests.push(test(script, part, value, helpers));
    else return undefined;
  }
  return both(tests);
}
