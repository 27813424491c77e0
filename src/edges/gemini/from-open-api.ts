/** Gemini's schemas (OpenAPI 3.0 with upper-case types, `nullable`, numbers as text) as JSON Schema. */

import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';

const COUNTS: ReadonlySet<string> = new Set([
  ...['maxItems', 'minItems', 'maxLength', 'minLength', 'maxProperties', 'minProperties'],
]);
const MAPS: ReadonlySet<string> = new Set(['properties', 'defs', '$defs']);
const SCHEMAS: ReadonlySet<string> = new Set(['items', 'additionalProperties', 'prefixItems']);
const LISTS: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems']);
const SPELLINGS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ any_of: 'anyOf', one_of: 'oneOf', all_of: 'allOf', property_ordering: 'propertyOrdering' },
    ...{ max_items: 'maxItems', min_items: 'minItems', max_length: 'maxLength', min_length: 'minLength' },
    ...{
      max_properties: 'maxProperties',
      min_properties: 'minProperties',
      additional_properties: 'additionalProperties',
    },
  }),
);

/** Members it does not know stay as they are. */
export function fromOpenApi(schema: JsonObject): JsonObject {
  const out: { [key: string]: unknown } = {};
  for (const [given, value] of Object.entries(schema)) {
    const key = SPELLINGS.get(given) ?? given;
    if (key === 'nullable') continue;
    if (key === 'type') {
      if (value !== 'TYPE_UNSPECIFIED') out.type = typeof value === 'string' ? value.toLowerCase() : value;
    } else if (key === 'example') out.examples = [value];
    else if (COUNTS.has(key)) out[key] = typeof value === 'string' && value !== '' ? Number(value) : value;
    else if (MAPS.has(key) && isObject(value))
      out[key] = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, convert(each)]));
    else if (LISTS.has(key) && Array.isArray(value)) out[key] = value.map(convert);
    else out[key] = SCHEMAS.has(key) ? convert(value) : value;
  }
  return schema.nullable === true ? nullable(out) : out;
}

function convert(value: unknown): unknown {
  return isObject(value) ? fromOpenApi(value) : value;
}

function nullable(schema: { [key: string]: unknown }): JsonObject {
  const { type, enum: values, anyOf } = schema;
  if (Array.isArray(anyOf)) return { ...schema, anyOf: [...anyOf, { type: 'null' }] };
  if (typeof type !== 'string') return schema;
  return {
    ...schema,
    type: [type, 'null'],
    ...(Array.isArray(values) && !values.includes(null) ? { enum: [...values, null] } : {}),
  };
}
