/** Secrets inside bodies of stored objects: sealed where they lie, hidden where they are shown, opened where they are used. */

import type { ConfigKind } from '../../../contracts/config-objects.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import type { RecordSealer, RewrappingSealer, Sealer } from '../../../contracts/sealing.ts';
import { isObject } from '../../../lib/is-object.ts';
import { PLACES } from './places.ts';

/** How a secret lies in the store. */
interface SealedSecret {
  readonly sealed: string;
}

/** A secret cannot be opened: sealed with another key, or for another object. */
export class UnreadableSecret extends Error {
  override readonly name = 'UnreadableSecret';
}

const boundTo = (kind: ConfigKind, name: string, path: string): string => `config ${kind} ${name} ${path}`;

/** `visit` gets each secret member that is there; what it returns takes its place. */
export function mapSecrets(
  kind: ConfigKind,
  body: JsonObject,
  visit: (value: unknown, path: string) => unknown,
): JsonObject {
  const patterns = PLACES[kind].secrets.map((path) => path.split('.'));
  const map = (value: unknown, path: readonly string[], rest: readonly (readonly string[])[]): unknown => {
    if (rest.some(({ length }) => length === 0)) return visit(value, path.join('.'));
    const enter = (name: string, inner: unknown): unknown =>
      map(
        inner,
        [...path, name],
        rest.filter(([head]) => head === '*' || head === name).map((each) => each.slice(1)),
      );
    if (rest.length === 0) return value;
    if (Array.isArray(value)) return value.map((each, i) => enter(String(i), each));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, enter(name, each)]));
  };
  return map(body, [], patterns) as JsonObject;
}

const isSealed = (value: unknown): value is SealedSecret => isObject(value) && typeof value.sealed === 'string';
const isHidden = (value: unknown): boolean => isObject(value) && value.hidden === true;
/** A text that only refers to a secret may be read by everybody. */
export const isReference = (value: unknown): boolean => typeof value === 'string' && /^\$\{[^{}]*\}$/.test(value);
const saysNothing = (value: unknown): boolean => value === null || value === '';

/** As it may be shown. */
export function hideSecrets(kind: ConfigKind, body: JsonObject): JsonObject {
  return mapSecrets(kind, body, (value) => (isReference(value) || saysNothing(value) ? value : { hidden: true }));
}

/** As the file would have it: in clear, as it was written. Throws UnreadableSecret. */
export function openSecrets(sealer: Sealer, kind: ConfigKind, name: string, body: JsonObject): JsonObject {
  return mapSecrets(kind, body, (value, path) => {
    if (!isSealed(value)) return value;
    const plain = sealer.open(value.sealed, boundTo(kind, name, path));
    if (plain === undefined) throw new UnreadableSecret(path);
    return plain;
  });
}

/**
 * As it is stored: secrets sealed as they are written, but for mere references; hidden ones as they were in `before`. Undefined members of `before`: a hidden secret
 * that was never there is reported by its path; so is one that may not be stored, which the body then lacks.
 */
export function sealSecrets(
  sealer: RecordSealer,
  kind: ConfigKind,
  name: string,
  body: JsonObject,
  before: JsonObject | undefined,
): { readonly body: JsonObject; readonly missing: readonly string[]; readonly refused: readonly string[] } {
  const known = new Map<string, unknown>();
  if (before !== undefined)
    mapSecrets(kind, before, (value, path) => {
      known.set(path, value);
      return value;
    });
  const missing: string[] = [];
  const refused: string[] = [];
  const sealed = mapSecrets(kind, body, (value, path) => {
    if (isHidden(value)) {
      if (!known.has(path)) missing.push(path);
      return known.get(path) ?? value;
    }
    if (typeof value !== 'string' || isReference(value) || saysNothing(value)) return value;
    if (sealer.refusal() !== undefined) {
      refused.push(path);
      return { hidden: true };
    }
    return { sealed: sealer.seal(value, boundTo(kind, name, path)) };
  });
  return { body: sealed, missing, refused };
}

/** The same under the newest key. `rewrapped` and `current` count secrets; `unknown`: paths of those no known key opens. */
export function rewrapSecrets(
  sealer: RewrappingSealer,
  kind: ConfigKind,
  name: string,
  body: JsonObject,
): {
  readonly body: JsonObject;
  readonly rewrapped: number;
  readonly current: number;
  readonly unknown: readonly string[];
} {
  const counts = { rewrapped: 0, current: 0 };
  const unknown: string[] = [];
  const changed = mapSecrets(kind, body, (value, path) => {
    if (!isSealed(value)) return value;
    const done = sealer.rewrap(value.sealed, boundTo(kind, name, path));
    if (done.type === 'unknown') unknown.push(path);
    else counts[done.type]++;
    return done.type === 'rewrapped' ? { sealed: done.sealed } : value;
  });
  return { body: changed, ...counts, unknown };
}
