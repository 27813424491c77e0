/** Values that a zod schema accepts, mostly, and ways to spoil them: for fuzzing what is declared by schemas. */

import fc from 'fast-check';
import { z } from 'zod';

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: { readonly [name: string]: JsonSchema };
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly propertyNames?: JsonSchema;
}

const ANY = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 1.5, 1e21, '', 'x', '*', '\u0000', '\ud800', '💥', 'ﷺ'.repeat(50), [], {}, [[]]),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Values that texts in members of these names take mostly, since they have to name what there is. */
export interface KnownWords {
  readonly [member: string]: readonly string[];
}

/** How often something else stands where a word is known. */
const ODD_WORDS = 1;
const KNOWN_WORDS = 6;

/** `onlyKnown`: where words are known, nothing else. */
export function arbitraryOf(
  schema: z.ZodType,
  words: KnownWords,
  { onlyKnown = false }: { readonly onlyKnown?: boolean } = {},
): fc.Arbitrary<unknown> {
  const text: TextOf = (each, member) => textOf(each, words[member] ?? [], onlyKnown ? 0 : ODD_WORDS);
  return fromJson(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema, text, '');
}

type TextOf = (schema: JsonSchema, member: string) => fc.Arbitrary<string>;

function fromJson(schema: JsonSchema, text: TextOf, member: string): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((each) => fromJson(each, text, member)));
  switch (schema.type) {
    case 'string':
      return text(schema, member);
    case 'integer':
      return fc.oneof(
        fc.integer({ min: lowest(schema), max: Math.min(schema.maximum ?? Infinity, lowest(schema) + 1_000) }),
        fc.maxSafeInteger().map((each) => Math.min(Math.max(Math.abs(each), lowest(schema)), schema.maximum ?? each)),
      );
    case 'number':
      return fc.double({ min: lowest(schema), max: schema.maximum ?? 1_000, minExcluded: true, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(fromJson(schema.items ?? {}, text, member), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 3, 3),
      });
    case 'object':
      return objectOf(schema, text);
    default:
      return ANY;
  }
}

const lowest = ({ minimum, exclusiveMinimum }: JsonSchema): number =>
  Math.max(minimum ?? exclusiveMinimum ?? 0, -(2 ** 31));

function textOf(
  { pattern, minLength = 0, maxLength = 20 }: JsonSchema,
  known: readonly string[],
  oddWeight: number,
): fc.Arbitrary<string> {
  const plain =
    pattern === undefined
      ? fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, 20)) })
      : fc.stringMatching(new RegExp(pattern));
  if (known.length === 0) return plain;
  const word = fc.constantFrom(...known);
  return fc.oneof({ weight: oddWeight, arbitrary: plain }, { weight: KNOWN_WORDS, arbitrary: word });
}

function objectOf({ properties = {}, required = [], ...schema }: JsonSchema, text: TextOf) {
  const known = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, fromJson(each, text, name)])),
    { requiredKeys: [...required] },
  );
  if (typeof schema.additionalProperties !== 'object') return known;
  const names = text(schema.propertyNames ?? { minLength: 1 }, '');
  return fc.dictionary(names, fromJson(schema.additionalProperties, text, ''), { maxKeys: 3 });
}

/** Another value, which differs somewhere: of another type, odd, or left out. */
export function spoilt(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(value, fc.nat(), ANY, fc.boolean()).map(([made, where, odd, leavesOut]) => {
    const places = placesOf(made);
    const place = places[where % places.length] ?? [];
    return replaceAt(made, place, leavesOut ? undefined : odd);
  });
}

/** With a member that no schema knows, in one of its objects that have fixed members; undefined: there is none such. */
export function addUnknown(schema: z.ZodType, value: unknown, where: number): unknown {
  const places = closedObjects(
    z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema,
    value,
    [],
  );
  const place = places[where % Math.max(places.length, 1)];
  return place === undefined ? undefined : replaceAt(value, [...place, 'zzUnknown'], 1);
}

function closedObjects(schema: JsonSchema, value: unknown, path: readonly string[]): readonly (readonly string[])[] {
  if (Array.isArray(value))
    return value.flatMap((each, i) => closedObjects(schema.items ?? {}, each, [...path, String(i)]));
  if (typeof value !== 'object' || value === null) return [];
  const own = schema.additionalProperties === false ? [path] : [];
  const below = Object.entries(value).flatMap(([name, each]) => {
    const next = schema.properties?.[name] ?? schema.additionalProperties;
    return typeof next === 'object' ? closedObjects(next, each, [...path, name]) : [];
  });
  return [...own, ...below];
}

function placesOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, each]) => placesOf(each, [...path, name]))];
}

/** `undefined` takes it out. */
function replaceAt(value: unknown, path: readonly string[], by: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return by;
  if (Array.isArray(value)) return value.map((each, i) => (String(i) === step ? replaceAt(each, rest, by) : each));
  const object = value as { readonly [name: string]: unknown };
  return { ...object, [step]: replaceAt(object[step], rest, by) };
}
