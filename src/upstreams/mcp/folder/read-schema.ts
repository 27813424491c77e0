/** From what a tool file gives as a schema (zod, another Standard Schema, or JSON Schema) to its JSON Schema and a check. */

import { z } from 'zod';
import { isObject } from '../../../lib/is-object.ts';

export type Checked = { readonly value: unknown } | { readonly issues: string };

export interface ReadSchema {
  readonly json: { readonly [keyword: string]: unknown };
  readonly check: (value: unknown) => Promise<Checked> | Checked;
}

const MAX_ISSUES = 5;
const TARGET = 'draft-2020-12';

interface StandardProps {
  readonly validate: (value: unknown) => unknown;
  readonly jsonSchema?: { readonly [side in 'input' | 'output']?: (options: { target: string }) => unknown };
}

/** Throws an Error that says what is wrong with the schema. */
export function readSchema(schema: unknown, side: 'input' | 'output'): ReadSchema {
  if (typeof schema !== 'object' || schema === null) throw new Error(`${side} is no schema`);
  const standard = '~standard' in schema ? schema['~standard'] : undefined;
  const read = isObject(standard) ? readStandard(schema, standard as unknown as StandardProps, side) : readJson(schema);
  if (read.json.type !== 'object')
    throw new Error(`${side} must describe an object: z.object({…}) or "type": "object"`);
  return read;
}

function readStandard(schema: object, standard: StandardProps, side: 'input' | 'output'): ReadSchema {
  const convert = standard.jsonSchema?.[side];
  const json = convert !== undefined ? convert({ target: TARGET }) : convertZod(schema, side);
  if (!isObject(json)) throw new Error(`${side} gives no JSON Schema of itself; use zod 4 or JSON Schema`);
  const judge = (result: unknown): Checked => {
    const { issues, value } = result as { issues?: readonly Issue[]; value?: unknown };
    return issues === undefined ? { value } : { issues: renderIssues(issues) };
  };
  return {
    json,
    check(value) {
      const result = standard.validate(value);
      return result instanceof Promise ? result.then(judge) : judge(result);
    },
  };
}

function convertZod(schema: object, side: 'input' | 'output'): unknown {
  return '_zod' in schema ? z.toJSONSchema(schema as z.ZodType, { io: side }) : undefined;
}

function readJson(schema: object): ReadSchema {
  // Throws where it cannot check what a keyword asks for: better no tool than one whose schema only looks strict.
  const zod = z.fromJSONSchema(withRequired(schema, 0) as Parameters<typeof z.fromJSONSchema>[0]);
  return { json: { ...schema }, check: readStandard(zod, zod['~standard'], 'input').check };
}

/** zod asks only for those required properties that are described as well. */
function withRequired(schema: unknown, depth: number): unknown {
  if (depth > 64) throw new Error('the schema is nested too deeply');
  if (Array.isArray(schema)) return schema.map((each) => withRequired(each, depth + 1));
  if (!isObject(schema)) return schema;
  const copy: { [keyword: string]: unknown } = {};
  for (const [key, value] of Object.entries(schema))
    copy[key] = key === 'enum' || key === 'const' || key === 'default' ? value : withRequired(value, depth + 1);
  if (schema.type === 'object' && Array.isArray(schema.required)) {
    const properties = isObject(copy.properties) ? copy.properties : {};
    const missing = schema.required.filter((name) => typeof name === 'string' && !Object.hasOwn(properties, name));
    // Inside one that allows nothing else, a required property without a description can never be given.
    if (missing.length > 0 && schema.additionalProperties !== false)
      copy.properties = {
        ...properties,
        ...Object.fromEntries(missing.map((name) => [name, restOf(copy)])),
      };
  }
  return copy;
}

const restOf = (schema: { readonly [keyword: string]: unknown }): unknown =>
  isObject(schema.additionalProperties) ? schema.additionalProperties : {};

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[];
}

function renderIssues(issues: readonly Issue[]): string {
  const lines = issues.slice(0, MAX_ISSUES).map(({ path, message }) => {
    const at = (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return at === '' ? message : `${at}: ${message}`;
  });
  if (issues.length > MAX_ISSUES) lines.push(`and ${issues.length - MAX_ISSUES} more`);
  return lines.join('; ');
}
