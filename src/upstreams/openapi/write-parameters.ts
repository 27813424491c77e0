/** Parameters on the wire: every style OpenAPI knows, each value encoded so that it arrives as it was given. */

import { ExactNumber } from '../../lib/exact-numbers.ts';
import { isObject } from '../../lib/is-object.ts';
import { ArgumentError } from './document-error.ts';
import type { ParameterPlan } from './plan-inputs.ts';

/** Name and value of one query parameter, form field or cookie, encoded. */
export type Pair = readonly [name: string, value: string];

type Encode = (text: string) => string;

export const encode: Encode = (text) => encodeURIComponent(text.toWellFormed());
const keep: Encode = (text) => text;
/** RFC 3986's reserved characters stand; `#` and `&`, `+`, `=` would end or change what they are part of. */
const encodeReserved: Encode = (text) =>
  encode(text).replaceAll(/%(2F|3A|3F|40|21|24|27|28|29|2A|2C|3B)/gi, (octet) => decodeURIComponent(octet));

/** A value that is no list and no object, as text. */
export function plainText(value: unknown): string {
  return typeof value === 'string' ? value : value instanceof ExactNumber ? value.digits : JSON.stringify(value);
}

const isPlain = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || value instanceof ExactNumber;

function plainOf(value: unknown, where: string): string {
  if (isPlain(value)) return plainText(value);
  throw new ArgumentError(`${where} is nested deeper than its place in the request allows`);
}

function listOf(value: readonly unknown[], where: string, encoder: Encode): string[] {
  return value.map((each) => encoder(plainOf(each, where)));
}

function membersOf(value: object, where: string, encoder: Encode): Pair[] {
  return Object.entries(value).map(([name, each]) => [encoder(name), encoder(plainOf(each, where))]);
}

/** One part of the path. What could be read as a step to another path is refused. */
export function writePathParameter(plan: ParameterPlan, value: unknown): string {
  const text = pathText(plan, value);
  if (text === '') throw new ArgumentError(`"${plan.argument}" must not be empty: it is a part of the address`);
  return text;
}

/** Servers and proxies differ in when they decode: no part of a value may be a dot segment to any of them. */
function checkSteps(argument: string, text: string): void {
  if (text.split(/[/\\]/).some((part) => part === '.' || part === '..'))
    throw new ArgumentError(`"${argument}" must not hold "." or ".." as a step of a path`);
}

function pathText({ argument, name, style, explode }: ParameterPlan, value: unknown): string {
  const safe: Encode = (text) => {
    checkSteps(argument, text);
    return encode(text);
  };
  const own = encode(name);
  if (style === 'json') return safe(JSON.stringify(value));
  if (value === null) throw new ArgumentError(`"${argument}" must not be null: it is a part of the address`);
  const separator = explode ? { label: '.', matrix: ';' }[style as string] : undefined;
  const prefix = style === 'label' ? '.' : style === 'matrix' ? ';' : '';
  if (Array.isArray(value)) {
    const list = listOf(value, argument, safe);
    if (style === 'matrix' && explode) return list.map((each) => `;${own}=${each}`).join('');
    return `${prefix}${style === 'matrix' ? `${own}=` : ''}${list.join(separator ?? ',')}`;
  }
  if (isObject(value) && !isPlain(value)) {
    const members = membersOf(value, argument, safe);
    if (explode) return `${prefix}${members.map((pair) => pair.join('=')).join(separator ?? ',')}`;
    return `${prefix}${style === 'matrix' ? `${own}=` : ''}${members.flat().join(',')}`;
  }
  return `${prefix}${style === 'matrix' ? `${own}=` : ''}${safe(plainText(value))}`;
}

/** Query parameters and cookies. Null and missing members are left out. */
export function writePairs(plan: ParameterPlan, value: unknown): Pair[] {
  const { argument, style, explode } = plan;
  const encoder = plan.allowReserved ? encodeReserved : encode;
  return pairsOf({ name: plan.name, argument, style, explode, encoder }, value);
}

interface PairStyle {
  readonly name: string;
  readonly argument: string;
  readonly style: string;
  readonly explode: boolean;
  readonly encoder: Encode;
}

export function pairsOf({ name, argument, style, explode, encoder }: PairStyle, value: unknown): Pair[] {
  const own = encode(name);
  if (style === 'json') return [[own, encoder(JSON.stringify(value))]];
  if (value === null) return [];
  const separator = { spaceDelimited: '%20', pipeDelimited: '%7C' }[style] ?? ',';
  if (Array.isArray(value)) {
    if (style === 'deepObject') return deepPairs(own, value, encoder);
    const list = listOf(value, argument, encoder);
    return explode ? list.map((each) => [own, each]) : list.length > 0 ? [[own, list.join(separator)]] : [];
  }
  if (isObject(value) && !isPlain(value)) {
    if (style === 'deepObject') return deepPairs(own, value, encoder);
    const members = membersOf(value, argument, encoder);
    return explode ? members : members.length > 0 ? [[own, members.flat().join(separator)]] : [];
  }
  return [[own, encoder(plainText(value))]];
}

/** `name[member]=value`; deeper than OpenAPI says, the brackets go on, as PHP, Rails and qs read them. */
function deepPairs(name: string, value: object, encoder: Encode): Pair[] {
  return Object.entries(value).flatMap(([key, each]): Pair[] => {
    const inner = `${name}%5B${encode(key)}%5D`;
    if (each === null) return [];
    return isPlain(each) ? [[inner, encoder(plainText(each))]] : deepPairs(inner, each as object, encoder);
  });
}

/** A header value. Characters no header can hold are refused. */
export function writeHeader({ argument, style, explode }: ParameterPlan, value: unknown): string {
  const text =
    style === 'json'
      ? JSON.stringify(value)
      : Array.isArray(value)
        ? listOf(value, argument, keep).join(',')
        : isObject(value) && !isPlain(value)
          ? explode
            ? membersOf(value, argument, keep)
                .map((pair) => pair.join('='))
                .join(',')
            : membersOf(value, argument, keep).flat().join(',')
          : plainText(value);
  if (/[^\t\x20-\x7e\x80-\xff]/.test(text))
    throw new ArgumentError(`"${argument}" holds a line break or another character that no HTTP header can`);
  return text;
}
