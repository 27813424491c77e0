/** A tool as scripts and models see it: a method of its server, its parameters, what it gives. */

import type { JsonText } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { readSchema } from './read-schema.ts';
import { memberNames } from './script-names.ts';
import type { Shape } from './shape.ts';

export interface ToolParameter {
  /** As a script writes it. */
  readonly name: string;
  /** As the server knows it. */
  readonly wire: string;
  readonly shape: Shape;
  readonly optional: boolean;
  readonly description: string;
  /** As JSON; undefined: none is told. */
  readonly fallback: string | undefined;
}

export interface ToolFace {
  readonly namespace: string;
  readonly method: string;
  readonly title: string;
  readonly description: string;
  /** Required ones first, each in the order of the schema. */
  readonly parameters: readonly ToolParameter[];
  /** Undefined: the tool does not say. */
  readonly result: Shape | undefined;
  readonly readOnly: boolean;
  readonly destructive: boolean;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** `definition`: the tool as its server wrote it. What it does not say, or says badly, is left out. */
export function readToolFace(definition: JsonText, namespace: string, method: string): ToolFace {
  const given: unknown = JSON.parse(definition);
  const tool = isObject(given) ? given : {};
  const input = isObject(tool.inputSchema) ? tool.inputSchema : {};
  const hints = isObject(tool.annotations) ? tool.annotations : {};
  const output = isObject(tool.outputSchema) ? tool.outputSchema : undefined;
  return {
    ...{ namespace, method, title: textOf(tool.title) || textOf(hints.title), description: textOf(tool.description) },
    parameters: parametersOf(input),
    result: output && readSchema(output),
    readOnly: hints.readOnlyHint === true,
    destructive: hints.readOnlyHint !== true && hints.destructiveHint === true,
  };
}

function parametersOf(input: { readonly [keyword: string]: unknown }): readonly ToolParameter[] {
  const properties = isObject(input.properties) ? input.properties : {};
  const required = new Set(Array.isArray(input.required) ? input.required : []);
  const names = memberNames(Object.keys(properties));
  const parameters = Object.entries(properties).map(([wire, schema]) => {
    const of = isObject(schema) ? schema : {};
    return {
      ...{ name: names.get(wire) ?? wire, wire, shape: readSchema(schema, input), optional: !required.has(wire) },
      ...{
        description: textOf(of.description),
        fallback: of.default === undefined ? undefined : JSON.stringify(of.default),
      },
    };
  });
  return [...parameters.filter(({ optional }) => !optional), ...parameters.filter(({ optional }) => optional)];
}
