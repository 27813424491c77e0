/**
 * Real answers differ from their documents, and clients refuse a result that does not fit its schema. So the structured
 * part of a result holds what fits; the text beside it holds everything.
 */

import { ExactNumber } from '../../lib/exact-numbers.ts';
import { isObject } from '../../lib/is-object.ts';
import type { Schema } from './write-schema.ts';

/** Deeper or wider answers stay text: more steps than this would hold everybody up. */
const MAX_STEPS = 200_000;
/** Rules within rules; one that only refers to itself would have no end. */
const MAX_DEPTH = 500;

/** `value` without the members that do not fit; undefined if it does not fit as a whole. For schemas written as 'output'. */
export function fitToSchema(value: unknown, schema: Schema): unknown {
  const defs = (schema.$defs ?? {}) as { readonly [name: string]: Schema };
  let left = MAX_STEPS;
  let depth = 0;

  const fit = (at: unknown, rule: Schema): unknown => {
    if (--left < 0 || depth >= MAX_DEPTH) return undefined;
    depth++;
    const fitted = fitReferred(at, rule);
    depth--;
    return fitted;
  };

  const fitReferred = (at: unknown, rule: Schema): unknown => {
    if (typeof rule.$ref !== 'string') return fitPlain(at, rule);
    const target = defs[rule.$ref.slice('#/$defs/'.length)];
    const fitted = target === undefined ? undefined : fit(at, target);
    return fitted === undefined ? undefined : fitPlain(fitted, rule);
  };

  const fitPlain = (at: unknown, rule: Schema): unknown => {
    if (!hasType(at, rule.type)) return undefined;
    if ('const' in rule && !isSame(at, rule.const)) return undefined;
    if (Array.isArray(rule.enum) && !rule.enum.some((each) => isSame(at, each))) return undefined;
    let out = at;
    for (const part of (rule.allOf ?? []) as readonly Schema[]) {
      out = fit(out, part);
      if (out === undefined) return undefined;
    }
    if (Array.isArray(rule.anyOf)) out = fitAny(out, rule.anyOf as readonly Schema[]);
    if (Array.isArray(out) && isObject(rule.items)) out = fitItems(out, rule.items as Schema);
    else if (isObject(out) && !(out instanceof ExactNumber)) out = fitMembers(out, rule);
    return out;
  };

  /** The alternative of which nothing is lost, else the first that fits somehow. */
  const fitAny = (at: unknown, alternatives: readonly Schema[]): unknown => {
    let best: unknown;
    for (const each of alternatives) {
      const fitted = fit(at, each);
      if (fitted === at) return at;
      best ??= fitted;
    }
    return best;
  };

  const fitItems = (list: readonly unknown[], rule: Schema): unknown => {
    const fitted: unknown[] = [];
    for (const each of list) {
      const item = fit(each, rule);
      // A list that lost items would tell another story.
      if (item === undefined) return undefined;
      fitted.push(item);
    }
    return fitted.every((each, at) => each === list[at]) ? list : fitted;
  };

  const fitMembers = (object: { readonly [name: string]: unknown }, rule: Schema): unknown => {
    const properties = (rule.properties ?? {}) as { readonly [name: string]: Schema };
    const others = isObject(rule.additionalProperties) ? (rule.additionalProperties as Schema) : undefined;
    let isWhole = true;
    const kept: [string, unknown][] = [];
    for (const [name, each] of Object.entries(object)) {
      const own = Object.hasOwn(properties, name) ? properties[name] : others;
      const fitted = own === undefined ? each : fit(each, own);
      if (fitted !== each) isWhole = false;
      if (fitted !== undefined) kept.push([name, fitted]);
    }
    return isWhole ? object : Object.fromEntries(kept);
  };

  const fitted = fit(value, schema);
  return left < 0 ? undefined : fitted;
}

function hasType(value: unknown, type: unknown): boolean {
  if (type === undefined) return true;
  if (Array.isArray(type)) return type.some((each) => hasType(value, each));
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value) && !(value instanceof ExactNumber);
    case 'integer':
      return value instanceof ExactNumber || Number.isInteger(value);
    case 'number':
      return value instanceof ExactNumber || typeof value === 'number';
    default:
      return typeof value === type;
  }
}

function isSame(value: unknown, wanted: unknown): boolean {
  return value === wanted || (typeof wanted === 'object' && JSON.stringify(value) === JSON.stringify(wanted));
}
