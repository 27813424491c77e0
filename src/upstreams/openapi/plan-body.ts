/** How the body of an operation is asked for and written: its members as arguments of their own, or whole under one name. */

import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { UnsupportedError } from './document-error.ts';
import type { References } from './references.ts';
import type { Schema, SchemaWriter } from './write-schema.ts';

/** How the members of a form are written. */
export interface FieldPlan {
  readonly contentType: string | undefined;
  readonly style: 'form' | 'spaceDelimited' | 'pipeDelimited' | 'deepObject' | undefined;
  readonly explode: boolean | undefined;
  /** The text is base64 of what is sent. */
  readonly isFile: boolean;
}

export interface BodyPlan {
  readonly mediaType: string;
  readonly kind: 'json' | 'form' | 'multipart' | 'text' | 'base64';
  readonly required: boolean;
  /** Arguments that are members of the body, or the one that is all of it. */
  readonly from:
    | { readonly type: 'members'; readonly names: ReadonlySet<string> }
    | { readonly type: 'whole'; readonly argument: string };
  readonly fields: ReadonlyMap<string, FieldPlan>;
}

export interface PlannedBody {
  readonly plan: BodyPlan;
  readonly properties: readonly [string, Schema][];
  readonly required: readonly string[];
}

/** Keywords of an object whose members can stand beside the parameters without anything being lost. */
const INLINE: ReadonlySet<string> = new Set([
  ...['type', 'properties', 'required', 'description', 'title', 'examples', 'deprecated', 'additionalProperties'],
]);

interface PlanBodyDeps {
  readonly references: References;
  readonly writer: SchemaWriter;
}

/** `taken` are the names of arguments there are already. Undefined: the operation has no body. */
export function planBody(deps: PlanBodyDeps, given: unknown, taken: ReadonlySet<string>): PlannedBody | undefined {
  const body = deps.references.follow(given);
  if (body === undefined) return undefined;
  const chosen = chooseMedia(isObject(body.content) ? body.content : {});
  const required = body.required === true;
  if (chosen === undefined) {
    if (required) throw new UnsupportedError('its body has no media type');
    return undefined;
  }
  const { mediaType, kind } = chosen;
  const media = deps.references.follow(chosen.media) ?? {};
  const fields = kind === 'form' || kind === 'multipart' ? planFields(deps, media) : new Map<string, FieldPlan>();
  const schema =
    kind === 'base64'
      ? describeBase64(mediaType)
      : describeText(kind, deps.writer.write(openRoot(deps.references, media.schema)));
  for (const [name, field] of fields) if (field.isFile) describeFile(schema, name);

  const flat = kind === 'text' || kind === 'base64' ? undefined : flatten(schema);
  const names = Object.keys(flat?.properties ?? {});
  if (flat !== undefined && names.length > 0 && !names.some((name) => taken.has(name))) {
    const plan: BodyPlan = { mediaType, kind, required, fields, from: { type: 'members', names: new Set(names) } };
    // Members of a body that may be left out may be left out all together.
    return { plan, properties: Object.entries(flat.properties), required: required ? flat.required : [] };
  }
  const argument = ['body', 'request_body', 'body_content'].find((name) => !taken.has(name)) ?? 'body_value';
  if (typeof body.description === 'string' && schema.description === undefined)
    schema.description = body.description.slice(0, 1_000);
  return {
    plan: { mediaType, kind, required, fields, from: { type: 'whole', argument } },
    properties: [[argument, schema]],
    required: required ? [argument] : [],
  };
}

/** JSON before forms before the rest, whatever the order in the document. */
function chooseMedia(
  content: JsonObject,
): { readonly mediaType: string; readonly kind: BodyPlan['kind']; readonly media: unknown } | undefined {
  const kinds: readonly (readonly [BodyPlan['kind'], (type: string) => boolean])[] = [
    ['json', isJsonType],
    ['multipart', (type) => type === 'multipart/form-data'],
    ['form', (type) => type === 'application/x-www-form-urlencoded'],
    ['text', (type) => type.startsWith('text/') || /[/+](xml|yaml|x-yaml|x-ndjson|graphql)$/.test(type)],
    ['base64', (type) => !type.startsWith('multipart/')],
  ];
  for (const [kind, fits] of kinds) {
    for (const [mediaType, media] of Object.entries(content)) {
      const type = (mediaType.split(';')[0] ?? '').trim().toLowerCase();
      if (!/^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+$/.test(type) || !fits(type)) continue;
      // A range is no type that can be sent.
      const sent = type === '*/*' || type === 'application/*' ? 'application/json' : type;
      if (!sent.includes('*')) return { mediaType: sent, kind: sent === 'application/json' ? 'json' : kind, media };
      if (kind === 'base64') return { mediaType: 'application/octet-stream', kind, media };
    }
  }
  return undefined;
}

export function isJsonType(type: string): boolean {
  return (
    type === 'application/json' ||
    type === 'text/json' ||
    type.endsWith('+json') ||
    type === '*/*' ||
    type === 'application/*'
  );
}

/** A body that is nothing but a reference is looked into, so that its members can become arguments. */
function openRoot(references: References, schema: unknown): unknown {
  const isPlain = isObject(schema) && Object.keys(schema).length === 1 && schema.$ref !== undefined;
  return isPlain ? references.follow(schema) : schema;
}

function planFields({ references }: PlanBodyDeps, media: JsonObject): Map<string, FieldPlan> {
  const fields = new Map<string, FieldPlan>();
  const encodings = isObject(media.encoding) ? media.encoding : {};
  for (const [name, given] of Object.entries(propertiesOf(references, media.schema, 0))) {
    const schema = references.follow(given) ?? {};
    const one = schema.type === 'array' ? (references.follow(schema.items) ?? {}) : schema;
    const encoding = isObject(encodings[name]) ? encodings[name] : {};
    const contentType =
      typeof encoding.contentType === 'string' ? encoding.contentType.split(',')[0]?.trim() : undefined;
    const isFile =
      one.format === 'binary' ||
      one.format === 'base64' ||
      one.contentEncoding === 'base64' ||
      (one.type === undefined && one.contentMediaType === 'application/octet-stream') ||
      (one.type === 'string' && typeof one.contentMediaType === 'string' && !one.contentMediaType.startsWith('text/'));
    fields.set(name, {
      contentType:
        contentType !== undefined && /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(contentType) ? contentType : undefined,
      style: encoding.style as FieldPlan['style'],
      explode: typeof encoding.explode === 'boolean' ? encoding.explode : undefined,
      isFile,
    });
  }
  return fields;
}

function propertiesOf(references: References, given: unknown, depth: number): JsonObject {
  const schema = references.follow(given) ?? {};
  const parts: readonly unknown[] = Array.isArray(schema.allOf) && depth < 8 ? schema.allOf : [];
  const inherited = parts.map((part) => propertiesOf(references, part, depth + 1));
  return Object.assign({}, ...inherited, isObject(schema.properties) ? schema.properties : {}) as JsonObject;
}

function describeFile(schema: Schema, name: string): void {
  const property = isObject(schema.properties) ? (schema.properties[name] as Schema | undefined) : undefined;
  const one = property?.type === 'array' && isObject(property.items) ? (property.items as Schema) : property;
  if (one === undefined) return;
  delete one.format;
  one.type = 'string';
  one.contentEncoding = 'base64';
  one.description = [one.description, 'Content of the file, as base64.'].filter(Boolean).join(' ');
}

function describeBase64(mediaType: string): Schema {
  return {
    type: 'string',
    contentEncoding: 'base64',
    contentMediaType: mediaType,
    description: 'The body, as base64.',
  };
}

function describeText(kind: BodyPlan['kind'], schema: Schema): Schema {
  // Whatever XML is described as, what can be sent is its text.
  return kind === 'text'
    ? { type: 'string', ...(schema.description ? { description: schema.description } : {}) }
    : schema;
}

/** An object whose members can be arguments of their own: plain, or put together by `allOf` from plain ones. */
function flatten(
  schema: Schema,
): { readonly properties: JsonObject & { [name: string]: Schema }; readonly required: string[] } | undefined {
  const { allOf, ...own } = schema;
  if (Object.keys(own).some((keyword) => !INLINE.has(keyword))) return undefined;
  if (own.type !== undefined && own.type !== 'object') return undefined;
  // Other members are welcome there, which a list of arguments could not say.
  if (own.additionalProperties !== undefined && own.additionalProperties !== false) return undefined;
  const parts = (Array.isArray(allOf) ? allOf : []).map((part: Schema) => flatten(part));
  const properties: { [name: string]: Schema } = {};
  const required = new Set<string>();
  for (const part of [...parts, { properties: own.properties ?? {}, required: own.required ?? [] }]) {
    if (part === undefined) return undefined;
    for (const [name, property] of Object.entries(part.properties as { [name: string]: Schema })) {
      if (Object.hasOwn(properties, name) && JSON.stringify(properties[name]) !== JSON.stringify(property))
        return undefined;
      properties[name] = property;
    }
    for (const name of part.required as readonly string[]) required.add(name);
  }
  // What is required but read-only has been left out.
  return { properties, required: [...required].filter((name) => Object.hasOwn(properties, name)) };
}
