/** Declarations for the type checker: a class for each server, a typed dict for each object. A right script never fails by them. */

import { annotate } from './render-shape.ts';
import type { Shape, ShapeMember } from './shape.ts';
import type { ToolFace, ToolParameter } from './tool-face.ts';

const HEAD = 'from typing import Any, Literal, NotRequired, TypedDict\n';
const SEARCH = `class _tools:
    async def search(self, query: str = ..., server: str = ..., limit: int = ...) -> str: ...
    async def help(self, name: str = ...) -> str: ...
tools: _tools
`;
const IDENTIFIER = /^[A-Za-z_]\w*$/;

/** `faces` by namespace. Results that were only seen are not declared: the next may look otherwise. */
export function renderStubs(servers: ReadonlyMap<string, readonly ToolFace[]>): string {
  const parts: string[] = [];
  let made = 0;
  const declare = (members: readonly ShapeMember[]): string => {
    const name = `_T${++made}`;
    const fields = members.map(({ name: key, shape, optional }) => {
      const type = annotate(shape, declare);
      return `${JSON.stringify(key)}: ${optional ? `NotRequired[${type}]` : type}`;
    });
    parts.push(`${name} = TypedDict("${name}", {${fields.join(', ')}})\n`);
    return name;
  };
  for (const [namespace, faces] of servers) {
    const methods = faces.map((face) => methodText(face, declare));
    parts.push(`class _S_${namespace}:\n${methods.join('') || '    ...\n'}${namespace}: _S_${namespace}\n`);
  }
  return `${HEAD}${SEARCH}${parts.join('')}`;
}

function methodText(
  { method, parameters, result }: ToolFace,
  declare: (members: readonly ShapeMember[]) => string,
): string {
  const list = parameters.map((parameter) => parameterText(parameter, declare));
  const more = list.length === 0 ? '' : `, ${list.join(', ')}`;
  return `    async def ${method}(self${more}) -> ${result === undefined ? 'Any' : annotate(loose(result), declare)}: ...\n`;
}

function parameterText(
  { name, shape, optional }: ToolParameter,
  declare: (members: readonly ShapeMember[]) => string,
): string {
  const type = IDENTIFIER.test(name) ? annotate(loosely(shape), declare) : 'Any';
  return `${name}: ${type}${optional ? ' | None = ...' : ''}`;
}

/**
 * What is given: a dict display is checked against a typed dict, a variable of type `dict[str, Any]` is not one. So objects are
 * taken as any dict; their names were told in the signature, and the server checks them.
 */
function loosely(shape: Shape): Shape {
  switch (shape.type) {
    case 'object':
      return { type: 'map', of: { type: 'any' } };
    // A list is invariant in what it holds: one of whole numbers is none of fractions.
    case 'list':
      return { type: 'list', of: { type: 'any' } };
    case 'map':
      return { type: 'map', of: { type: 'any' } };
    case 'union':
      return { type: 'union', of: shape.of.map(loosely) };
    // Many a text of a list of literals is put together at run time.
    case 'literal':
      return shape;
    default:
      return shape;
  }
}

/** What comes back may hold more, and lack what is optional. */
function loose(shape: Shape): Shape {
  switch (shape.type) {
    case 'list':
      return { type: 'list', of: loose(shape.of) };
    case 'map':
      return { type: 'map', of: loose(shape.of) };
    case 'object':
      return { type: 'object', members: shape.members.map((member) => ({ ...member, shape: loose(member.shape) })) };
    // Whoever reads one of several would have to ask first, and scripts do not.
    case 'union':
    case 'literal':
      return shape.type === 'literal' && shape.values.every((value) => typeof value === 'string')
        ? { type: 'str' }
        : { type: 'any' };
    default:
      return shape;
  }
}
