// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** Stored parts as a file would have them, and the parts of a file as they would be stored. */

import type { ConfigKind, ConfigObject } from '../../../contracts/config-objects.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { isObject } from '../../../lib/is-object.ts';
import type { JsoncNode } from '../../../lib/jsonc.ts';
import { nodeAt } from '../report.ts';
import { graft } from './graft.ts';
import { toNode, toValue } from './json-node.ts';
import { PLACES, SERVER_OPTIONS } from './places.ts';

/** A file with these parts in it. Secrets become references to variables, which are named in `variables` and have to be set. */
export function toFile(objects: readonly Pick<ConfigObject, 'kind' | 'name' | 'body'>[]): {
  readonly file: JsonObject;
  readonly variables: readonly string[];
} {
  const variables: string[] = [];
  const parts = objects.map(({ kind, name, body }) => ({
    ...{ kind, name },
    body: withVariables(body, [kind, name], variables) as JsonObject,
  }));
  const { root } = graft(toNode({}), parts);
  return { file: toValue(root) as JsonObject, variables };
}

function withVariables(value: unknown, path: readonly string[], variables: string[]): unknown {
  if (Array.isArray(value)) return value.map((each, i) => withVariables(each, [...path, String(i)], variables));
  if (!isObject(value)) return value;
  if (value.hidden === true) {
    const wanted = path
      .join('_')
      .toUpperCase()
      .replace(/[^A-Z0-9]+/g, '_');
    const name = variables.includes(wanted) ? `${wanted}_${variables.length}` : wanted;
    variables.push(name);
    return `\${env:${name}}`;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, withVariables(each, [...path, name], variables)]),
  );
}

/** Every part of a file that could be stored; its root is an object. */
export function fromFile(root: JsoncNode): readonly { kind: ConfigKind; name: string; body: JsonObject }[] {
  return (Object.keys(PLACES) as ConfigKind[]).flatMap((kind) =>
    PLACES[kind].sections.flatMap((section) => {
      const node = nodeAt(root, section);
      if (node?.type === 'object')
        return node.members.map(({ key: name, value }) => ({ kind, name, body: bodyOf(root, kind, name, value) }));
      if (node?.type !== 'array') return [];
      return node.elements.flatMap((each) => {
        const { name, ...body } = toValue(each) as JsonObject;
        return typeof name === 'string' ? [{ kind, name, body }] : [];
      });
    }),
  );
}

function bodyOf(root: JsoncNode, kind: ConfigKind, name: string, node: JsoncNode): JsonObject {
  const value = toValue(node);
  // An alias may be written as its target alone.
  const body = isObject(value) ? value : { targets: Array.isArray(value) ? value : [value] };
  const options = kind === 'server' ? nodeAt(root, [...SERVER_OPTIONS.section, name]) : undefined;
  return options === undefined ? body : { ...body, [SERVER_OPTIONS.member]: toValue(options) };
}
