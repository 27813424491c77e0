/** What a tool gives back: the schema of its structured result, from the answers the document describes as good. */

import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { UnsupportedError } from './document-error.ts';
import type { ApiDocument } from './parse-document.ts';
import { isJsonType } from './plan-body.ts';
import type { References } from './references.ts';
import { type Schema, writeSchemas } from './write-schema.ts';

export interface OutputPlan {
  /** Of the structured result: an object, no member of which is required. */
  readonly schema: Schema;
  /** The answer is no object, so it stands under `result`. */
  readonly isWrapped: boolean;
}

/** A schema larger than this costs more than it tells. */
const MAX_SCHEMA_CHARS = 16_384;

export interface PlanOutputDeps {
  readonly references: References;
  readonly dialect: ApiDocument['dialect'];
}

/** Undefined: nothing is promised. */
export function planOutput(deps: PlanOutputDeps, responses: unknown): OutputPlan | undefined {
  try {
    const described = findJsonSchema(deps.references, responses);
    if (described === undefined) return undefined;
    const plan = writeSchemas({ ...deps, purpose: 'output' }, (writer) => {
      const written = writer.write(described);
      const root = written.$ref === undefined ? written : { allOf: [written] };
      const isObjectSchema = describesObject(deps.references, described, 0);
      const schema = isObjectSchema ? { ...root, type: 'object' } : { type: 'object', properties: { result: root } };
      const defs = writer.defs();
      return { schema: defs === undefined ? schema : { ...schema, $defs: defs }, isWrapped: !isObjectSchema };
    });
    return JSON.stringify(plan.schema).length > MAX_SCHEMA_CHARS ? undefined : plan;
  } catch (error) {
    // The call works without.
    if (error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

/** Of the first answer in 2xx that is JSON and has one; `2XX` and `default` come last. */
function findJsonSchema(references: References, responses: unknown): unknown {
  if (!isObject(responses)) return undefined;
  const good = Object.keys(responses).filter((status) => /^2\d\d$/.test(status));
  for (const status of [...good.sort(), '2XX', '2xx', 'default']) {
    const content = Object.hasOwn(responses, status) ? references.follow(responses[status])?.content : undefined;
    for (const [type, media] of Object.entries(isObject(content) ? content : {})) {
      const schema = references.follow(media)?.schema;
      if (isJsonType((type.split(';')[0] ?? '').trim().toLowerCase()) && isObject(schema)) return schema;
    }
    // An error's shape stands often under "default".
    if (good.length > 0 && status === good.at(-1)) return undefined;
  }
  return undefined;
}

function describesObject(references: References, schema: unknown, depth: number): boolean {
  const value: JsonObject | undefined = references.follow(schema);
  if (value === undefined || depth > 8) return false;
  if (value.nullable === true) return false;
  if (value.type !== undefined) return value.type === 'object';
  if (isObject(value.properties)) return true;
  if (Array.isArray(value.allOf)) return value.allOf.some((each) => describesObject(references, each, depth + 1));
  const choices = value.oneOf ?? value.anyOf;
  return (
    Array.isArray(choices) &&
    choices.length > 0 &&
    choices.every((each) => describesObject(references, each, depth + 1))
  );
}
