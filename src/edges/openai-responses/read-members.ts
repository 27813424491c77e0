/** Reading members of a Responses request: what is there must have its type, what is null is not there. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { ProviderFailure } from '../../contracts/models.ts';
import { isObject } from '../../lib/is-object.ts';

/** Throws GatewayError `invalid_params` that names the member. */
export function invalid(path: string, expected: string): never {
  throw new GatewayError('invalid_params', `${path} must be ${expected}`, { data: { param: path } });
}

/** Throws ProviderFailure `unsupported`: only a provider that speaks Responses itself can serve this. */
export function onlyThere(path: string): never {
  const text = `${path} needs a provider that speaks the Responses API itself: what it stands for is kept there`;
  throw new ProviderFailure('unsupported', text, { publicText: text });
}

export function readObject(value: unknown, path: string): JsonObject {
  return isObject(value) && !Array.isArray(value) ? (value as JsonObject) : invalid(path, 'an object');
}

export function readList(value: unknown, path: string): readonly unknown[] {
  return Array.isArray(value) ? value : invalid(path, 'an array');
}

export function readText(value: unknown, path: string): string {
  return typeof value === 'string' ? value : invalid(path, 'a string');
}

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;

export function optionalText(value: unknown, path: string): string | undefined {
  return isAbsent(value) ? undefined : readText(value, path);
}

export function optionalNumber(value: unknown, path: string): number | undefined {
  if (isAbsent(value)) return undefined;
  return typeof value === 'number' && Number.isFinite(value) ? value : invalid(path, 'a number');
}

export function optionalFlag(value: unknown, path: string): boolean | undefined {
  if (isAbsent(value)) return undefined;
  return typeof value === 'boolean' ? value : invalid(path, 'true or false');
}

export function optionalObject(value: unknown, path: string): JsonObject | undefined {
  return isAbsent(value) ? undefined : readObject(value, path);
}

export function optionalWord<W extends string>(value: unknown, words: readonly W[], path: string): W | undefined {
  if (isAbsent(value)) return undefined;
  return words.find((word) => word === value) ?? invalid(path, `one of ${words.join(', ')}`);
}

/** The members that no word was found for; those that are null or empty say nothing. */
export function extraOf(value: JsonObject, known?: ReadonlySet<string>): { readonly extra?: JsonObject } {
  const rest = Object.entries(value).filter(
    ([member, each]) => !(known?.has(member) || isAbsent(each) || (Array.isArray(each) && each.length === 0)),
  );
  return rest.length === 0 ? {} : { extra: Object.fromEntries(rest) };
}
