/** From an export of a tool file to a tool that can be listed and called; every mistake gets a sentence. */

import { isObject } from '../../../lib/is-object.ts';
import { type ReadSchema, readSchema } from './read-schema.ts';
import type { ToolContext } from './tool.ts';

export interface LoadedTool {
  readonly name: string;
  /** As `tools/list` gives it. */
  readonly definition: object;
  readonly input: ReadSchema | undefined;
  readonly output: ReadSchema | undefined;
  readonly handler: (args: unknown, context: ToolContext) => unknown;
}

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const FIELDS = ['name', 'title', 'description', 'input', 'output', 'annotations', 'handler'];
const HINTS: { readonly [field: string]: string } = {
  readOnly: 'readOnlyHint',
  idempotent: 'idempotentHint',
  destructive: 'destructiveHint',
  openWorld: 'openWorldHint',
};
const NO_ARGUMENTS = { type: 'object', properties: {}, additionalProperties: false };

/** Whether an export is meant as a tool at all. */
export function looksLikeTool(value: unknown): value is { readonly [field: string]: unknown } {
  return isObject(value) && typeof value.handler === 'function';
}

/** Throws an Error that says what is wrong. */
export function readTool(value: { readonly [field: string]: unknown }, defaultName: string): LoadedTool {
  const { title, description, handler } = value;
  const unknown = Object.keys(value).filter((field) => !FIELDS.includes(field));
  if (unknown.length > 0) throw new Error(`unknown field ${unknown.join(', ')}; there are ${FIELDS.join(', ')}`);
  const name = value.name ?? defaultName;
  if (typeof name !== 'string' || !NAME.test(name))
    throw new Error(`${JSON.stringify(name)} is no name for a tool: letters, digits, "_", "-" and ".", at most 64`);
  if (typeof description !== 'string' || description.trim() === '') throw new Error('description is missing');
  if (title !== undefined && typeof title !== 'string') throw new Error('title is no text');
  if (typeof handler !== 'function') throw new Error('handler is no function');
  const input = readSchema(value.input ?? NO_ARGUMENTS, 'input');
  const output = value.output === undefined ? undefined : readSchema(value.output, 'output');
  const annotations = readAnnotations(value.annotations);
  return {
    name,
    definition: {
      name,
      ...(title === undefined ? {} : { title }),
      description,
      inputSchema: input.json,
      ...(output === undefined ? {} : { outputSchema: output.json }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    input,
    output,
    // Through `value`, so that handlers may use `this`.
    handler: (args, context) => handler.call(value, args, context),
  };
}

function readAnnotations(value: unknown): { readonly [hint: string]: boolean } | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) throw new Error('annotations is no object');
  const hints: { [hint: string]: boolean } = {};
  for (const [field, content] of Object.entries(value)) {
    const hint = Object.hasOwn(HINTS, field) ? HINTS[field] : undefined;
    if (hint === undefined) throw new Error(`unknown annotation ${field}; there are ${Object.keys(HINTS).join(', ')}`);
    if (typeof content !== 'boolean') throw new Error(`annotation ${field} is neither true nor false`);
    hints[hint] = content;
  }
  return hints;
}
