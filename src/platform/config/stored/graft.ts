/** The file's tree with what is stored put where the file would have it. The file wins over a stored object of the same name. */

import type { ConfigKind } from '../../../contracts/config-objects.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import type { JsoncMember, JsoncNode } from '../../../lib/jsonc.ts';
import { nodeAt, type Path } from '../report.ts';
import { serverIdOf } from '../server-id.ts';
import { NOWHERE, toNode } from './json-node.ts';
import { PLACES, SERVER_OPTIONS } from './places.ts';

/** A stored object, its secrets in clear. */
export interface StoredPart {
  readonly kind: ConfigKind;
  readonly name: string;
  readonly body: JsonObject;
}

export interface Grafted {
  readonly root: JsoncNode;
  /** Where each stored part stands now: whatever is wrong there is its fault. */
  readonly places: readonly { readonly part: StoredPart; readonly paths: readonly Path[] }[];
  readonly shadowed: readonly StoredPart[];
}

/** `root` is the file's, an object. */
export function graft(root: JsoncNode, parts: readonly StoredPart[]): Grafted {
  let tree = root;
  const shadowed: StoredPart[] = [];
  const places: { part: StoredPart; paths: Path[] }[] = [];
  for (const part of parts) {
    if (findInFile(root, part.kind, part.name) !== undefined) {
      shadowed.push(part);
      continue;
    }
    const { sections, type } = PLACES[part.kind];
    const [section = []] = sections;
    if (type === 'list') {
      const list = nodeAt(tree, section);
      const index = list?.type === 'array' ? list.elements.length : 0;
      tree = append(tree, section, toNode({ ...part.body, name: part.name }));
      places.push({ part, paths: [[...section, index]] });
      continue;
    }
    const { [SERVER_OPTIONS.member]: options, ...entry } = part.body;
    const isServer = part.kind === 'server';
    tree = change(tree, [...section, part.name], () => toNode(isServer ? entry : part.body));
    const paths: Path[] = [[...section, part.name]];
    if (isServer && options !== undefined) {
      tree = change(tree, [...SERVER_OPTIONS.section, part.name], () => toNode(options));
      paths.push([...SERVER_OPTIONS.section, part.name]);
    }
    places.push({ part, paths });
  }
  return { root: tree, places, shadowed };
}

/** The entry of that name in the file; servers also by the id they would share. */
export function findInFile(root: JsoncNode, kind: ConfigKind, name: string): Path | undefined {
  const { sections, type } = PLACES[kind];
  for (const section of sections) {
    const node = nodeAt(root, section);
    if (type === 'list' && node?.type === 'array') {
      const index = node.elements.findIndex((each) => {
        const own = nodeAt(each, ['name']);
        return own?.type === 'scalar' && own.value === name;
      });
      if (index !== -1) return [...section, index];
    }
    if (type === 'by-name' && node?.type === 'object') {
      const isSame = ({ key }: JsoncMember): boolean =>
        key === name || (kind === 'server' && serverIdOf(key).toLowerCase() === serverIdOf(name).toLowerCase());
      const member = node.members.find(isSame);
      if (member !== undefined) return [...section, member.key];
    }
  }
  return undefined;
}

/** A new tree with something else at that path; what is missing on the way is made, what is no object stays as it is. */
function change(
  node: JsoncNode | undefined,
  path: readonly string[],
  make: (there: JsoncNode | undefined) => JsoncNode,
): JsoncNode {
  const [name, ...rest] = path;
  if (name === undefined) return make(node);
  const object = node ?? toNode({});
  // The reader complains of a section of the wrong type.
  if (object.type !== 'object') return object;
  const index = object.members.findLastIndex(({ key }) => key === name);
  const there = object.members[index];
  const value = change(there?.value, rest, make);
  if (there === undefined) return { ...object, members: [...object.members, { key: name, keyStart: NOWHERE, value }] };
  return { ...object, members: object.members.with(index, { ...there, value }) };
}

/** At the end of a list, which is made where there is nothing. */
function append(node: JsoncNode, section: readonly string[], value: JsoncNode): JsoncNode {
  return change(node, section, (list) => {
    if (list === undefined) return { type: 'array', start: NOWHERE, end: NOWHERE, elements: [value] };
    return list.type === 'array' ? { ...list, elements: [...list.elements, value] } : list;
  });
}
