/** Changes one place of a JSON-with-comments text; every other byte, comments included, stays. */

import { type JsoncNode, parseJsonc } from '../../../lib/jsonc.ts';

type ObjectNode = Extract<JsoncNode, { type: 'object' }>;
type ArrayNode = Extract<JsoncNode, { type: 'array' }>;

const isObjectNode = (node: JsoncNode | undefined): node is ObjectNode => node?.type === 'object';

function indentUnit(text: string): string {
  return /\n(\t| {2,8})(?=\S)/.exec(text)?.[1] ?? '  ';
}

/** The white space that begins the line in which `at` stands. */
function lineIndent(text: string, at: number): string {
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  return /^[ \t]*/.exec(text.slice(lineStart))?.[0] ?? '';
}

/** True if a comma stands outside of the comments in this text between a value and a closing bracket. */
const hasComma = (text: string): boolean => text.replace(/\/\/[^\r\n]*|\/\*[\s\S]*?\*\//g, '').includes(',');

const render = (value: unknown, unit: string, indent: string): string =>
  JSON.stringify(value, undefined, unit).replaceAll('\n', `\n${indent}`);

/** Adds `item` (already rendered but for its indent) as the last one of an object or array. */
function appendItem(text: string, node: ObjectNode | ArrayNode, item: (indent: string) => string): string {
  const items = node.type === 'object' ? node.members.map((member) => member.value) : node.elements;
  const last = items.at(-1);
  const outer = lineIndent(text, node.start);
  const indent = outer + indentUnit(text);
  const close = node.end - 1;
  const body = text.slice(0, close).trimEnd();
  const line = `\n${indent}${item(indent)}`;
  // The closing bracket keeps its line; one that stood behind the last item gets its own.
  const tail = /\n[ \t]*$/.test(text.slice(body.length, close))
    ? text.slice(body.length)
    : `\n${outer}${text.slice(close)}`;
  if (last === undefined || hasComma(text.slice(last.end, close))) return body + line + tail;
  return `${body.slice(0, last.end)},${body.slice(last.end)}${line}${tail}`;
}

/** Sets `path` (member names from the top) to `value`, making missing objects. A path through something else throws RangeError. */
export function setMember(text: string, path: readonly string[], value: unknown): string {
  const source = text.trim() === '' ? '{}\n' : text;
  const unit = indentUnit(source);
  let node: JsoncNode = parseJsonc(source);
  for (const [depth, name] of path.entries()) {
    if (!isObjectNode(node)) throw new RangeError(`${path.slice(0, depth).join('.') || 'the file'} is no object`);
    const member = node.members.findLast((candidate) => candidate.key === name);
    if (member === undefined) {
      const rest = path.slice(depth + 1).reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
      return appendItem(source, node, (indent) => `${JSON.stringify(name)}: ${render(rest, unit, indent)}`);
    }
    node = member.value;
  }
  return source.slice(0, node.start) + render(value, unit, lineIndent(source, node.start)) + source.slice(node.end);
}

/** Appends to the array at the top-level member `name`, making it if it is missing. */
export function appendElement(text: string, name: string, value: unknown): string {
  const root = parseJsonc(text);
  const list = isObjectNode(root) ? root.members.findLast((member) => member.key === name)?.value : undefined;
  if (list === undefined) return setMember(text, [name], [value]);
  if (list.type !== 'array') throw new RangeError(`${name} is no array`);
  return appendItem(text, list, (indent) => render(value, indentUnit(text), indent));
}

/** The plain value of a node; of members that stand twice, the last. */
export function plainValue(node: JsoncNode): unknown {
  switch (node.type) {
    case 'object':
      return Object.fromEntries(node.members.map((member) => [member.key, plainValue(member.value)]));
    case 'array':
      return node.elements.map(plainValue);
    case 'scalar':
      return node.value;
  }
}
