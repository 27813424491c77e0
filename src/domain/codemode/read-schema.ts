/** JSON Schema as a shape. Whatever a schema holds, this ends, and gives `any` where it cannot tell. */

import { isObject } from '../../lib/is-object.ts';
import { ANY, type Shape, unionOf } from './shape.ts';

type Schema = { readonly [keyword: string]: unknown };

const MAX_DEPTH = 6;
/** Of one schema: one that refers to itself in many places would grow without end. */
const MAX_NODES = 600;
const MAX_MEMBERS = 60;
const MAX_LITERALS = 40;
const MAX_ALTERNATIVES = 12;

/** `root` holds what `$ref` points into; by default the schema itself. */
export function readSchema(schema: unknown, root: unknown = schema): Shape {
  let left = MAX_NODES;

  const follow = (ref: unknown): unknown => {
    if (typeof ref !== 'string' || !ref.startsWith('#')) return undefined;
    const path = ref.slice(1).split('/').slice(1);
    return path.reduce<unknown>((at, part) => {
      const name = decodeURIComponentSafe(part).replaceAll('~1', '/').replaceAll('~0', '~');
      return isObject(at) && Object.hasOwn(at, name) ? at[name] : Array.isArray(at) ? at[Number(name)] : undefined;
    }, root);
  };

  const members = (of: Schema, depth: number): Shape => {
    const properties = isObject(of.properties) ? of.properties : {};
    const required = new Set(Array.isArray(of.required) ? of.required : []);
    const names = Object.keys(properties).slice(0, MAX_MEMBERS);
    if (names.length === 0) {
      const rest = of.additionalProperties;
      return { type: 'map', of: isObject(rest) ? read(rest, depth + 1) : ANY };
    }
    return {
      type: 'object',
      members: names.map((name) => ({
        ...{ name, shape: read(properties[name], depth + 1), optional: !required.has(name) },
      })),
    };
  };

  const merged = ({ allOf, ...own }: Schema): Schema => {
    const all: { [keyword: string]: unknown } = { ...own };
    const properties: { [name: string]: unknown } = { ...asObject(own.properties) };
    const required = [...asList(own.required)];
    for (const part of asList(allOf).filter(isObject)) {
      const { $ref, ...rest } = part;
      const whole: Schema = $ref === undefined ? part : { ...asObject(follow($ref)), ...rest };
      Object.assign(all, whole);
      Object.assign(properties, asObject(whole.properties));
      required.push(...asList(whole.required));
    }
    return { ...all, required, ...(Object.keys(properties).length > 0 && { properties }) };
  };

  const ofType = (type: unknown, of: Schema, depth: number): Shape => {
    switch (type) {
      case 'string':
        return { type: 'str' };
      case 'integer':
        return { type: 'int' };
      case 'number':
        return { type: 'float' };
      case 'boolean':
        return { type: 'bool' };
      case 'null':
        return { type: 'none' };
      case 'array': {
        const items = Array.isArray(of.items) ? undefined : of.items;
        return { type: 'list', of: items === undefined ? ANY : read(items, depth + 1) };
      }
      case 'object':
        return members(of, depth);
      default:
        return ANY;
    }
  };

  function read(given: unknown, depth: number): Shape {
    if (--left < 0 || depth > MAX_DEPTH || !isObject(given)) return ANY;
    if (given.$ref !== undefined) {
      const { $ref, ...own } = given;
      const target = follow($ref);
      return isObject(target) ? read({ ...target, ...own }, depth + 1) : ANY;
    }
    const of = given.allOf === undefined ? given : merged(given);
    const literals = of.const === undefined ? of.enum : [of.const];
    if (Array.isArray(literals)) return literalsOf(literals);
    const either = [of.anyOf, of.oneOf].find(Array.isArray);
    if (either !== undefined && of.properties === undefined) {
      const shapes = either.slice(0, MAX_ALTERNATIVES).map((each) => read(withType(each, of), depth + 1));
      return unionOf(shapes);
    }
    if (Array.isArray(of.type))
      return unionOf(of.type.slice(0, MAX_ALTERNATIVES).map((type) => ofType(type, of, depth)));
    const type = of.type ?? (of.properties === undefined ? (of.items === undefined ? undefined : 'array') : 'object');
    const shape = ofType(type, of, depth);
    return of.nullable === true ? unionOf([shape, { type: 'none' }]) : shape;
  }
  return read(schema, 0);
}

/** `{"type":"object","anyOf":[{"required":["a"]}]}`: alternatives that only add to what stands beside them. */
function withType(each: unknown, of: Schema): unknown {
  return isObject(each) && each.type === undefined && each.$ref === undefined && of.type !== undefined
    ? { type: of.type, items: of.items, ...each }
    : each;
}

function literalsOf(values: readonly unknown[]): Shape {
  const simple = values.filter(
    (value): value is string | number | boolean =>
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean',
  );
  const others = values.filter((value) => typeof value === 'object');
  const hasNull = others.includes(null);
  if (simple.length === 0) return hasNull ? { type: 'none' } : ANY;
  const shape: Shape = simple.length > MAX_LITERALS ? widened(simple) : { type: 'literal', values: simple };
  if (others.some((value) => value !== null)) return ANY;
  return hasNull ? unionOf([shape, { type: 'none' }]) : shape;
}

function widened(values: readonly (string | number | boolean)[]): Shape {
  if (values.every((value) => typeof value === 'string')) return { type: 'str' };
  return values.every((value) => typeof value === 'number') ? { type: 'float' } : ANY;
}

const asObject = (value: unknown): Schema | undefined => (isObject(value) ? value : undefined);
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function decodeURIComponentSafe(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
