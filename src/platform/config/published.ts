/** The configuration's shape for others: JSON Schema for editors, from the same source the validation uses. */

import { z } from 'zod';
import { ConfigFile } from './schema.ts';

export interface JsonSchema {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly required?: readonly string[];
  readonly properties?: { readonly [name: string]: JsonSchema };
  readonly additionalProperties?: JsonSchema | boolean;
  readonly $ref?: string;
  readonly definitions?: { readonly [name: string]: JsonSchema };
}

/** The bare schema, draft 7: the draft that editors understand best. */
export function describeConfigFile(): JsonSchema {
  return z.toJSONSchema(ConfigFile, { target: 'draft-7', io: 'input' }) as JsonSchema;
}

/** What is published: the bare schema, with references allowed where no text is expected. */
export function configJsonSchema(): JsonSchema {
  return allowReferences(describeConfigFile());
}

const REFERENCE: JsonSchema = { type: 'string', pattern: '^\\$\\{(env|file|vault|aws|gcp|azure):.+\\}$' };

function allowReferences(schema: JsonSchema): JsonSchema {
  const { type, minimum, maximum, enum: values, ...rest } = schema;
  if (type === 'integer' || type === 'number' || type === 'boolean' || values !== undefined) {
    const own = { type, minimum, maximum, enum: values };
    const kept = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
    return { ...rest, anyOf: [kept, REFERENCE] };
  }
  const each = (schemas: { readonly [name: string]: JsonSchema }) =>
    Object.fromEntries(Object.entries(schemas).map(([name, inner]) => [name, allowReferences(inner)]));
  return {
    ...schema,
    ...(schema.items && { items: allowReferences(schema.items) }),
    ...(schema.properties && { properties: each(schema.properties) }),
    ...(schema.definitions && { definitions: each(schema.definitions) }),
    ...(typeof schema.additionalProperties === 'object' && {
      additionalProperties: allowReferences(schema.additionalProperties),
    }),
  };
}
