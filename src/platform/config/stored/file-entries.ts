/** Entries of the file's tree, kind by kind, as they would be stored: what a part of a configuration is called, and what it says. */

import type { ConfigKind } from '../../../contracts/config-objects.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { isObject } from '../../../lib/is-object.ts';
import type { JsoncNode } from '../../../lib/jsonc.ts';
import { nodeAt } from '../report.ts';
import { toValue } from './json-node.ts';
import { PLACES, SERVER_OPTIONS } from './places.ts';

export interface FileEntry {
  readonly name: string;
  /** Where it begins, as an offset in the text. */
  readonly start: number;
  /** As it is written; a server has its `options` in it. */
  readonly body: JsonObject;
}

export function fileEntries(root: JsoncNode, kind: ConfigKind): readonly FileEntry[] {
  const { sections, type } = PLACES[kind];
  const withOptions = (entry: FileEntry): FileEntry => {
    const options = kind === 'server' ? nodeAt(root, [...SERVER_OPTIONS.section, entry.name]) : undefined;
    if (options === undefined) return entry;
    return { ...entry, body: { ...entry.body, [SERVER_OPTIONS.member]: toValue(options) } as JsonObject };
  };
  return sections.flatMap((section) => entriesAt(root, section, type)).map(withOptions);
}

/** `list`: of entries that say their name themselves. */
export function entriesAt(root: JsoncNode, section: readonly string[], type: 'by-name' | 'list'): readonly FileEntry[] {
  const node = nodeAt(root, section);
  const bodyOf = (entry: JsoncNode): JsonObject => {
    const value = toValue(entry);
    return (isObject(value) ? value : { value }) as JsonObject;
  };
  if (type === 'by-name' && node?.type === 'object')
    return node.members.map(({ key, keyStart, value }) => ({ name: key, start: keyStart, body: bodyOf(value) }));
  if (type === 'list' && node?.type === 'array')
    return node.elements.flatMap((each) => {
      const name = nodeAt(each, ['name']);
      return name?.type === 'scalar' && typeof name.value === 'string'
        ? [{ name: name.value, start: each.start, body: bodyOf(each) }]
        : [];
    });
  return [];
}
