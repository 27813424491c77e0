/** What a tool takes: the parameters and the body of an operation joined into one set of arguments, each knowing its way out. */

import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { UnsupportedError } from './document-error.ts';
import type { Operation } from './list-operations.ts';
import { type BodyPlan, planBody } from './plan-body.ts';
import type { References } from './references.ts';
import type { Schema, SchemaWriter } from './write-schema.ts';

export type ParameterPlace = 'path' | 'query' | 'header' | 'cookie';
export type ParameterStyle =
  | 'simple'
  | 'label'
  | 'matrix'
  | 'form'
  | 'spaceDelimited'
  | 'pipeDelimited'
  | 'deepObject'
  /** One value, as JSON text: parameters described by `content`. */
  | 'json';

export interface ParameterPlan {
  /** Name of the argument. */
  readonly argument: string;
  readonly place: ParameterPlace;
  /** Name on the wire. */
  readonly name: string;
  readonly required: boolean;
  readonly style: ParameterStyle;
  readonly explode: boolean;
  readonly allowReserved: boolean;
}

export interface InputPlan {
  readonly parameters: readonly ParameterPlan[];
  readonly body: BodyPlan | undefined;
  readonly inputSchema: Schema;
}

/** What the configuration sends itself, in lower case where case does not count: no argument may stand in its place. */
export interface ReservedNames {
  readonly headers: ReadonlySet<string>;
  readonly query: ReadonlySet<string>;
  readonly cookies: ReadonlySet<string>;
}

/** OpenAPI says that parameters of the first three names are to be ignored; the others belong to the connection or to us. */
const NEVER_HEADERS: ReadonlySet<string> = new Set([
  ...['accept', 'content-type', 'authorization'],
  ...['connection', 'content-encoding', 'content-length', 'cookie', 'expect', 'forwarded', 'host', 'keep-alive', 'te'],
  ...['proxy-authorization', 'proxy-connection', 'trailer', 'transfer-encoding', 'upgrade'],
]);
const DEFAULT_STYLES: { readonly [place in ParameterPlace]: ParameterStyle } = {
  path: 'simple',
  query: 'form',
  header: 'simple',
  cookie: 'form',
};
const STYLES: { readonly [place in ParameterPlace]: readonly ParameterStyle[] } = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form'],
};
const MAX_PARAMETERS = 200;

export interface PlanInputsDeps {
  readonly references: References;
  readonly writer: SchemaWriter;
  readonly reserved: ReservedNames;
}

/** Throws UnsupportedError. */
export function planInputs(deps: PlanInputsDeps, operation: Operation): InputPlan {
  const given = findParameters(deps, operation);
  const properties: [string, Schema][] = [];
  const required: string[] = [];
  const taken = new Set<string>();
  const parameters: ParameterPlan[] = [];
  const plainNames = new Set<string>();
  for (const parameter of given) {
    // The first of a name keeps it; the order is that of the document.
    const argument = plainNames.has(parameter.name)
      ? freeName(`${parameter.name}_${parameter.place}`, taken)
      : parameter.name;
    plainNames.add(parameter.name);
    taken.add(argument);
    properties.push([argument, writeParameterSchema(deps.writer, parameter.value)]);
    if (parameter.required) required.push(argument);
    const { place, name, style, explode, allowReserved } = parameter;
    parameters.push({ argument, place, name, style, explode, allowReserved, required: parameter.required });
  }
  checkPathParameters(operation, parameters);
  // A body is not defined for these, and intermediaries drop it.
  const body = ['get', 'head'].includes(operation.method)
    ? undefined
    : planBody(deps, operation.value.requestBody, taken);
  if (body !== undefined) {
    properties.push(...body.properties);
    required.push(...body.required);
  }
  const defs = deps.writer.defs();
  return {
    parameters,
    body: body?.plan,
    inputSchema: {
      type: 'object',
      properties: Object.fromEntries(properties),
      ...(required.length > 0 ? { required } : {}),
      additionalProperties: false,
      ...(defs === undefined ? {} : { $defs: defs }),
    },
  };
}

export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  for (let count = 2; taken.has(name); count++) name = `${wanted}_${count}`;
  return name;
}

interface FoundParameter extends Omit<ParameterPlan, 'argument'> {
  readonly value: JsonObject;
}

/** Those of the operation win over those of its path. */
function findParameters(deps: PlanInputsDeps, { item, value }: Operation): FoundParameter[] {
  const found = new Map<string, FoundParameter>();
  for (const list of [item.parameters, value.parameters]) {
    for (const each of Array.isArray(list) ? list : []) {
      const parameter = readParameter(deps, deps.references.follow(each));
      if (parameter !== undefined) found.set(`${parameter.place} ${parameter.name}`, parameter);
    }
  }
  if (found.size > MAX_PARAMETERS) throw new UnsupportedError(`it has more than ${MAX_PARAMETERS} parameters`);
  return [...found.values()];
}

/** The document may say anything: what is no text must not be made one. */
function isPlace(value: unknown): value is ParameterPlace {
  return typeof value === 'string' && Object.hasOwn(STYLES, value);
}

/** Undefined: it is not for callers to set. */
function readParameter({ reserved }: PlanInputsDeps, value: JsonObject | undefined): FoundParameter | undefined {
  const { name } = value ?? {};
  const place = value?.in;
  if (value === undefined || typeof name !== 'string' || name === '' || name === '__proto__') return undefined;
  if (!isPlace(place)) return undefined;
  const lower = name.toLowerCase();
  if (place === 'header' && (NEVER_HEADERS.has(lower) || reserved.headers.has(lower))) return undefined;
  if (place === 'header' && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
    throw new UnsupportedError('a header has no valid name');
  if (place === 'query' && reserved.query.has(name)) return undefined;
  if (place === 'cookie' && (reserved.cookies.has(name) || reserved.headers.has('cookie'))) return undefined;
  if (place === 'cookie' && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
    throw new UnsupportedError('a cookie has no valid name');
  const wanted = value.style as ParameterStyle;
  const style = isObject(value.content) ? 'json' : STYLES[place].includes(wanted) ? wanted : DEFAULT_STYLES[place];
  return {
    place,
    name,
    value,
    required: place === 'path' || value.required === true,
    style,
    explode: typeof value.explode === 'boolean' ? value.explode : style === 'form',
    allowReserved: place === 'query' && value.allowReserved === true,
  };
}

function writeParameterSchema(writer: SchemaWriter, parameter: JsonObject): Schema {
  const media = isObject(parameter.content) ? Object.values(parameter.content)[0] : undefined;
  const schema = writer.write(isObject(media) ? media.schema : parameter.schema);
  if (typeof parameter.description === 'string') schema.description = parameter.description.slice(0, 1_000);
  if (parameter.deprecated === true) schema.deprecated = true;
  return schema;
}

function checkPathParameters({ path }: Operation, parameters: readonly ParameterPlan[]): void {
  const known = new Set(parameters.filter(({ place }) => place === 'path').map(({ name }) => name));
  for (const [, name = ''] of path.matchAll(/\{([^{}]*)\}/g))
    if (!known.has(name)) throw new UnsupportedError(`its path has {${name}}, but no parameter of that name`);
}
