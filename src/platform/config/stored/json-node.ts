/** Values as nodes of the file's tree, and back: what is stored has no place in a text. */

import type { JsoncNode } from '../../../lib/jsonc.ts';

/** Of a node that stands in no text. */
export const NOWHERE = -1;

const at = { start: NOWHERE, end: NOWHERE };

/** `value` is JSON. */
export function toNode(value: unknown): JsoncNode {
  if (Array.isArray(value)) return { type: 'array', ...at, elements: value.map(toNode) };
  if (typeof value === 'object' && value !== null)
    return {
      ...{ type: 'object', ...at },
      members: Object.entries(value).map(([key, each]) => ({ key, keyStart: NOWHERE, value: toNode(each) })),
    };
  return { type: 'scalar', ...at, value: value as string | number | boolean | null };
}

/** As JSON.parse would have it: of a name that stands twice, the last. */
export function toValue(node: JsoncNode): unknown {
  switch (node.type) {
    case 'scalar':
      return node.value;
    case 'array':
      return node.elements.map(toValue);
    case 'object':
      return Object.fromEntries(node.members.map(({ key, value }) => [key, toValue(value)]));
  }
}
