/** A shape in words: short for a model, exact for the type checker. */

import type { Shape, ShapeMember } from './shape.ts';

/** More are told by their number. */
const MAX_ENUM = 8;
const MAX_MEMBERS = 12;
const MAX_DEPTH = 2;
const MAX_LITERAL_CHARS = 40;

export type TypeWords = 'python' | 'javascript';

const WORDS: { readonly [words in TypeWords]: { readonly [type: string]: string } } = {
  python: { any: 'any', str: 'str', int: 'int', float: 'float', bool: 'bool', none: 'None' },
  javascript: { any: 'any', str: 'string', int: 'number', float: 'number', bool: 'boolean', none: 'null' },
};

const optionally = ({ name, optional }: ShapeMember): string => (optional ? `${name}?` : name);

/** One line; what is nested deeper than two levels, or longer than a line should be, is only hinted at. */
export function renderShape(shape: Shape, words: TypeWords, depth = 0): string {
  switch (shape.type) {
    case 'literal': {
      const shown = shape.values.slice(0, MAX_ENUM).map((value) => JSON.stringify(value).slice(0, MAX_LITERAL_CHARS));
      return [...shown, ...(shape.values.length > MAX_ENUM ? ['…'] : [])].join('|');
    }
    case 'list': {
      const inner = renderShape(shape.of, words, depth);
      return words === 'python' ? `list[${inner}]` : /[|]/.test(inner) ? `(${inner})[]` : `${inner}[]`;
    }
    case 'map': {
      if (shape.of.type === 'any') return words === 'python' ? 'dict' : 'object';
      const inner = renderShape(shape.of, words, depth);
      return words === 'python' ? `dict[str, ${inner}]` : `{[key]: ${inner}}`;
    }
    case 'object': {
      if (depth >= MAX_DEPTH) return words === 'python' ? 'dict' : 'object';
      const shown = shape.members
        .slice(0, MAX_MEMBERS)
        .map((member) => `${optionally(member)}: ${renderShape(member.shape, words, depth + 1)}`);
      return `{${[...shown, ...(shape.members.length > MAX_MEMBERS ? ['…'] : [])].join(', ')}}`;
    }
    case 'union':
      return shape.of.map((each) => renderShape(each, words, depth)).join('|');
    default:
      return WORDS[words][shape.type] ?? 'any';
  }
}

/** A Python annotation; objects become typed dicts, written to `declare`. */
export function annotate(shape: Shape, declare: (members: readonly ShapeMember[]) => string): string {
  switch (shape.type) {
    case 'any':
      return 'Any';
    case 'none':
      return 'None';
    // Python takes a whole number where a fraction may stand.
    case 'str':
    case 'int':
    case 'float':
    case 'bool':
      return shape.type;
    case 'literal': {
      const values = shape.values.filter((value) => typeof value !== 'number' || Number.isInteger(value));
      if (values.length < shape.values.length) return 'float';
      return `Literal[${values.map(pythonLiteral).join(', ')}]`;
    }
    case 'list':
      return `list[${annotate(shape.of, declare)}]`;
    case 'map':
      return `dict[str, ${annotate(shape.of, declare)}]`;
    case 'object':
      return declare(shape.members);
    case 'union':
      return shape.of.map((each) => annotate(each, declare)).join(' | ');
  }
}

function pythonLiteral(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  // JSON's escapes are Python's, but for what lies outside the first plane.
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
