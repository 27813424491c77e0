/** A script as an async function: top-level `await` and `return`, the value of the last expression, and a way to its variables. */

import { type Node, type Pattern, type Program, parse, parseExpressionAt, type VariableDeclaration } from 'acorn';

export interface WrappedScript {
  /** An expression that gives the function. Its lines are those of the script. */
  readonly code: string;
}

export interface SyntaxFault {
  readonly message: string;
  /** From 1. */
  readonly line: number | undefined;
}

/** The parameter that takes the getters of the variables. */
const SCOPE = '__portcullis_scope';

const OPTIONS = {
  ecmaVersion: 'latest',
  sourceType: 'script',
  allowReturnOutsideFunction: true,
  allowAwaitOutsideFunction: true,
  allowHashBang: true,
} as const;

export function wrapScript(code: string): WrappedScript | SyntaxFault {
  let program: Program;
  try {
    program = parse(code, OPTIONS);
  } catch (error) {
    return faultOf(error);
  }
  const getters = [...namesOf(program)].map((name) => `[${JSON.stringify(name)},()=>${name}]`);
  const body = returning(code.startsWith('#!') ? `//${code.slice(2)}` : code, program);
  return { code: `(async function (${SCOPE}) { ${SCOPE}([${getters.join(',')}]); ${body}\n})` };
}

function faultOf(error: unknown): SyntaxFault {
  if (error instanceof SyntaxError) {
    const { loc } = error as SyntaxError & { readonly loc?: { readonly line: number } };
    return { message: error.message.replace(/ \(\d+:\d+\)$/, ''), line: loc?.line };
  }
  return { message: 'it is nested too deeply', line: undefined };
}

/** With `return` before the last expression. An object in braces is meant as one, not as a block. */
function returning(code: string, { body }: Program): string {
  const last = body.at(-1);
  if (last === undefined) return code;
  if (last.type !== 'ExpressionStatement' && !(last.type === 'BlockStatement' && isObject(code, last))) return code;
  const text = code.slice(last.start, last.end).replace(/;$/, '');
  return `${code.slice(0, last.start)}return (${text})${code.slice(last.end)}`;
}

function isObject(code: string, { start, end }: Node): boolean {
  try {
    return parseExpressionAt(code.slice(0, end), start, OPTIONS).end === end;
  } catch {
    return false;
  }
}

/** What the script declares at its top, and `var` wherever it stands outside of functions. */
function namesOf(program: Program): ReadonlySet<string> {
  const names = new Set<string>();
  const declare = ({ declarations }: VariableDeclaration): void => {
    for (const { id } of declarations) bound(id, names);
  };
  for (const statement of program.body) {
    if (statement.type === 'VariableDeclaration') declare(statement);
    if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') names.add(statement.id.name);
  }
  const pending: unknown[] = [...program.body];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (Array.isArray(node)) pending.push(...node.filter((each) => each !== null && each !== undefined));
    else if (isNode(node) && !/Function|Class/.test(node.type)) {
      if (node.type === 'VariableDeclaration' && (node as VariableDeclaration).kind === 'var')
        declare(node as VariableDeclaration);
      pending.push(...Object.values(node).filter((each) => typeof each === 'object' && each !== null));
    }
  }
  return names;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

function bound(pattern: Pattern, names: Set<string>): void {
  switch (pattern.type) {
    case 'Identifier':
      names.add(pattern.name);
      break;
    case 'ObjectPattern':
      for (const property of pattern.properties)
        bound(property.type === 'RestElement' ? property.argument : property.value, names);
      break;
    case 'ArrayPattern':
      for (const element of pattern.elements) if (element !== null) bound(element, names);
      break;
    case 'RestElement':
      bound(pattern.argument, names);
      break;
    case 'AssignmentPattern':
      bound(pattern.left, names);
      break;
    case 'MemberExpression':
  }
}
