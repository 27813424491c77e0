/** Schemas that a document would hold many times over, each once and under a name. */

import { isObject } from '../../lib/is-object.ts';

interface Json {
  readonly [member: string]: unknown;
}

export interface SharedSchemas {
  /** The document with references in their place. */
  readonly document: Json;
  /** By name, with references to each other. */
  readonly schemas: { readonly [name: string]: Json };
}

/** `named`: the same schema may come twice; its first name counts. Only those that are used are kept. */
export function shareSchemas(document: Json, named: readonly (readonly [name: string, schema: Json])[]): SharedSchemas {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const [name, schema] of named) {
    const text = JSON.stringify(schema);
    if (names.has(text) || taken.has(name)) continue;
    names.set(text, name);
    taken.add(name);
  }
  const schemas: { [name: string]: Json } = {};

  const share = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(share);
    if (!isObject(value)) return value;
    const text = value.type === 'object' ? JSON.stringify(value) : '';
    const name = names.get(text);
    if (name === undefined) return shareMembers(value);
    schemas[name] ??= shareMembers(value);
    return { $ref: `#/components/schemas/${name}` };
  };
  const shareMembers = (value: Json): Json =>
    Object.fromEntries(Object.entries(value).map(([member, each]) => [member, share(each)]));

  const shared = shareMembers(document);
  const inOrder = Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1));
  return { document: shared, schemas: Object.fromEntries(inOrder) };
}
