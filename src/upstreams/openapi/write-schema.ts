/** From the schemas of a document to JSON Schema 2020-12 that stands on its own: references resolved, circles in `$defs`. */

import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { UnsupportedError } from './document-error.ts';
import type { ApiDocument } from './parse-document.ts';
import type { References } from './references.ts';

/** Models and clients cope better with schemas written out; beyond this many parts, `$defs` keep them small. */
const MAX_INLINE_PARTS = 600;
/** Beyond this, what is left of an input becomes "anything"; an output is then not promised at all. */
const MAX_PARTS = 1_000;
const MAX_INLINE_REFS = 12;
const MAX_TEXT_CHARS = 1_000;
const MAX_EXAMPLE_CHARS = 200;

const TYPES: ReadonlySet<unknown> = new Set(['string', 'number', 'integer', 'boolean', 'array', 'object', 'null']);
/** Keywords taken as they are, by what their value must be. */
const PLAIN: { readonly [keyword: string]: 'string' | 'number' | 'boolean' | 'any' } = {
  format: 'string',
  pattern: 'string',
  contentEncoding: 'string',
  contentMediaType: 'string',
  minimum: 'number',
  maximum: 'number',
  exclusiveMinimum: 'number',
  exclusiveMaximum: 'number',
  multipleOf: 'number',
  minLength: 'number',
  maxLength: 'number',
  minItems: 'number',
  maxItems: 'number',
  minProperties: 'number',
  maxProperties: 'number',
  uniqueItems: 'boolean',
  deprecated: 'boolean',
  default: 'any',
  const: 'any',
};
/** What is kept in the schema of an answer: only what `fitToSchema` can hold an answer to. */
const OUTPUT_PLAIN: ReadonlySet<string> = new Set(['const', 'deprecated']);
const ANNOTATIONS: ReadonlySet<string> = new Set(['$ref', 'description', 'title', 'summary', 'example', 'examples']);

export type Schema = { [keyword: string]: unknown };

export interface SchemaWriterOptions {
  readonly references: References;
  readonly dialect: ApiDocument['dialect'];
  /** Inputs leave out `readOnly` properties, outputs `writeOnly` ones and every rule an answer is not held to. */
  readonly purpose: 'input' | 'output';
  /** Every reference goes to `$defs`. */
  readonly compact: boolean;
}

export interface SchemaWriter {
  /** A fresh object. Throws UnsupportedError for references that cannot be followed, TooLargeError unless compact. */
  write(schema: unknown): Schema;
  /** What the written schemas refer to; undefined if nothing. */
  defs(): Schema | undefined;
}

export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

/** Runs `build` with schemas written out, or with `$defs` if that gets too large. */
export function writeSchemas<T>(options: Omit<SchemaWriterOptions, 'compact'>, build: (writer: SchemaWriter) => T): T {
  try {
    return build(createSchemaWriter({ ...options, compact: false }));
  } catch (error) {
    if (!(error instanceof TooLargeError)) throw error;
    return build(createSchemaWriter({ ...options, compact: true }));
  }
}

export function createSchemaWriter(options: SchemaWriterOptions): SchemaWriter {
  const { references, compact } = options;
  const isOutput = options.purpose === 'output';
  const is30 = options.dialect === '3.0';
  const hidden = isOutput ? 'writeOnly' : 'readOnly';
  const names = new Map<string, string>();
  const defs: Schema = {};
  let parts = 0;

  const write = (value: unknown, trail: readonly string[]): Schema => {
    if (value === false) return { not: {} };
    if (!isObject(value)) return {};
    parts++;
    if (!compact && parts > MAX_INLINE_PARTS) throw new TooLargeError();
    if (parts > MAX_PARTS) {
      if (isOutput) throw new UnsupportedError('its answer is too large to describe');
      return {};
    }
    return typeof value.$ref === 'string' ? writeReference(value, value.$ref, trail) : writeKeywords(value, trail);
  };

  const writeReference = (value: JsonObject, ref: string, trail: readonly string[]): Schema => {
    const target = references.find(ref);
    const isCircle = trail.includes(ref);
    const isDefined = compact || isCircle || names.has(ref) || trail.length >= MAX_INLINE_REFS;
    const written: Schema = isDefined ? { $ref: `#/$defs/${define(ref, target)}` } : write(target, [...trail, ref]);
    const rest = Object.keys(value).filter((keyword) => !ANNOTATIONS.has(keyword));
    // 3.0: what stands beside a reference is ignored; descriptions there are common and harmless.
    const own = is30 || rest.length === 0 ? annotationsOf(value) : writeKeywords({ ...value, $ref: undefined }, trail);
    const isOnlyWords = Object.keys(own).every((keyword) => ANNOTATIONS.has(keyword));
    return isOnlyWords ? { ...written, ...own } : { ...own, allOf: [written, ...((own.allOf as unknown[]) ?? [])] };
  };

  const define = (ref: string, target: unknown): string => {
    const known = names.get(ref);
    if (known !== undefined) return known;
    const base = (ref.split('/').at(-1) ?? '').replace(/[^A-Za-z0-9_-]+/g, '_') || 'schema';
    let name = base;
    for (let count = 2; Object.hasOwn(defs, name); count++) name = `${base}_${count}`;
    names.set(ref, name);
    defs[name] = {};
    defs[name] = write(target, [ref]);
    return name;
  };

  const writeKeywords = (value: JsonObject, trail: readonly string[]): Schema => {
    const out: Schema = { ...writeType(value), ...annotationsOf(value) };
    const sub = (each: unknown): Schema => write(each, trail);
    for (const [keyword, kind] of Object.entries(PLAIN)) {
      const content = value[keyword];
      if (content === undefined || (kind !== 'any' && typeof content !== kind)) continue;
      if (!isOutput || OUTPUT_PLAIN.has(keyword)) out[keyword] = content;
    }
    if (Array.isArray(value.enum))
      out.enum = isNullable(value) && !value.enum.includes(null) ? [...value.enum, null] : value.enum;
    if (is30 && !isOutput) fixExclusive(value, out);
    if (isObject(value.items) || value.items === false) out.items = sub(value.items);
    if (isObject(value.additionalProperties)) out.additionalProperties = sub(value.additionalProperties);
    else if (typeof value.additionalProperties === 'boolean' && !isOutput)
      out.additionalProperties = value.additionalProperties;
    for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
      const list = value[keyword];
      if (!Array.isArray(list) || list.length === 0) continue;
      // An answer without its required members may fit several.
      out[isOutput && keyword === 'oneOf' && out.anyOf === undefined ? 'anyOf' : keyword] = list.map(sub);
    }
    if (isObject(value.properties)) out.properties = writeProperties(value.properties, sub);
    if (isOutput) {
      delete out.oneOf;
      return out;
    }
    if (Array.isArray(value.required)) {
      const required = value.required.filter((name) => typeof name === 'string' && !isHidden(value.properties, name));
      if (required.length > 0) out.required = required;
    }
    for (const keyword of ['not', 'contains', 'propertyNames'])
      if (isObject(value[keyword])) out[keyword] = sub(value[keyword]);
    if (isObject(value.patternProperties)) out.patternProperties = writeProperties(value.patternProperties, sub);
    if (Array.isArray(value.prefixItems)) out.prefixItems = value.prefixItems.map(sub);
    if (isObject(value.dependentRequired)) out.dependentRequired = value.dependentRequired;
    return withNull(value, out);
  };

  const writeProperties = (properties: JsonObject, sub: (value: unknown) => Schema): Schema =>
    Object.fromEntries(
      Object.entries(properties)
        .filter(([name]) => name !== '__proto__' && !isHidden(properties, name))
        .map(([name, schema]) => [name, sub(schema)]),
    );

  const isHidden = (properties: unknown, name: string): boolean => {
    if (!isObject(properties) || !Object.hasOwn(properties, name)) return false;
    const schema = properties[name];
    return isObject(schema) && (schema[hidden] === true || references.follow(schema)?.[hidden] === true);
  };

  const isNullable = (value: JsonObject): boolean => is30 && value.nullable === true;

  const writeType = (value: JsonObject): Schema => {
    const given = Array.isArray(value.type) ? value.type : [value.type];
    const types = given.filter((type) => TYPES.has(type));
    if (types.length > 0 && isNullable(value) && !types.includes('null')) types.push('null');
    if (types.length === 0) return {};
    return { type: types.length === 1 ? types[0] : types };
  };

  /** `nullable` beside `allOf` and its like, without a type of its own. */
  const withNull = (value: JsonObject, out: Schema): Schema =>
    isNullable(value) && out.type === undefined && (out.allOf ?? out.anyOf ?? out.oneOf) !== undefined
      ? { anyOf: [out, { type: 'null' }] }
      : out;

  return {
    write: (schema) => write(schema, []),
    defs: () => (Object.keys(defs).length === 0 ? undefined : defs),
  };
}

function annotationsOf(value: JsonObject): Schema {
  const out: Schema = {};
  for (const keyword of ['title', 'description'])
    if (typeof value[keyword] === 'string') out[keyword] = value[keyword].slice(0, MAX_TEXT_CHARS);
  const examples = Array.isArray(value.examples) ? value.examples : value.example === undefined ? [] : [value.example];
  const short = examples.slice(0, 3).filter((each) => (JSON.stringify(each)?.length ?? 0) <= MAX_EXAMPLE_CHARS);
  if (short.length > 0) out.examples = short;
  return out;
}

/** 3.0 has draft 4's `exclusiveMinimum: true` beside `minimum`. */
function fixExclusive(value: JsonObject, out: Schema): void {
  for (const [limit, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (value[exclusive] !== true || typeof value[limit] !== 'number') continue;
    out[exclusive] = value[limit];
    delete out[limit];
  }
}
