/** The least that a JSON Schema accepts, for answers a pretended model has to give in a form. Not every schema has one we find. */

import type { JsonObject, JsonValue } from '../../../contracts/json.ts';
import { isObject } from '../../../lib/is-object.ts';

/** Schemas may refer to themselves. */
const MAX_DEPTH = 32;
const MAX_LENGTH = 1_000;

/** Keywords it heeds: const, enum, default, examples, $ref (local), allOf, anyOf, oneOf, type, required, bounds of size. */
export function minimalInstance(schema: JsonObject): JsonValue {
  return instanceOf(schema, schema, 0);
}

function instanceOf(schema: unknown, root: JsonObject, depth: number): JsonValue {
  if (!isObject(schema) || depth > MAX_DEPTH) return null;
  const node = schema as JsonObject;
  for (const keyword of ['const', 'default'] as const) {
    const value = node[keyword];
    if (value !== undefined) return value as JsonValue;
  }
  for (const keyword of ['enum', 'examples'] as const) {
    const [first] = Array.isArray(node[keyword]) ? (node[keyword] as JsonValue[]) : [];
    if (first !== undefined) return first;
  }
  if (typeof node.$ref === 'string') return instanceOf(resolve(root, node.$ref), root, depth + 1);
  const [choice] = [node.anyOf, node.oneOf].flatMap((each) => (Array.isArray(each) ? [each[0]] : []));
  const parts = [...(Array.isArray(node.allOf) ? node.allOf : []), ...(choice === undefined ? [] : [choice])];
  if (parts.length > 0) {
    const { anyOf: _any, oneOf: _one, allOf: _all, ...own } = node;
    const made = [...(Object.keys(own).length > 0 ? [own] : []), ...parts].map((part) =>
      instanceOf(part, root, depth + 1),
    );
    const objects = made.filter(isObject);
    return objects.length > 0 ? Object.assign({}, ...objects) : (made.find((each) => each !== null) ?? null);
  }
  return plainInstance(node, root, depth);
}

function plainInstance(node: JsonObject, root: JsonObject, depth: number): JsonValue {
  switch (typeOf(node)) {
    case 'object': {
      const properties = isObject(node.properties) ? (node.properties as JsonObject) : {};
      const required = Array.isArray(node.required) ? node.required.map(String) : [];
      return Object.fromEntries(required.map((name) => [name, instanceOf(properties[name], root, depth + 1)]));
    }
    case 'array': {
      const items = instanceOf(node.items, root, depth + 1);
      return Array.from({ length: size(node.minItems) }, () => items);
    }
    case 'string':
      return node.format === 'date-time' ? '1970-01-01T00:00:00Z' : 'x'.repeat(size(node.minLength));
    case 'integer':
    case 'number': {
      const least = typeof node.minimum === 'number' ? node.minimum : 0;
      return typeof node.exclusiveMinimum === 'number' ? Math.floor(node.exclusiveMinimum) + 1 : least;
    }
    case 'boolean':
      return false;
    default:
      return null;
  }
}

function typeOf({ type, properties, items }: JsonObject): unknown {
  if (Array.isArray(type)) return type[0];
  return type ?? (properties !== undefined ? 'object' : items !== undefined ? 'array' : undefined);
}

const size = (least: unknown): number => (typeof least === 'number' && least > 0 ? Math.min(least, MAX_LENGTH) : 0);

/** `#`, `#/$defs/Name`; undefined: leads nowhere here. */
function resolve(root: JsonObject, ref: string): unknown {
  if (!ref.startsWith('#')) return undefined;
  let node: unknown = root;
  for (const step of ref.slice(1).split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    node = isObject(node) ? (node as JsonObject)[name] : undefined;
  }
  return node;
}
