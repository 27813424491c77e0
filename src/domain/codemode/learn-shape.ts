/** Shapes learnt from results: keys and types, and nothing of what stood there. */

import { ANY, type Shape, type ShapeMember, unionOf } from './shape.ts';

const MAX_DEPTH = 5;
const MAX_MEMBERS = 40;
/** Of a list: the first ones tell. */
const MAX_ITEMS = 50;
const MAX_KEY_CHARS = 64;
/** Keys of this sort are data: ids, dates, addresses. */
const DATA_KEY = /^\d|[0-9a-f]{12}|@|:\/\/|\s|^.{65}/i;
const MAX_ALTERNATIVES = 4;

/** `value`: parsed JSON. */
export function shapeOf(value: unknown, depth = 0): Shape {
  if (value === null) return { type: 'none' };
  if (depth > MAX_DEPTH) return ANY;
  switch (typeof value) {
    case 'string':
      return { type: 'str' };
    case 'number':
      return { type: Number.isInteger(value) ? 'int' : 'float' };
    case 'boolean':
      return { type: 'bool' };
    case 'object':
      break;
    default:
      return ANY;
  }
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ITEMS).map((item) => shapeOf(item, depth + 1));
    return { type: 'list', of: items.length === 0 ? ANY : items.reduce(mergeShapes) };
  }
  const entries = Object.entries(value ?? {});
  const isMap =
    entries.length > MAX_MEMBERS || entries.some(([key]) => DATA_KEY.test(key) || key.length > MAX_KEY_CHARS);
  if (isMap || entries.length === 0) {
    const shapes = entries.slice(0, MAX_ITEMS).map(([, item]) => shapeOf(item, depth + 1));
    return { type: 'map', of: shapes.length === 0 ? ANY : shapes.reduce(mergeShapes) };
  }
  const members = entries.map(([name, item]) => ({ name, shape: shapeOf(item, depth + 1), optional: false }));
  return { type: 'object', members: byName(members) };
}

const byName = (members: readonly ShapeMember[]): readonly ShapeMember[] =>
  members.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** What holds for both. The order of merging does not matter. */
export function mergeShapes(a: Shape, b: Shape): Shape {
  const all = [...alternatives(a), ...alternatives(b)];
  // A list or map that was empty said nothing of what it holds.
  if (all.some(({ type }) => type === 'any')) return ANY;
  const lists = all.filter((shape) => shape.type === 'list');
  const maps = all.filter((shape) => shape.type === 'map');
  const objects = all.filter((shape) => shape.type === 'object');
  const simple = all.filter(({ type }) => type !== 'list' && type !== 'map' && type !== 'object');
  const numbers = simple.some(({ type }) => type === 'float') ? simple.filter(({ type }) => type !== 'int') : simple;
  const merged = [
    ...numbers,
    ...(lists.length === 0 ? [] : [{ type: 'list', of: mergeInner(lists.map(({ of }) => of)) } as const]),
    ...keyed(objects, maps),
  ];
  const sorted = [...new Map(merged.map((shape) => [JSON.stringify(shape), shape])).values()].sort(compare);
  return sorted.length > MAX_ALTERNATIVES ? ANY : unionOf(sorted);
}

const alternatives = (shape: Shape): readonly Shape[] => (shape.type === 'union' ? shape.of : [shape]);
const compare = (a: Shape, b: Shape): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** `any` of something empty gives way. */
function mergeInner(shapes: readonly Shape[]): Shape {
  const told = shapes.filter(({ type }) => type !== 'any');
  return told.length === 0 ? ANY : told.reduce(mergeShapes);
}

/** Once keys were data, they are. */
function keyed(
  objects: readonly Extract<Shape, { type: 'object' }>[],
  maps: readonly Extract<Shape, { type: 'map' }>[],
): readonly Shape[] {
  const full = maps.filter(({ of }) => of.type !== 'any');
  if (objects.length === 0) return maps.length === 0 ? [] : [{ type: 'map', of: mergeInner(maps.map(({ of }) => of)) }];
  const names = [...new Set(objects.flatMap(({ members }) => members.map(({ name }) => name)))].sort();
  if (full.length > 0 || names.length > MAX_MEMBERS) {
    const inner = [...objects.flatMap(({ members }) => members.map(({ shape }) => shape)), ...full.map(({ of }) => of)];
    return [{ type: 'map', of: mergeInner(inner) }];
  }
  const members = names.map((name) => {
    const found = objects.flatMap((each) => each.members.filter((member) => member.name === name));
    const optional = found.length < objects.length + maps.length || found.some((member) => member.optional);
    return { name, shape: mergeInner(found.map(({ shape }) => shape)), optional };
  });
  return [{ type: 'object', members }];
}
