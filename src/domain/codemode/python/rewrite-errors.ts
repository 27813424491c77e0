/** Exceptions of the script's own: the engine raises only its own, so one of those carries them, and handlers are told which it is. */

import type { SyntaxNode } from '@lezer/common';
import type { Edit } from './edit.ts';
import { readClasses } from './read-classes.ts';
import { all, childrenOf, type Parsed, type Rewrite, within, wrap } from './syntax.ts';

export const ERRORS = '_portcullis_raised';
const RAISED = ERRORS;
const KIND = '_portcullis_kind';
const OF = '_portcullis_of';
const ISINSTANCE = '_portcullis_isinstance';

/** Exceptions of Python that the engine does not know; the prelude makes them as a script would. */
export const MISSING_ERRORS: ReadonlyMap<string, string> = new Map([
  ...['ConnectionError', 'ConnectionResetError', 'ConnectionRefusedError', 'BrokenPipeError', 'InterruptedError'].map(
    (name) => [name, 'OSError'] as const,
  ),
  ...['EOFError', 'BufferError', 'Warning', 'UserWarning', 'SystemError', 'ReferenceError'].map(
    (name) => [name, 'Exception'] as const,
  ),
  ...[['UnicodeError', 'ValueError'] as const],
]);

export const rewriteErrors: Rewrite = (script, { helpers }) => {
  const own = [...readClasses(script).values()].filter(({ kind }) => kind === 'error').map(({ name }) => name);
  const missing = all(script, 'VariableName')
    .map(script.text)
    .filter((name) => MISSING_ERRORS.has(name));
  for (const name of missing) helpers.add(name);
  if (own.length === 0 && missing.length === 0 && !namesForeign(script)) return [];
  helpers.add(ERRORS);
  return [...raises(script), ...handlers(script), ...instances(script)];
};

/** Exceptions that the engine has. */
const KNOWN =
  /^(?:(?:Base)?Exception|(?:Arithmetic|Assertion|Attribute|FileExists|FileNotFound|Import|Index|IsADirectory|Key|Lookup|Memory|ModuleNotFound|Name|NotADirectory|NotImplemented|OS|Overflow|Permission|Recursion|Runtime|Syntax|Timeout|Type|UnboundLocal|UnicodeDecode|Value|ZeroDivision)Error|KeyboardInterrupt|StopIteration|SystemExit)$/;

/** `except AppError` and `raise AppError(…)`, whose class an earlier run of the session made. */
function namesForeign(script: Parsed): boolean {
  const { text } = script;
  const isForeign = (node: SyntaxNode | undefined): boolean =>
    node?.name === 'VariableName' && /^[A-Z]/.test(text(node)) && !KNOWN.test(text(node));
  const handled = all(script, 'TryStatement').flatMap((node) => {
    const parts = childrenOf(node);
    return parts.flatMap((part, i) => {
      const kind = part.name === 'except' ? parts[i + 1] : undefined;
      return kind === undefined ? [] : kind.name === 'TupleExpression' ? childrenOf(kind) : [kind];
    });
  });
  const raised = all(script, 'RaiseStatement').map((node) => {
    const given = childrenOf(node)[1];
    return given?.name === 'CallExpression' ? (given.firstChild ?? undefined) : given;
  });
  return [...handled, ...raised].some(isForeign);
}

function raises(script: Parsed): readonly Edit[] {
  return all(script, 'RaiseStatement').flatMap((node): readonly Edit[] => {
    const [, raised, from] = childrenOf(node);
    if (raised === undefined) return [];
    // There is no `__cause__` here.
    const cause = from === undefined ? [] : [{ from: raised.to, to: node.to, text: '' }];
    return isWrapped(script, raised, RAISED) ? [] : [...cause, ...wrap(raised, `${RAISED}(`, ')')];
  });
}

const isWrapped = ({ text }: Parsed, node: SyntaxNode, helper: string): boolean => text(node).startsWith(`${helper}(`);

function handlers(script: Parsed): readonly Edit[] {
  const { text } = script;
  return all(script, 'TryStatement').flatMap((node) => {
    const parts = childrenOf(node);
    return parts.flatMap((part, i): readonly Edit[] => {
      const kind = part.name === 'except' ? parts[i + 1] : undefined;
      if (kind === undefined || kind.name === 'Body' || isWrapped(script, kind, KIND)) return [];
      const isNamed = parts[i + 2]?.name === 'as';
      const name = isNamed ? parts[i + 3] : undefined;
      const body = parts[i + (isNamed ? 4 : 2)];
      const kinds = /^(?:Base)?Exception$/.test(text(kind)) ? [] : wrap(kind, `${KIND}(`, ')');
      return [...kinds, ...(name === undefined || body === undefined ? [] : uses(script, body, text(name)))];
    });
  });
}

/** What a handler reads of its exception it reads of what that carries. */
function uses(script: Parsed, body: SyntaxNode, name: string): readonly Edit[] {
  return within(all(script, 'VariableName'), body)
    .filter((node) => script.text(node) === name && isRead(node) && !isGiven(script, node))
    .flatMap((node) => wrap(node, `${OF}(`, ')'));
}

const isGiven = ({ text }: Parsed, { parent }: SyntaxNode): boolean =>
  parent?.name === 'ArgList' && parent.prevSibling !== null && text(parent.prevSibling) === OF;

function isRead(node: SyntaxNode): boolean {
  const { parent, nextSibling } = node;
  if (parent?.name === 'RaiseStatement' && node.prevSibling?.name === 'from') return false;
  if (nextSibling?.name === 'AssignOp' && parent?.name !== 'AssignStatement') return false;
  if (parent?.name === 'AssignStatement' && parent.firstChild?.from === node.from) return false;
  return !/^(?:TryStatement|ScopeStatement|ParamList|ForStatement|ImportStatement)$/.test(parent?.name ?? '');
}

/** `isinstance` where classes have bases. */
export function instances(script: Parsed): readonly Edit[] {
  return all(script, 'CallExpression').flatMap((call): readonly Edit[] => {
    const callee = call.firstChild;
    if (callee === null || callee.name !== 'VariableName' || script.text(callee) !== 'isinstance') return [];
    return [{ from: callee.from, to: callee.to, text: ISINSTANCE }];
  });
}
